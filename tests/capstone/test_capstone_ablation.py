"""Leaving tricks out: every option is one that `fit` knows, and the table says what was measured."""

import json

import pytest

from scalable_ai.capstone.ablation import WITHOUT, Ablation, _cells, ablate
from scalable_ai.capstone.fit import CapstoneCLI


@pytest.mark.parametrize("name", WITHOUT)
def test_every_trick_can_be_left_out(name, tmp_path):
    """The options parse and change what they say."""
    base = CapstoneCLI(["--config", "cpu94", "--trainer.default_root_dir", str(tmp_path)])
    without = CapstoneCLI(["--config", "cpu94", "--trainer.default_root_dir", str(tmp_path), *WITHOUT[name]])
    settings = [
        (dict(cli.model.hparams), dict(cli.datamodule.hparams), cli.trainer.precision) for cli in (base, without)
    ]
    # The precision is float32 already on machines without bfloat16.
    assert (settings[0] == settings[1]) == (not WITHOUT[name]) or name == "mixed precision"


def test_gaps_are_in_points_and_times_in_ratios():
    whole, other = Ablation("nothing left out", 0.9, 0.91, 200), Ablation("whitening", 0.88, 0.905, 300)
    assert _cells(whole, whole) == ("nothing left out", "90.00%", "91.00%", "200 s (1.00 ×)")
    assert _cells(other, whole) == ("whitening", "88.00% (-2.00)", "90.50% (-0.50)", "300 s (1.50 ×)")


def test_a_table_is_written(tiny, tmp_path):
    rows = ablate([*tiny, "--trainer.max_epochs", "1"], only="whitened", runs=tmp_path)
    assert [row.without for row in rows] == ["nothing left out", "whitened first layer"]
    assert [row["seconds"] for row in json.loads((tmp_path / "ablation.json").read_text())] == [r.seconds for r in rows]
    text = (tmp_path / "ablation.md").read_text()
    assert f"| whitened first layer | {rows[1].accuracy:.2%} (" in text
    assert all(0 <= row.accuracy <= 1 and 0 <= row.accuracy_tta <= 1 and row.seconds > 0 for row in rows)
