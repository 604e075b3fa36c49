"""Several machines: torchrun over two network namespaces by the Kubernetes manifest, Slurm by its script."""

import json
import os
import shutil
import socket
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import torch
import yaml

from scalable_ai.capstone import fit, read_evidence

DEPLOY = Path(__file__).parents[2] / "deploy"
EXACT = ["--trainer.precision", "64-true", "--evidence", "true", "--trainer.max_epochs", "1"]

WITNESS = '''
import os
import pytorch_lightning as pl
import torch

class Witness(pl.Callback):
    """Keep the final weights of every process, not only those of the first."""
    def on_train_end(self, trainer, pl_module):
        torch.save(pl_module.state_dict(), os.path.join(os.environ["WITNESS"], f"{trainer.global_rank}.pt"))
'''


@pytest.fixture(scope="module")
def witness(tmp_path_factory):
    """Return an environment and options with which every process leaves its weights in `WITNESS`."""
    folder = tmp_path_factory.mktemp("witness")
    (folder / "witness.py").write_text(WITNESS)
    path = os.pathsep.join([str(folder), str(DEPLOY.parent)])
    environment = {
        name: value for name, value in os.environ.items() if not name.startswith(("SLURM_", "PET_", "SCALABLE_AI_"))
    }
    environment |= {"PYTHONPATH": path, "OMP_NUM_THREADS": "1"}
    environment["PATH"] = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    return environment, ["--trainer.callbacks+=witness.Witness"]


@pytest.fixture(scope="module")
def alone(tiny, tmp_path_factory):
    """Return the weights of the same run in one process."""
    folder = tmp_path_factory.mktemp("alone")
    return torch.load(
        fit([*tiny, *EXACT, "--trainer.default_root_dir", str(folder), "--name", "run"]).checkpoint, weights_only=True
    )["state_dict"]


def check_shared_run(run, weights, alone):
    """Hold a run of two processes to what the capstone promises."""
    records = read_evidence(run)
    assert [(record["rank"], record["world_size"]) for record in records] == [(0, 2), (1, 2)]
    assert [record["lines"] for record in records] == [1, 0]
    first, second = ({place for step in record["steps"] for place in step} for record in records)
    assert not first & second
    assert len(first | second) == records[0]["num_images"]
    assert records[0]["gradients"] == records[1]["gradients"]
    for name, expected in alone.items():
        assert torch.equal(weights[0][name], weights[1][name]), name
        assert (weights[0][name].double() - expected.double()).abs().max() < 1e-6, name


def manifests():
    return list(yaml.safe_load_all((DEPLOY / "kubernetes" / "fit.yaml").read_text()))


def container():
    return manifests()[1]["spec"]["template"]["spec"]["containers"][0]


# Kubernetes


def test_the_manifests_hold_to_their_schemas():
    validate = pytest.importorskip("kubernetes_validate").validate
    for manifest in manifests():
        validate(manifest, "1.31", strict=True)


def test_the_manifests_fit_together_and_ask_for_no_privilege():
    service, job = manifests()
    pod, environment = job["spec"]["template"]["spec"], {e["name"]: e.get("value") for e in container()["env"]}
    assert service["spec"]["clusterIP"] == "None"
    assert service["spec"]["selector"].items() <= job["spec"]["template"]["metadata"]["labels"].items()
    assert pod["subdomain"] == service["metadata"]["name"]
    assert environment["MASTER_ADDR"] == f"{job['metadata']['name']}-0.{service['metadata']['name']}"
    assert int(environment["MASTER_PORT"]) == service["spec"]["ports"][0]["port"]
    assert job["spec"]["completionMode"] == "Indexed"
    assert job["spec"]["completions"] == job["spec"]["parallelism"] == int(environment["NNODES"])
    assert container()["resources"]["limits"]["nvidia.com/gpu"] == environment["NPROC_PER_NODE"]
    assert pod["securityContext"]["runAsNonRoot"]
    assert container()["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }
    mounts = {mount["name"]: mount["mountPath"] for mount in container()["volumeMounts"]}
    memory = next(volume for volume in pod["volumes"] if volume["name"] == "shared-memory")
    assert (mounts["shared-memory"], memory["emptyDir"]["medium"]) == ("/dev/shm", "Memory")
    assert not {"hostNetwork", "hostPID", "hostIPC"} & pod.keys()
    assert not any("hostPath" in volume for volume in pod["volumes"])


ADDRESSES = ("10.213.7.1", "10.213.7.2")


@pytest.fixture(scope="module")
def namespaces():
    """Make two network namespaces that a cable joins: two machines, as far as the network goes."""
    if not shutil.which("ip"):
        pytest.skip("there is no `ip` command to make network namespaces with")
    names = [f"scalable-{os.getpid()}-{number}" for number in (0, 1)]

    def ip(*words):
        return subprocess.run(["ip", *words], capture_output=True, text=True, check=True)

    try:
        for name in names:
            ip("netns", "add", name)
        ip("link", "add", "eth0", "netns", names[0], "type", "veth", "peer", "name", "eth0", "netns", names[1])
        for name, address in zip(names, ADDRESSES, strict=True):
            ip("-n", name, "address", "add", f"{address}/24", "dev", "eth0")
            for device in ("eth0", "lo"):
                ip("-n", name, "link", "set", device, "up")
        ip("netns", "exec", names[0], "true")
    except subprocess.CalledProcessError as error:
        pytest.skip(f"network namespaces cannot be made here: {error.stderr.strip()}")
    else:
        yield names
    finally:
        for name in names:
            subprocess.run(["ip", "netns", "delete", name], capture_output=True, check=False)


@pytest.fixture(scope="module")
def two_machines(namespaces, tiny, witness, tmp_path_factory):
    """Run the manifest's own command on two machines, one process each, and return its folder and outputs."""
    folder, (environment, options) = tmp_path_factory.mktemp("machines"), witness
    given = {entry["name"]: entry.get("value") for entry in container()["env"]}
    given |= {"NPROC_PER_NODE": "1", "MASTER_ADDR": ADDRESSES[0], "STORAGE": str(folder), "WITNESS": str(folder)}
    given |= {"OMP_NUM_THREADS": "1", "HOME": str(folder)}
    del given["SCALABLE_AI_DATASETS"]

    def node(rank):
        return subprocess.run(
            ["ip", "netns", "exec", namespaces[rank], *container()["command"], *tiny, *EXACT, *options],
            env=environment | given | {"NODE_RANK": str(rank)},
            cwd=folder,
            capture_output=True,
            text=True,
            check=False,
            timeout=300,
        )

    with ThreadPoolExecutor(2) as pool:
        done = list(pool.map(node, (0, 1)))
    assert [node.returncode for node in done] == [0, 0], done[0].stderr[-3000:] + done[1].stderr[-3000:]
    return folder, done


def test_two_machines_train_as_one_process_does(two_machines, alone):
    folder, _ = two_machines
    weights = [torch.load(folder / f"{rank}.pt", weights_only=True) for rank in (0, 1)]
    check_shared_run(folder / "runs" / "fit", weights, alone)


def test_only_the_first_machine_speaks(two_machines):
    _, (first, second) = two_machines
    assert "2 processes" in first.stdout
    assert first.stdout.count("Accuracy") == 1
    assert "Accuracy" not in second.stdout


# Slurm

SRUN = """#!/usr/bin/env bash
# Stands in for Slurm's own: two tasks on this machine.
set -u
[[ $1 = --kill-on-bad-exit=1 ]] && shift
for task in 0 1; do
    SLURM_PROCID=$task SLURM_LOCALID=$task SLURM_NODEID=0 "$@" & tasks[task]=$!
done
wait "${tasks[0]}" && wait "${tasks[1]}"
"""


@pytest.fixture(scope="module")
def slurm(tiny, witness, tmp_path_factory):
    """Run the script as a job of one machine and two tasks, then once more, as Slurm does after a failure."""
    if not shutil.which("bash"):
        pytest.skip("there is no bash")
    folder, (environment, options) = tmp_path_factory.mktemp("slurm"), witness
    (folder / "srun").write_text(SRUN)
    (folder / "srun").chmod(0o755)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    job = {"SLURM_JOB_ID": "4207", "SLURM_JOB_NAME": "scalable-ai-fit", "SLURM_SUBMIT_DIR": str(folder)}
    job |= {"SLURM_JOB_NUM_NODES": "1", "SLURM_NNODES": "1", "SLURM_NTASKS": "2", "SLURM_NTASKS_PER_NODE": "2"}
    job |= {"SLURM_NODELIST": "127.0.0.1", "SLURM_CPUS_PER_TASK": "1", "MASTER_PORT": str(port)}
    job |= {"PYTHON": sys.executable, "WITNESS": str(folder), "PATH": f"{folder}{os.pathsep}{environment['PATH']}"}

    def submit(*more):
        done = subprocess.run(
            ["bash", str(DEPLOY / "slurm" / "fit.sbatch"), *tiny, *EXACT, *options, *more],
            env=environment | job,
            capture_output=True,
            text=True,
            check=False,
            timeout=300,
        )
        assert done.returncode == 0, done.stderr[-3000:]
        return done.stdout

    first = submit()
    weights = [torch.load(folder / f"{rank}.pt", weights_only=True) for rank in (0, 1)]
    records = folder / "runs" / "slurm-4207" / "fit"
    shutil.copytree(records, folder / "first")
    return folder, weights, first, submit("--trainer.max_epochs", "2")


def test_the_script_is_well_formed():
    path = DEPLOY / "slurm" / "fit.sbatch"
    assert subprocess.run(["bash", "-n", str(path)], check=False).returncode == 0
    if checker := shutil.which("shellcheck", path=f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"):
        done = subprocess.run([checker, str(path)], capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout


def test_slurms_tasks_train_as_one_process_does(slurm, alone):
    folder, weights, out, _ = slurm
    check_shared_run(folder / "first", weights, alone)
    assert out.count("2 processes") == out.count("Accuracy") == 1


def test_a_requeued_job_goes_on_from_its_checkpoint(slurm):
    folder, _, first, again = slurm
    run = folder / "runs" / "slurm-4207"
    assert "Goes on from" not in first
    assert "Goes on from runs/slurm-4207/fit/checkpoint.ckpt" in again
    assert "epoch  1 of 2" not in again
    assert "epoch  2 of 2" in again
    saved = torch.load(run / "fit" / "checkpoint.ckpt", weights_only=True)
    assert saved["global_step"] == 2 * len(json.loads((folder / "first" / "evidence-0.json").read_text())["gradients"])
    assert [path.name for path in run.iterdir() if path.is_dir()] == ["fit"]
