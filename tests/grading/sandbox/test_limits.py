"""Limits of a box: what is refused, what ends it and why, and that nothing of it is left."""

from __future__ import annotations

import resource
import signal
import sys

import pytest

from scalable_ai.grading.sandbox.levels import DOES_NOT_HOLD, LANDLOCK

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="boxes are Linux's")

MEGABYTE = 2**20
ALLOCATE = "block = bytearray({size} * 2**20)\nfor place in range(0, len(block), 4096): block[place] = 1\n"

REFUSED = {
    "memory": (f"{ALLOCATE.format(size=400)}print('done')", {}, "MemoryError"),
    "file_size": ("open('big', 'wb').write(bytes(9 * 2**20)); print('done')", {}, "File too large"),
    "open_files": ("files = [open('given') for _ in range(99)]; print('done')", {"open_files": 64}, "Too many open"),
}


@pytest.mark.parametrize("limit", REFUSED)
def test_what_one_process_asks_for_is_refused(stage, limit):
    code, limits, error = REFUSED[limit]
    assert "done" in stage.run(code, boxed=False).said
    end = stage.run(code, **limits)
    assert error in end.said
    assert end.reason == ""


TOGETHER = f"""
children = []
for _ in range(4):
    pid = os.fork()
    if pid == 0:
        {ALLOCATE.format(size=120).replace(chr(10), chr(10) + "        ")}
        time.sleep(30)
        os._exit(0)
time.sleep(30)
"""
SHARED = f"""
{ALLOCATE.format(size=200)}
for _ in range(4):
    if os.fork() == 0:
        sum(block[place] for place in range(0, len(block), 4096))
        time.sleep(1)
        os._exit(0)
time.sleep(1)
print("done")
"""
MANY = f"""
for _ in range(30):
    if os.fork() == 0:
        {ALLOCATE.format(size=5).replace(chr(10), chr(10) + "        ")}
        time.sleep(30)
        os._exit(0)
time.sleep(30)
"""
ENDED = {
    "memory of all processes": (TOGETHER, {}, "it used more than 0.293 GB of memory"),
    # Each has less than it was given by the fork.
    "memory of many processes": (MANY, {"memory": 50 * MEGABYTE}, "it used more than 0.0488 GB of memory"),
    "memory that processes share": (
        "import mmap\nblock = mmap.mmap(-1, 400 * 2**20)\n"
        "for place in range(0, len(block), 4096): block[place] = 1\ntime.sleep(30)",
        {},
        "it used more than 0.293 GB of memory",
    ),
    "processor time": ("while True: pass", {"cpu_seconds": 1}, "it used more than 1 seconds of processor time"),
    "processor time of children": (
        "for _ in range(3):\n    if os.fork() == 0:\n        while True: pass\nsignal.pause()",
        {"cpu_seconds": 1},
        "it used more than 1 seconds of processor time",
    ),
    "disk": (
        "for number in range(6): open(f'part{number}', 'wb').write(os.urandom(6 * 2**20))\ntime.sleep(30)",
        {},
        "it wrote more than 0.0195 GB to disk",
    ),
    "disk without a name": (
        "files = []\nfor number in range(6):\n    file = open('part', 'wb', buffering=0)"
        "\n    file.write(os.urandom(6 * 2**20)); os.unlink('part'); files.append(file)\ntime.sleep(30)",
        {},
        "it wrote more than 0.0195 GB to disk",
    ),
    "disk beside the sockets": (
        "for number in range(6): open(f'{runtime}/part{number}', 'wb').write(os.urandom(6 * 2**20))\ntime.sleep(30)",
        {},
        "it wrote more than 0.0195 GB to disk",
    ),
    "files": ("for number in range(300): open(f'{number}', 'w')\ntime.sleep(30)", {}, "it made more than 200 files"),
}


@pytest.mark.parametrize("limit", ENDED)
def test_what_a_box_uses_in_all_ends_it(stage, limit):
    code, limits, reason = ENDED[limit]
    end = stage.run(code, **limits)
    assert end.status in {-signal.SIGKILL, -signal.SIGXCPU}, end.said
    assert end.reason == reason


def test_memory_that_processes_share_counts_once(stage):
    end = stage.run(SHARED)
    assert end.said == "done\n"
    assert end.reason == ""


def test_a_machine_that_is_out_of_memory_ends_a_box_first(stage):
    assert stage.run("print(open('/proc/self/oom_score_adj').read())").said.strip() == "1000"


def test_files_in_memory_count_as_memory(stage):
    if stage.level == LANDLOCK:
        assert "shared memory" in DOES_NOT_HOLD[LANDLOCK]
        return
    fill = "import itertools\nfor n in itertools.count(): open(f'/dev/shm/{n}', 'wb').write(bytes(7 * 2**20))"
    assert "No space left" in stage.run(fill).said
    half = stage.run(
        "for n in range(20): open(f'/tmp/{n}', 'wb').write(bytes(7 * 2**20))\n"
        + ALLOCATE.format(size=200)
        + "time.sleep(30)"
    )
    assert half.reason == "it used more than 0.293 GB of memory"


BOMB = """
made = 0
try:
    while made < 400:
        if os.fork() == 0:
            time.sleep(20)
            os._exit(0)
        made += 1
except OSError:
    print("refused after", made)
    os._exit(0)
print("made", made)
time.sleep(20)
"""


def test_a_fork_bomb_is_refused_or_ended(stage):
    end = stage.run(BOMB)
    assert "refused after" in end.said or end.reason == "it ran more than 40 processes at a time"


def test_nothing_dumps_its_core(stage):
    # A size of one also keeps a crash from the machine's own collector.
    assert stage.run("import resource; print(resource.getrlimit(resource.RLIMIT_CORE))").said == "(1, 1)\n"
    assert resource.getrlimit(resource.RLIMIT_CORE) != (1, 1)


DETACHED = """
import fcntl
lock = open("lock", "w")
fcntl.flock(lock, fcntl.LOCK_EX)
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT): signal.signal(number, signal.SIG_IGN)
        open("pid", "w").write(str(os.getpid()))
        time.sleep({seconds})
    os._exit(0)
while not os.path.exists("pid") or not open("pid").read(): time.sleep(0.01)
"""


@pytest.mark.parametrize("ending", ["os._exit(0)", "os.kill(os.getpid(), 9)", "os.abort()"])
def test_nothing_is_left_of_a_box(stage, ending):
    end = stage.run(DETACHED.format(seconds=60) + ending)
    assert not end.left
    if stage.level != LANDLOCK:  # there the parent takes in all that is detached, in a box or not
        assert stage.run(DETACHED.format(seconds=3) + ending, boxed=False).left


@pytest.mark.parametrize(
    ("ending", "status"),
    [
        ("os._exit(7)", 7),
        ("raise SystemExit(3)", 3),
        ("1 / 0", 1),
        ("os.abort()", -signal.SIGABRT),
        ("os.kill(os.getpid(), signal.SIGKILL)", -signal.SIGKILL),
        ("os.kill(os.getpid(), signal.SIGSEGV)", -signal.SIGSEGV),
        ("ctypes.string_at(0)", -signal.SIGSEGV),
        ("os.kill(os.getpid(), signal.SIGTERM)", -signal.SIGTERM),
    ],
)
def test_the_status_in_a_box_is_that_without_one(stage, ending, status):
    assert stage.run(ending).status == status
    assert stage.run(ending, boxed=False).status == status
