"""Two processes train as one does: same weights, disjoint shards, same augmentation, one of them writes."""

import json
import os
import subprocess
import sys

import pytest
import torch

PROGRAM = '''
import hashlib, json, os, sys
import pytorch_lightning as pl
import torch
torch.set_num_threads(1)
from scalable_ai.capstone import fit

class Record(pl.Callback):
    """Write down which images this process was given, by the hash of their pixels."""
    seen = []
    def on_train_batch_end(self, trainer, module, outputs, batch, batch_idx):
        self.seen.append([hashlib.sha1(image.numpy().tobytes()).hexdigest() for image in batch[0]])
    def on_train_end(self, trainer, module):
        gradients = sum(p.detach().double().abs().sum().item() for p in module.parameters())
        with open(os.path.join(os.environ["RECORD"], f"{trainer.global_rank}.json"), "w") as file:
            json.dump({"seen": self.seen, "sum": gradients}, file)

fit(sys.argv[1:], [Record()])
'''


def run(folder, tiny, *more):
    folder.mkdir()
    program = folder / "program.py"
    program.write_text(PROGRAM)
    argv = [*tiny, "--trainer.default_root_dir", str(folder), "--name", "run", "--trainer.precision", "64-true", *more]
    done = subprocess.run(
        [sys.executable, str(program), *argv],
        env=os.environ | {"RECORD": str(folder), "OMP_NUM_THREADS": "1"},
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    records = [json.loads(path.read_text()) for path in sorted(folder.glob("?.json"))]
    weights = torch.load(folder / "run" / "checkpoint.ckpt", weights_only=True)["state_dict"]
    return weights, records, done.stdout


@pytest.fixture(scope="module")
def both(tiny, tmp_path_factory):
    folder = tmp_path_factory.mktemp("ddp")
    # A step in two portions, as on a CPU by default: gradients are sent once a step.
    portions = ["--data.batch_size", "48", "--data.portion", "24"]
    one = run(folder / "one", tiny, *portions)
    two = run(folder / "two", tiny, *portions, "--trainer.devices", "2", "--trainer.strategy", "ddp")
    return one, two


def test_the_final_weights_agree(both):
    """Rounding alone would part the two by 1e-2 after twenty steps in float32, so the comparison runs in float64."""
    (one, *_), (two, *_) = both
    assert one.keys() == two.keys()
    gaps = {name: (two[name].double() - expected.double()).abs().max().item() for name, expected in one.items()}
    assert max(gaps.values()) < 1e-6, max(gaps, key=gaps.get)


def test_shards_are_disjoint_and_make_up_the_same_augmented_batches(both):
    (_, (alone,), _), (_, shared, _) = both
    assert len(shared) == 2
    assert len(alone["seen"]) == len(shared[0]["seen"]) == len(shared[1]["seen"]) == 2 * (500 // 24)
    for whole, first, second in zip(alone["seen"], shared[0]["seen"], shared[1]["seen"], strict=True):
        assert len(first) == len(second) == 12
        assert not set(first) & set(second)
        assert sorted(first + second) == sorted(whole)


def test_both_processes_end_with_the_same_weights(both):
    _, (_, shared, _) = both
    assert shared[0]["sum"] == shared[1]["sum"]


def test_one_process_speaks_and_one_run_folder_is_made(both):
    _, (_, _, out) = both
    assert out.count("Accuracy") == 1
    assert out.count("epoch  1 of 2") == 1
    assert out.count("stand-in for CIFAR-10") == 1
    assert "2 processes" in out
