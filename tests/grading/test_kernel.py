"""Kernels and the judge as processes: what one cell does to its kernel costs that cell, and no judge means no marks."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import nbformat
import psutil
import pytest
from jupyter_core.utils import run_sync

from scalable_ai.grading import provisioner, warm
from scalable_ai.grading.court import Court, court_of
from scalable_ai.grading.preprocessors import FLAGS, JudgedExecute
from scalable_ai.grading.provisioner import WarmKernelManager
from scalable_ai.grading.report import reasons
from scalable_ai.grading.verdict import VERDICT, verdict_of
from scalable_ai.grading.warm import WarmParent, warm_parent
from tests.grading.conftest import CHAPTER, RIGHT, SCALES, TOTALS, answered, copy_of_tiny_course

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="kernels are forked on Linux only")

IDS = {"assignment": CHAPTER, "student": "someone", "db_url": "sqlite://"}


class Graded:
    """A graded notebook."""

    def __init__(self, notebook, resources):
        self.notebook, self.flags = notebook, resources[FLAGS]
        cells = {cell.metadata.get("nbgrader", {}).get("grade_id", cell["id"]): cell for cell in notebook.cells}
        self.cells = cells
        self.verdicts = {
            name.removesuffix("-check"): verdict_of(cell) for name, cell in cells.items() if verdict_of(cell)
        }
        self.scores = {name: verdict.score for name, verdict in self.verdicts.items()}


def grade(course, name, answers, folder=None, time_limit=60, timeout=2, extra=()):
    """Run and judge a hand-in in this process."""
    notebook = answered(course, name, answers)
    for text in extra:
        notebook.cells.append(nbformat.v4.new_code_cell(text))
    folder = folder or Path.cwd()
    resources = {"nbgrader": {**IDS, "notebook": name}, "metadata": {"path": str(folder)}}
    with contextlib.chdir(course.root):
        executed = JudgedExecute(timeout=timeout, judge_time_limit=time_limit).preprocess(notebook, resources)
    return Graded(*executed)


@contextlib.contextmanager
def warm_kernel(**kwargs):
    manager = WarmKernelManager()
    run_sync(manager.start_kernel)(**kwargs)
    client = manager.client()
    client.start_channels()
    try:
        run_sync(client.wait_for_ready)(timeout=60)
        yield manager, client
    finally:
        client.stop_channels()
        run_sync(manager.shutdown_kernel)(now=True)


def value(client, expression):
    """Return the text of an expression's value in a kernel."""
    sent = client.execute("", silent=True, user_expressions={"value": expression})
    while True:
        message = run_sync(client.get_shell_msg)(timeout=60)
        if message["parent_header"]["msg_id"] == sent:
            return message["content"]["user_expressions"]["value"]["data"]["text/plain"]


def eventually(condition):
    """Wait until a condition holds; the limit only ends a test that would wait for ever."""
    for _ in range(600):
        if condition():
            return True
        time.sleep(0.05)
    return False


def is_gone(pid):
    return not psutil.pid_exists(pid) or psutil.Process(pid).status() == psutil.STATUS_ZOMBIE


def test_a_warm_kernel_starts_runs_and_stops():
    with warm_kernel() as (manager, client):
        pid = int(value(client, "__import__('os').getpid()"))
        assert pid == manager.provisioner.pid
        assert psutil.Process(pid).ppid() == warm_parent._process.pid
        assert value(client, "__import__('torch').get_num_threads()") == "1"
        assert run_sync(manager.is_alive)()
    assert is_gone(pid)
    assert not psutil.Process(warm_parent._process.pid).children()


def test_the_warm_parent_has_one_thread_and_no_secret():
    warm_parent.start()
    assert psutil.Process(warm_parent._process.pid).num_threads() == 1
    with warm_kernel() as (_, client):
        loaded = value(client, "sorted(m for m in __import__('sys').modules if m.startswith('scalable_ai.'))")
        assert "scalable_ai.grading.remote" in loaded
        for secret in ("lessons", "judge", "hidden", "gallery", "court", "preprocessors"):
            assert secret not in loaded


def test_a_warm_kernel_is_interrupted():
    with warm_kernel() as (manager, client):
        value(client, "1")
        sent = client.execute("while True:\n    pass")
        assert eventually(lambda: psutil.Process(manager.provisioner.pid).cpu_times().user > 0)
        time.sleep(0.2)
        run_sync(manager.interrupt_kernel)()
        message = run_sync(client.get_shell_msg)(timeout=60)
        assert message["parent_header"]["msg_id"] == sent
        assert message["content"]["ename"] == "KeyboardInterrupt"
        assert value(client, "1 + 1") == "2"


@pytest.mark.parametrize(("code", "status"), [("os._exit(7)", 7), ("os.kill(os.getpid(), 11)", -11)])
def test_the_end_of_a_warm_kernel_is_seen_with_its_status(code, status):
    with warm_kernel() as (manager, client):
        process = manager.provisioner.process
        client.execute(f"import os, subprocess\nchild = subprocess.Popen(['sleep', '1000'])\n{code}")
        assert process.wait() == status
        assert not run_sync(manager.is_alive)()


def test_what_a_kernel_started_ends_with_it(tmp_path):
    with warm_kernel() as (manager, client):
        client.execute(
            "import os, subprocess\nchild = subprocess.Popen(['sleep', '1000'])\n"
            f"open({str(tmp_path / 'pid')!r}, 'w').write(str(child.pid))\nos._exit(0)"
        )
        manager.provisioner.process.wait()
        assert eventually(lambda: is_gone(int((tmp_path / "pid").read_text())))


OWNER = """
import sys, time
from pathlib import Path
from jupyter_core.utils import run_sync
from scalable_ai.course import Course
from scalable_ai.grading.court import Court
from scalable_ai.grading.provisioner import WarmKernelManager
from scalable_ai.grading.warm import warm_parent
court = Court(Course(Path(sys.argv[1])))
court.prepare("ch1_sums", "lesson_1_1_totals")
manager = WarmKernelManager()
run_sync(manager.start_kernel)()
print(warm_parent._process.pid, court._process.pid, manager.provisioner.pid, flush=True)
try:
    time.sleep(1000)
finally:
    print("ended", flush=True)
"""


def test_no_process_outlives_the_one_that_grades(tiny):
    command = [sys.executable, "-c", OWNER, str(tiny.root)]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.DEVNULL, "start_new_session": True}
    killed, interrupted = (subprocess.Popen(command, **pipes) for _ in range(2))
    for owner, ending in ((killed, signal.SIGKILL), (interrupted, signal.SIGINT)):
        with owner:
            pids = [int(pid) for pid in owner.stdout.readline().split()]
            assert len(pids) == 3
            os.killpg(owner.pid, ending)  # as Ctrl-C does, to the whole group
        assert eventually(lambda pids=pids: all(map(is_gone, pids)))


def test_kernels_end_when_their_warm_parent_is_killed():
    parent = WarmParent()
    parent.start()
    kernel = parent.fork(["-f", str(Path.cwd() / "connection.json")], str(Path.cwd()), dict(os.environ))
    os.kill(parent._process.pid, signal.SIGKILL)
    assert kernel.wait() == -signal.SIGKILL
    assert eventually(lambda: is_gone(kernel.pid))
    parent.stop()


def test_without_warm_parent_kernels_start_from_cold(monkeypatch):
    parent = WarmParent()
    monkeypatch.setattr(warm.sys, "executable", "/no/such/python")
    for _ in range(2):
        with pytest.raises(OSError, match=r"did not start|No such file"):
            parent.start()
    monkeypatch.undo()
    with pytest.raises(OSError, match="did not start"):
        parent.start()  # not tried again
    monkeypatch.setattr(provisioner, "warm_parent", parent)
    with warm_kernel() as (manager, client):
        assert value(client, "6 * 7") == "42"
        assert not isinstance(manager.provisioner.process, warm.WarmProcess)


NOISE = """
import logging, sys, warnings
import pytorch_lightning as pl
from tqdm import tqdm
warnings.warn("a warning of the learner's")
print("to stderr", file=sys.stderr)
logging.getLogger("lightning").warning("a message")
for _ in tqdm(range(3)):
    pass
pl.Trainer(max_epochs=1, logger=False, enable_checkpointing=False, accelerator="cpu")
"""


def test_what_answers_print_costs_nothing(tiny):
    answers = {name: f"{NOISE}\n{text}" for name, text in RIGHT.items()}
    answers["clip"] = RIGHT["clip"].replace("\n", "\n    import warnings; warnings.warn('again'); print('noise')\n")
    graded = grade(tiny, SCALES, answers, timeout=60)
    assert graded.scores == {"centered": 2, "clip": 3}
    assert any(out.get("name") == "stderr" for out in graded.cells["centered"].outputs)


def test_check_cells_are_the_judges_and_outputs_show_card_and_score(tiny):
    graded = grade(tiny, SCALES, {**RIGHT, "clip": "pass"})
    shown, score = graded.cells["clip-check"].outputs
    assert shown.output_type == "display_data"
    assert "Exercise 2: Clip the values" in shown.data["text/plain"]
    assert (score.output_type, score.data["text/plain"]) == ("execute_result", "0")
    assert graded.cells["centered-check"].outputs[1].data["text/plain"] == "2"
    assert graded.flags == {}


def test_the_judge_leaves_no_files_in_the_course(tiny):
    folder = Path.cwd()
    before = {path for path in tiny.root.rglob("*") if "__pycache__" not in path.parts}
    grade(tiny, SCALES, {**RIGHT, "clip": f"open('mine.txt', 'w').close()\n{RIGHT['clip']}"}, folder)
    assert {path for path in tiny.root.rglob("*") if "__pycache__" not in path.parts} == before
    assert {path.name for path in folder.iterdir()} == {"left-by-the-lesson.txt", "mine.txt"}


FRESH = "values.dtype == torch.float64"  # the judge's inputs are of another dtype than the lesson's
DEAF = """
import signal, time
while {}:
    try:
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        time.sleep(0.1)
    except BaseException:
        pass
"""
MISHAPS = {
    "ends its kernel": "import os\nos._exit(0)",
    "crashes": "import os\nos.kill(os.getpid(), 11)",
    "loops": "while True:\n    pass",
    "loops and is deaf": DEAF.format("True"),
    "raises": "raise ValueError('halfway')",
    "leaves": "raise SystemExit",
    "ends its kernel when judged": f"import os\n{RIGHT['centered']}\nif {FRESH}: os._exit(0)",
    "loops when judged": f"{RIGHT['centered']}\nwhile {FRESH}: pass",
    "loops when judged and is deaf": f"{RIGHT['centered']}\n" + DEAF.format(FRESH),
    "sends something deep": "centered = []\nfor _ in range(900): centered = [centered]",
    "sends something large": "centered = torch.zeros(30_000_000)",
}


@pytest.mark.parametrize("mishap", MISHAPS)
def test_a_mishap_costs_its_exercise_only(tiny, mishap):
    graded = grade(tiny, SCALES, {**RIGHT, "centered": MISHAPS[mishap]})
    assert graded.scores == {"centered": 0, "clip": 3}
    assert graded.flags == {}
    assert graded.verdicts["centered"].findings
    expected_stop = mishap not in {"raises", "leaves", "sends something deep", "sends something large"}
    assert graded.verdicts["centered"].stopped is expected_stop
    assert graded.verdicts["centered"].title == "Exercise 1: Center the values"
    assert not psutil.Process(warm_parent._process.pid).children()


def test_a_cell_that_ends_every_kernel_costs_no_other(tiny):
    ends = {"centered": "import os; os._exit(0)", "clip": "import os; os._exit(0)"}
    assert grade(tiny, SCALES, ends).scores == {"centered": 0, "clip": 0}
    graded = grade(tiny, TOTALS, {"total": RIGHT["total"], "doubling": "import os; os._exit(0)"})
    assert graded.scores == {"total": 4, "doubling": 0}
    error = graded.cells["doubling"].outputs[0]
    assert error.evalue.startswith("This cell ended its kernel.")


def test_a_cell_that_ends_its_kernel_only_when_run_again_is_left_out(tiny):
    once = "import os\nif os.path.exists('ran'): os._exit(0)\nopen('ran', 'w').close()\n" + RIGHT["centered"]
    graded = grade(tiny, SCALES, {"centered": once, "clip": "import os; os._exit(0)"}, extra=["after = 1"])
    assert graded.scores["clip"] == 0
    assert graded.scores["centered"] in {0, 2}
    assert not graded.notebook.cells[-1].outputs


def test_replayed_cells_keep_what_they_showed(tiny):
    count = "open('runs', 'a').write('x')\nprint(len(open('runs').read()))\n"
    answers = {"centered": count + RIGHT["centered"], "clip": "import os; os._exit(0)"}
    graded = grade(tiny, SCALES, answers, extra=["centered"])
    assert graded.cells["centered"].outputs[0].text == "1\n"
    assert "tensor" in graded.notebook.cells[-1].outputs[0].data["text/plain"]


def test_a_kernel_that_ends_between_cells_costs_none(tiny, monkeypatch):
    judge = JudgedExecute._judge

    def judge_and_kill(self, cell):
        judge(self, cell)
        self.km.provisioner.process.kill()
        self.km.provisioner.process.wait()

    monkeypatch.setattr(JudgedExecute, "_judge", judge_and_kill)
    assert grade(tiny, SCALES, RIGHT).scores == {"centered": 2, "clip": 3}


KILLS = """
import os
killed = len(os.listdir('killed')) if os.path.isdir('killed') else 0
if {when} and killed < {times}:
    os.makedirs(f'killed/{{killed}}')
    os.kill(os.getpid(), 9)
"""
"""A cell whose kernel is killed so many times, which nobody can tell from a kill by something outside."""


def killed(times, when="True"):
    return KILLS.format(times=times, when=when) + RIGHT["centered"]


@pytest.mark.parametrize("when", ["True", FRESH])
def test_a_kernel_that_is_killed_now_and_then_costs_nothing(tiny, when):
    graded = grade(tiny, SCALES, {**RIGHT, "centered": killed(2, when)})
    assert graded.scores == {"centered": 2, "clip": 3}
    assert graded.flags == {}


@pytest.mark.parametrize("when", ["True", FRESH])
def test_a_kernel_that_is_killed_every_time_is_put_up_for_manual_grading(tiny, when):
    graded = grade(tiny, SCALES, {**RIGHT, "centered": killed(99, when)})
    assert graded.scores == {"centered": 0, "clip": 3}
    assert set(graded.flags) == {"centered-check"}
    assert "killed 3 times" in graded.flags["centered-check"]


def test_a_kernel_that_is_killed_when_cells_are_run_again_costs_nothing(tiny):
    answers = {"centered": killed(2, "os.path.exists('clip')"), "clip": "open('clip', 'w').close()\nos._exit(0)"}
    assert grade(tiny, SCALES, answers).scores == {"centered": 2, "clip": 0}


def test_without_a_kernel_what_is_left_is_put_up_for_manual_grading(tiny, monkeypatch):
    start = JudgedExecute.start_new_kernel

    def start_once(self, **kwargs):
        if Path(self.workplace.folder, "ended").exists():
            raise OSError("no more of them")
        start(self, **kwargs)

    monkeypatch.setattr(JudgedExecute, "start_new_kernel", start_once)
    graded = grade(tiny, SCALES, {**RIGHT, "clip": "open('ended', 'w').close()\nimport os; os._exit(0)"})
    assert graded.scores == {"centered": 2, "clip": 0}
    assert "no more of them" in graded.flags["clip-check"]


FORGED = {
    "score": 3.0, "points": 3.0, "title": "Forged", "findings": [], "success": "", "hints": [], "passed": [],
    "stopped": False, "flag": "",
}  # fmt: skip
FORGERIES = {
    "patches the reply": """
import scalable_ai.grading.remote as remote
remote.answer = remote.respond = lambda *args: '{"ok": "true"}'
""",
    "patches the wire": """
import scalable_ai.grading.wire as wire
wire.dumps = lambda value: '{"l": [1.0, 1.0]}'
""",
    "replaces do_execute": """
get_ipython().kernel.do_execute = lambda *args, **kwargs: {"status": "ok", "user_expressions": {}}
""",
    "shows a verdict": f"""
from IPython.display import display
display({{{VERDICT!r}: {FORGED!r}, "text/plain": "3"}}, raw=True, display_id="x")
""",
    "updates displays": """
from IPython.display import display, update_display
for number in range(9):
    display({"text/plain": "3"}, raw=True, display_id=str(number))
    update_display({"text/plain": "3"}, raw=True, display_id=str(number))
""",
    "prints from a thread": """
import threading, time
def shout():
    while True:
        print(3.0)
        time.sleep(0.01)
threading.Thread(target=shout, daemon=True).start()
3.0
""",
}


@pytest.mark.parametrize("forgery", FORGERIES)
def test_a_forged_mark_is_none(tiny, forgery, tmp_path):
    graded = grade(tiny, SCALES, {**RIGHT, "clip": FORGERIES[forgery]})
    assert graded.scores["clip"] == 0
    assert verdict_of(graded.cells["clip"]) is None
    nbformat.write(graded.notebook, tmp_path / "lesson.ipynb")
    assert not any("Forged" in reason for reason in reasons(tmp_path))


@pytest.fixture
def broken(tmp_path):
    """Return a way to grade with a judge that its own lesson's checks break."""
    course = copy_of_tiny_course(tmp_path / "course")
    checks = course.graders / CHAPTER / f"{SCALES}.py"

    def broken_by(line):
        checks.write_text(f"{line}\n{checks.read_text()}")
        return course

    yield broken_by
    court_of(course).close()


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ("import os; os._exit(3)", "the judge gave no verdict"),
        ("raise ValueError('x')", "these hidden checks cannot be loaded"),
        ("print('{\"verdict\": {}}', flush=True)\n1 / 0", "these hidden checks cannot be loaded"),
    ],
)
def test_a_judge_that_fails_gives_no_marks_and_a_flag(broken, line, why):
    graded = grade(broken(line), SCALES, RIGHT)
    assert graded.scores == {"centered": 0, "clip": 0}
    assert set(graded.flags) == {"centered-check", "clip-check"}
    assert all(why in flag for flag in graded.flags.values())
    assert "your instructor is told" in graded.cells["clip-check"].outputs[0].data["text/plain"]


def test_a_judge_that_hangs_is_replaced_and_the_next_lesson_judged(broken):
    course = broken("import pathlib, time\nwhile pathlib.Path(__file__).exists(): time.sleep(0.1)")
    assert grade(course, TOTALS, RIGHT).scores == {"total": 4, "doubling": 1}
    first = court_of(course)._process.pid
    graded = grade(course, SCALES, {}, time_limit=1)
    assert graded.scores == {"centered": 0, "clip": 0}
    assert all("none within 1 seconds" in flag for flag in graded.flags.values())
    assert grade(course, TOTALS, RIGHT).scores == {"total": 4, "doubling": 1}
    assert court_of(course)._process.pid != first


def test_a_judge_that_was_killed_is_replaced_without_loss(tiny):
    grade(tiny, TOTALS, RIGHT)
    os.kill(court_of(tiny)._process.pid, signal.SIGKILL)
    graded = grade(tiny, TOTALS, RIGHT)
    assert graded.scores == {"total": 4, "doubling": 1}
    assert graded.flags == {}


def test_without_lesson_sources_there_are_no_marks(tmp_path):
    course = copy_of_tiny_course(tmp_path / "course")
    (course.solutions / CHAPTER / f"{SCALES}.py").unlink()
    graded = grade(course, SCALES, RIGHT)
    court_of(course).close()
    assert graded.scores == {"centered": 0, "clip": 0}
    assert len(graded.flags) == 2


def test_points_follow_what_nbgrader_took_in(tmp_path):
    course = copy_of_tiny_course(tmp_path / "course")
    path = course.solutions / CHAPTER / f"{SCALES}.py"
    path.write_text(path.read_text().replace("# points: 3", "# points: 6"))
    graded = grade(course, SCALES, RIGHT)
    court_of(course).close()
    assert graded.verdicts["clip"].score == graded.verdicts["clip"].points == 3


def test_a_judge_works_in_a_folder_of_its_own_that_goes_with_it(tiny):
    court = Court(tiny)
    court.start()
    folder = Path(os.readlink(f"/proc/{court._process.pid}/cwd"))
    assert folder.is_dir()
    assert tiny.root not in (folder, *folder.parents)
    pid = court._process.pid
    court.close()
    assert is_gone(pid)
    assert not folder.exists()
