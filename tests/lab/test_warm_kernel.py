"""Warm kernels of the learner's JupyterLab: ordinary kernels in all but their start."""

from __future__ import annotations

import ast
import asyncio
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest
from jupyter_client import AsyncKernelManager
from jupyter_client.provisioning import KernelProvisionerFactory

if sys.platform != "linux":
    pytest.skip("elsewhere kernels start as usual", allow_module_level=True)

from scalable_ai.grading.warm import WarmProcess
from scalable_ai.lab import forkserver, provisioner
from scalable_ai.lab.provisioner import LabParent, arguments_of, register

ROOT = Path(__file__).parents[2]


class Kernel:
    """A kernel that answers in the test's own words."""

    def __init__(self, manager, client):
        self.manager, self.client = manager, client

    @property
    def is_warm(self):
        return isinstance(self.manager.provisioner.process, WarmProcess)

    async def run(self, code, answer_input=None):
        """Run a cell; return what it printed, what it displayed, and its reply."""
        printed, shown = [], []

        def hear(message):
            content = message["content"]
            if message["msg_type"] == "stream":
                printed.append(content["text"])
            elif message["msg_type"] in {"display_data", "execute_result"}:
                shown.append(content["data"])

        def answer(message):
            self.client.input(answer_input)

        reply = await self.client.execute_interactive(
            code, timeout=60, output_hook=hear, stdin_hook=answer, allow_stdin=answer_input is not None
        )
        return "".join(printed), shown, reply["content"]

    async def value(self, expression):
        printed, _, reply = await self.run(f"print(repr({expression}))")
        assert reply["status"] == "ok", reply
        return ast.literal_eval(printed)


@pytest.fixture(scope="module")
def loop():
    loop = asyncio.new_event_loop()
    yield loop
    loop.close()


async def started(cwd):
    manager = AsyncKernelManager(kernel_name="python3")
    await manager.start_kernel(cwd=str(cwd), env={**os.environ, "MARK": "mine"})
    client = manager.client()
    client.start_channels()
    await client.wait_for_ready(timeout=60)
    return Kernel(manager, client)


@pytest.fixture(scope="module")
def parent():
    """Return a parent that imports little, so that it is ready soon."""
    patch = pytest.MonkeyPatch()
    patch.setenv("PYTHONPATH", str(ROOT))
    patch.setattr(LabParent, "module", "tests.lab.small_parent")
    patch.setattr(provisioner, "lab_parent", parent := LabParent())
    patch.setattr(KernelProvisionerFactory.instance(), "default_provisioner_name", register())
    yield parent
    parent.stop()
    patch.undo()


@pytest.fixture(scope="module")
def kernel(loop, parent, tmp_path_factory):
    kernel = loop.run_until_complete(started(tmp_path_factory.mktemp("work")))
    yield kernel
    kernel.client.stop_channels()
    loop.run_until_complete(kernel.manager.shutdown_kernel(now=True))


def test_it_is_a_fork_of_the_parent_in_the_notebooks_folder_with_its_environment(loop, kernel, parent):
    assert kernel.is_warm
    code = "[__import__('os').getppid(), __import__('os').environ['MARK'], __import__('os').getcwd()]"
    parents, mark, folder = loop.run_until_complete(kernel.value(code))
    assert parents == parent._process.pid
    assert mark == "mine"
    assert "work" in folder


def test_it_may_use_the_network_and_every_processor(loop, kernel):
    with socket.create_server(("127.0.0.1", 0)) as server:
        address = server.getsockname()
        code = f"__import__('socket').create_connection({address!r}, timeout=5).getpeername()[1]"
        assert loop.run_until_complete(kernel.value(code)) == address[1]
    cores = loop.run_until_complete(kernel.value("len(__import__('os').sched_getaffinity(0))"))
    assert cores == len(os.sched_getaffinity(0))


def test_it_computes_with_as_many_threads_as_a_cold_one(loop, kernel):
    code = "import torch, numpy, threadpoolctl\n"
    code += (
        "(torch.rand(300, 300) @ torch.rand(300, 300)).sum(); (numpy.ones((300, 300)) @ numpy.ones((300, 300))).sum()\n"
    )
    code += "print([torch.get_num_threads()] + [one['num_threads'] for one in threadpoolctl.threadpool_info()])"
    warm, _, reply = loop.run_until_complete(kernel.run(code))
    assert reply["status"] == "ok"
    cold = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert warm == cold


def test_a_figure_is_shown_below_its_cell(loop, kernel):
    code = "import matplotlib.pyplot as plt\nplt.plot([1, 2]);"
    _, shown, reply = loop.run_until_complete(kernel.run(code))
    assert reply["status"] == "ok", reply
    assert "image/png" in shown[-1]


def test_it_asks_for_input(loop, kernel):
    printed, _, _ = loop.run_until_complete(kernel.run("print(input('name? ')[::-1])", answer_input="ada"))
    assert printed.strip() == "ada"


def test_it_is_interrupted_and_goes_on(loop, kernel):
    async def interrupted():
        running = asyncio.ensure_future(kernel.run("print('begun', flush=True)\nimport time\ntime.sleep(60)"))
        await asyncio.sleep(0.5)
        await kernel.manager.interrupt_kernel()
        return (await running)[2]

    reply = loop.run_until_complete(interrupted())
    assert reply["ename"] == "KeyboardInterrupt"
    assert loop.run_until_complete(kernel.value("1 + 1")) == 2


def test_it_keeps_its_debugger_and_its_widgets(loop, kernel):
    async def features():
        asked = kernel.client.kernel_info()
        while (reply := await kernel.client.get_shell_msg(timeout=20))["parent_header"]["msg_id"] != asked:
            pass
        return reply["content"].get("supported_features", [])

    assert "debugger" in loop.run_until_complete(features())
    code = "from IPython import get_ipython; assert get_ipython().kernel.comm_manager is not None"
    assert loop.run_until_complete(kernel.run(code))[2]["status"] == "ok"


def test_output_of_programs_that_a_cell_starts_is_shown(loop, kernel):
    printed, _, _ = loop.run_until_complete(kernel.run("!echo from a program"))
    assert "from a program" in printed


def test_an_open_blank_is_named_before_anything_is_imported(loop, kernel):
    reply = loop.run_until_complete(kernel.run("total = 2 + ____"))[2]
    assert reply["traceback"][0].startswith("Still open: the blank in line 1: `total = 2 + ____`")


def test_two_kernels_draw_different_numbers(loop, kernel, tmp_path):
    code = "(__import__('numpy').random.rand(), __import__('random').random())"
    other = loop.run_until_complete(started(tmp_path))
    try:
        first, second = (loop.run_until_complete(one.value(code)) for one in (kernel, other))
        assert len({*first, *second}) == 4
    finally:
        other.client.stop_channels()
        loop.run_until_complete(other.manager.shutdown_kernel(now=True))


def test_a_restart_is_a_fork_again_without_the_last_ones_names(loop, kernel):
    loop.run_until_complete(kernel.run("left = 1"))
    before = kernel.manager.provisioner.pid
    loop.run_until_complete(kernel.manager.restart_kernel())
    loop.run_until_complete(kernel.client.wait_for_ready(timeout=60))
    assert kernel.is_warm
    assert kernel.manager.provisioner.pid != before
    assert loop.run_until_complete(kernel.value("'left' in globals()")) is False


def test_without_a_parent_the_kernel_starts_from_cold(loop, parent, tmp_path, monkeypatch):
    failing = LabParent()
    failing._failed = True
    monkeypatch.setattr(provisioner, "lab_parent", failing)
    cold = loop.run_until_complete(started(tmp_path))
    try:
        assert not cold.is_warm
        assert loop.run_until_complete(cold.value("1 + 1")) == 2
    finally:
        cold.client.stop_channels()
        loop.run_until_complete(cold.manager.shutdown_kernel(now=True))


def test_the_parent_and_its_kernels_end_with_the_process_that_started_it():
    program = (
        "import os, time\n"
        "from scalable_ai.lab.provisioner import LabParent\n"
        "LabParent.module = 'tests.lab.small_parent'\n"
        "parent = LabParent()\n"
        "parent.start()\n"
        "print(parent._process.pid, flush=True)\n"
        "time.sleep(60)\n"
    )
    env = {**os.environ, "PYTHONPATH": str(ROOT)}
    owner = subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True, env=env)
    pid = int(owner.stdout.readline())
    owner.send_signal(signal.SIGKILL)
    owner.wait()
    owner.stdout.close()
    for _ in range(200):
        if not psutil.pid_exists(pid) or psutil.Process(pid).status() == psutil.STATUS_ZOMBIE:
            break
        time.sleep(0.05)
    else:
        pytest.fail("the parent outlived its owner")


@pytest.mark.parametrize(
    "cmd",
    [
        ["/usr/bin/python3", "-m", "ipykernel_launcher", "-f", "x"],
        [sys.executable, "-m", "bash_kernel", "-f", "x"],
        [sys.executable, "ipykernel_launcher", "-f", "x"],
    ],
)
def test_other_kernels_are_left_alone(cmd):
    assert arguments_of(cmd) is None


def test_the_kernel_of_this_installation_is_known_by_its_command(monkeypatch):
    cmd = [sys.executable, "-Xfrozen_modules=off", "-m", "ipykernel_launcher", "-f", "x"]
    assert arguments_of(cmd) == ["-f", "x"]
    monkeypatch.setattr(sys, "platform", "darwin")
    assert arguments_of(cmd) is None


def test_a_driver_that_was_spoken_to_makes_no_warm_kernels(monkeypatch):
    class Driver:
        def __init__(self, status):
            self.cuDeviceGetCount = lambda count: status

    for status, untouched in ((forkserver.CUDA_NOT_INITIALIZED, True), (0, False), (100, False)):
        monkeypatch.setattr(forkserver.ctypes, "CDLL", lambda name, status=status: Driver(status))
        assert forkserver.is_cuda_untouched() is untouched
    monkeypatch.undo()
    assert forkserver.is_cuda_untouched("no-such-library.so")
