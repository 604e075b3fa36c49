"""Boxed kernels as a grader uses them: over local sockets, warm and cold, interrupted, ended, and shared."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest
from jupyter_core.utils import run_sync

from scalable_ai.grading import warm
from scalable_ai.grading.sandbox import DOES_NOT_HOLD, NAMESPACES, NONE, Box, Limits, SandboxError, level, levels
from scalable_ai.grading.sandbox.environment import of_box
from scalable_ai.grading.warm import VARIABLE, WarmParent, WarmProcess, warm_parent
from tests.grading.conftest import ROOT
from tests.grading.test_kernel import warm_kernel as kernel

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="boxes are Linux's")
needs_a_box = pytest.mark.skipif(sys.platform == "linux" and level() == NONE, reason="this machine has no sandbox")


def shown(client, code, timeout=90):
    """Run a cell and return its texts, its mime types and its error."""
    sent = client.execute(code, allow_stdin=False)
    out = []
    while True:
        message = run_sync(client.get_iopub_msg)(timeout=timeout)
        if message["parent_header"].get("msg_id") != sent:
            continue
        kind, content = message["msg_type"], message["content"]
        if kind == "stream":
            out.append(content["text"])
        elif kind == "error":
            out.append(f"{content['ename']}: {content['evalue']}")
        elif kind in {"display_data", "execute_result"}:
            out += list(content["data"])
        elif kind == "status" and content["execution_state"] == "idle":
            run_sync(client.get_shell_msg)(timeout=timeout)
            return "".join(out)


@pytest.fixture
def box(tmp_path):
    return Box(tmp_path)


LESSON = {
    "%matplotlib inline\nimport matplotlib.pyplot as plt\nplt.plot([1, 2]); plt.show()": "image/png",
    "input('?')": "StdinNotImplementedError",
    "!echo from a shell": "from a shell",
    "import os; os.system('echo to a file descriptor')": "to a file descriptor",
    "import subprocess; print(subprocess.run(['python', '-c', 'print(6 * 7)'], capture_output=True).stdout)": "42",
    """
import torch
from torch.utils.data import DataLoader, TensorDataset
data = TensorDataset(torch.arange(64.0).reshape(-1, 1))
print(sum(batch[0].sum().item() for batch in DataLoader(data, batch_size=8, num_workers=2)))
""": "2016.0",
    """
import torch.multiprocessing as mp
def add(queue, done):
    queue.put(torch.ones(1000)); done.wait()
context = mp.get_context("fork"); queue, done = context.Queue(), context.Event()
process = context.Process(target=add, args=(queue, done)); process.start()
print(queue.get(timeout=60).sum().item()); done.set(); process.join()
""": "1000.0",
    """
import os, time
if os.fork() == 0:
    if os.fork():
        os._exit(0)
    time.sleep(0.2)
    os._exit(0)
os.wait(); time.sleep(0.6)
print("an orphan has ended")
""": "an orphan has ended",
    "torch.zeros(6 * 2**30)": "RuntimeError",
    "print('still here')": "still here",
}
DDP = """
import os, torch, torch.distributed as dist, torch.multiprocessing as mp
def train(rank):
    os.environ.update(MASTER_ADDR="127.0.0.1", MASTER_PORT="29500")
    dist.init_process_group("gloo", rank=rank, world_size=2)
    total = torch.tensor([1.0 + rank])
    dist.all_reduce(total)
    model = torch.nn.parallel.DistributedDataParallel(torch.nn.Linear(2, 1))
    model(torch.ones(1, 2)).sum().backward()
    open(f"total{rank}", "w").write(str(total.item()))
mp.start_processes(train, nprocs=2, start_method="fork")
print([open(f"total{rank}").read() for rank in range(2)])
"""


@needs_a_box
def test_a_lesson_runs_in_a_box(box):
    with kernel(box=box, cwd=str(box.folder)) as (manager, client):
        runtime = Path(manager.connection_file).parent
        assert manager.transport == "ipc"
        assert isinstance(manager.provisioner.process, WarmProcess)
        for code, expected in LESSON.items():
            assert expected in shown(client, code)
        trained = shown(client, DDP)
        assert ("['3.0', '3.0']" if "loopback" not in DOES_NOT_HOLD[level()] else "rror") in trained
        assert runtime.is_dir()
        assert runtime.stat().st_mode & 0o077 == 0
    assert not runtime.exists()


@needs_a_box
def test_a_boxed_kernel_is_interrupted_and_goes_on(box):
    with kernel(box=box) as (manager, client):
        for code in ("while True: pass", "import time; time.sleep(1000)"):
            sent = client.execute(f"print('started', flush=True)\n{code}", stop_on_error=False)
            while run_sync(client.get_iopub_msg)(timeout=60)["msg_type"] != "stream":
                pass
            run_sync(manager.interrupt_kernel)()
            reply = run_sync(client.get_shell_msg)(timeout=60)
            assert reply["parent_header"]["msg_id"] == sent
            assert reply["content"]["ename"] == "KeyboardInterrupt"
        assert shown(client, "print(6 * 7)") == "42\n"


@needs_a_box
@pytest.mark.parametrize(
    ("code", "status", "reason"),
    [
        ("import os; os._exit(7)", 7, ""),
        ("import os; os.kill(os.getpid(), 9)", -signal.SIGKILL, ""),
        ("import ctypes; ctypes.string_at(0)", -signal.SIGSEGV, ""),
        ("for n in range(300): open(str(n), 'w')\nimport time; time.sleep(99)", -9, "it made more than 100 files"),
    ],
)
def test_the_end_of_a_boxed_kernel_says_why(tmp_path, code, status, reason):
    with kernel(box=Box(tmp_path, limits=Limits(files=100))) as (manager, client):
        provisioner, process = manager.provisioner, manager.provisioner.process
        client.execute(code)
        assert process.wait(60) == status
        assert process.reason == provisioner.reason == reason


@needs_a_box
def test_a_cold_kernel_is_boxed_too(tmp_path, monkeypatch):
    def refuse(*args):
        raise OSError("none today")

    monkeypatch.setattr(warm_parent, "fork", refuse)
    (tmp_path / "work").mkdir()
    (tmp_path / "secret").write_text("the key")
    with kernel(box=Box(tmp_path / "work", limits=Limits(files=100))) as (manager, client):
        assert not isinstance(manager.provisioner.process, WarmProcess)
        assert "Error" in shown(client, f"open({str(tmp_path / 'secret')!r}).read()")
        assert "CapEff:\t0000000000000000" in shown(client, "print(open('/proc/self/status').read())")
        sent = client.execute("while True: pass", stop_on_error=False)
        time.sleep(0.5)
        run_sync(manager.interrupt_kernel)()
        assert run_sync(client.get_shell_msg)(timeout=60)["parent_header"]["msg_id"] == sent
        client.execute("for n in range(300): open(str(n), 'w')\nimport time; time.sleep(99)")
        provisioner = manager.provisioner
        provisioner.process.wait(60)
        assert provisioner.reason == "it made more than 100 files"


def test_without_a_sandbox_hand_ins_are_refused_unless_allowed(tmp_path, monkeypatch):
    monkeypatch.setenv(levels.VARIABLE, NONE)
    parent = WarmParent()
    monkeypatch.setattr("scalable_ai.grading.provisioner.warm_parent", parent)
    monkeypatch.setattr("scalable_ai.grading.sandbox.environment.KEPT", warm.KEPT)
    try:
        with pytest.raises(SandboxError, match="--allow-unsandboxed") as refused, kernel(box=Box(tmp_path)):
            pass
        assert "c.JudgedExecute.allow_unsandboxed = True" in str(refused.value)
        with kernel(box=Box(tmp_path, allow_unsandboxed=True)) as (_, client):
            assert shown(client, "print(open('/proc/self/status').read().count('NoNewPrivs:\\t0'))") == "1\n"
    finally:
        parent.stop()


SHARER = """
import os, sys
from pathlib import Path
from scalable_ai.grading.sandbox import Box
from scalable_ai.grading.warm import warm_parent
runtime = sys.argv[2]
process = warm_parent.fork(["-f", runtime + "/none.json"], sys.argv[1], dict(os.environ), None, "")
print(process.pid, warm_parent._process, flush=True)
sys.stdin.read()
"""


def test_processes_share_one_parent_and_a_dead_one_loses_its_kernels_only(tmp_path):
    environment = {**os.environ, VARIABLE: warm_parent.address}
    command = [sys.executable, "-c", SHARER, str(tmp_path), str(tmp_path)]
    with kernel() as (_, client):
        sharer = subprocess.Popen(
            command, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, start_new_session=True
        )
        with sharer:
            pid, own = sharer.stdout.readline().split()
            assert own == "None"
            assert psutil.Process(int(pid)).ppid() == psutil.Process(warm_parent._process.pid).pid
            sharer.kill()
        for _ in range(600):
            if not psutil.pid_exists(int(pid)):
                break
            time.sleep(0.05)
        assert not psutil.pid_exists(int(pid))
        assert shown(client, "print(6 * 7)") == "42\n"


def test_a_parent_of_other_packages_is_replaced_and_ends_with_its_last_kernel(monkeypatch, tmp_path):
    monkeypatch.setattr("scalable_ai.grading.warm.IMPORTED_HERE", ())
    monkeypatch.syspath_prepend(str(tmp_path / "own-packages"))
    monkeypatch.setattr(WarmParent, "module", "tests.grading.sandbox.light_parent")
    monkeypatch.setattr(WarmParent, "environment", lambda self: {**os.environ, "PYTHONPATH": str(ROOT)})
    (tmp_path / "own-packages").mkdir()
    parent = WarmParent()
    try:
        parent.start()
        first = parent._process
        parent.start()
        assert parent._process is first
        kept = parent.fork([], str(tmp_path), dict(os.environ))
        (tmp_path / "own-packages" / "new.py").touch()
        parent.start()
        assert parent._process is not first
        assert first.poll() is None
        assert kept.poll() is None
        kept.kill()
        assert first.wait(60) == 0
    finally:
        parent.stop()


def test_a_boxed_environment_has_no_secret(tmp_path):
    given = {"OMP_NUM_THREADS": "1", "JUPYTERHUB_API_TOKEN": "x", "AWS_SECRET_ACCESS_KEY": "x", "HOME": "/root"}
    environment = of_box(given, NAMESPACES, tmp_path)
    assert environment["OMP_NUM_THREADS"] == "1"
    assert "x" not in environment.values()
    assert environment["HOME"] != "/root"
    assert VARIABLE not in of_box({VARIABLE: "/tmp/warm"}, NAMESPACES, tmp_path)


@pytest.mark.parametrize("wanted", levels.LEVELS)
def test_the_environment_leaves_better_levels_out(monkeypatch, wanted):
    monkeypatch.setenv(levels.VARIABLE, wanted)
    assert levels.allowed()[0] == wanted
    assert levels.allowed()[-1] == NONE
    monkeypatch.setenv(levels.VARIABLE, "nonsense")
    assert levels.allowed() == levels.LEVELS
