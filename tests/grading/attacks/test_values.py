"""What an answer gives instead of a value is worth nothing, and hurts nobody who looks at it."""

from __future__ import annotations

import base64
import zlib

import pytest

from tests.grading.attacks.values import EXCEPTIONS, OBJECTS, QUIZZES, RAISED, REPLIES
from tests.grading.conftest import RIGHT, TOTALS

REPLY = """
import base64, zlib
import scalable_ai.grading.remote as remote
reply = zlib.decompress(base64.b64decode({packed!r})).decode()
def answer(request):
    open("asked.txt", "w").close()
    return reply
remote.answer = answer
clip = lambda *args: None
"""


@pytest.mark.parametrize("exception", EXCEPTIONS)
def test_a_hostile_exception_is_worth_nothing(exception, attacked, best):
    body, told = EXCEPTIONS[exception]
    text = f"class Hostile(Exception):\n    {body}\ndef clip(*args):\n    raise Hostile"
    graded = attacked({**RIGHT, "clip": text})
    assert graded.scores == {"centered": 2, "clip": 0}
    assert graded.flags == {}
    assert told in graded.verdicts["clip"].findings[0].got


@pytest.mark.parametrize("raised", RAISED)
def test_an_exception_of_another_kind_is_worth_nothing(raised, attacked, best):
    graded = attacked({**RIGHT, "clip": f"def clip(*args):\n    {RAISED[raised].strip()}"})
    assert graded.scores == {"centered": 2, "clip": 0}
    assert graded.flags == {}


@pytest.mark.parametrize("reply", REPLIES)
def test_a_forged_reply_is_worth_nothing(reply, attacked, best):
    packed = base64.b64encode(zlib.compress(REPLIES[reply].encode())).decode()
    graded = attacked({**RIGHT, "clip": REPLY.format(packed=packed)})
    assert graded.scores == {"centered": 2, "clip": 0}
    assert graded.flags == {}
    assert (graded.folder / "asked.txt").exists()


@pytest.mark.parametrize("hostile", OBJECTS)
def test_a_hostile_object_is_worth_nothing(hostile, attacked, best):
    text = f"class Hostile(list):\n    {OBJECTS[hostile]}\ndef clip(*args):\n    return Hostile([0.0] * 6)"
    graded = attacked({**RIGHT, "clip": text})
    assert graded.scores == {"centered": 2, "clip": 0}
    assert graded.flags == {}


@pytest.mark.parametrize("choice", QUIZZES)
def test_a_choice_that_is_none_is_worth_nothing(choice, attacked, best):
    graded = attacked({"total": RIGHT["total"], "doubling": QUIZZES[choice]}, name=TOTALS)
    assert graded.scores == {"total": 4, "doubling": 0}


SEARCH = """
import gc, os, sys
planted = "my own " + "marker"
def found(words):
    seen = set()
    for line in open("/proc/self/maps"):
        where, rights, *_ = line.split()
        start, end = (int(part, 16) for part in where.split("-"))
        if "rw" in rights and end - start < 1 << 28:
            with open("/proc/self/mem", "rb", 0) as memory:
                try:
                    memory.seek(start)
                    text = memory.read(end - start)
                except (OSError, ValueError):
                    continue
            seen |= {word for word in words if bytes(reversed(word)) in text}
    return seen
words = [b"rekram nwo ym", b"nosaer-terces", b"REDARG_EHT_FO_TERCES", b"redarg eht fo ton si sihT"]
def clip(values, low, high):
    frame, names = sys._getframe(), set()
    while frame:
        names |= set(frame.f_locals)
        frame = frame.f_back
    if not os.path.exists("seen.txt"):
        with open("seen.txt", "w") as file:
            print(sorted(names), found(words), file=file)
    return [min(max(value, low), high) for value in values]
"""


def test_the_kernels_memory_holds_no_check(attacked, level):
    graded = attacked({**RIGHT, "clip": SEARCH}, time_limit=60)
    seen = (graded.folder / "seen.txt").read_text()
    assert "rekram nwo ym" in seen
    assert "asked" in seen
    assert "nosaer" not in seen
    assert "TERCES" not in seen
    assert "expected" not in seen


FLOODS = {
    "one line": "print('x' * 30_000_000)",
    "many lines": "for number in range(200_000): print('x' * 100)",
    "displays": """
from IPython.display import display
for number in range(20):
    display({"text/plain": "x" * 1_000_000}, raw=True)
""",
}


@pytest.mark.parametrize("flood", FLOODS)
def test_a_flood_of_output_is_cut(flood, attacked, best):
    graded = attacked({**RIGHT, "centered": f"{RIGHT['centered']}\n{FLOODS[flood]}"}, timeout=10)
    assert graded.scores["centered"] in {0, 2}
    assert graded.scores["clip"] == 3
    assert len(str(graded.cells["centered"].outputs)) < 7_000_000


def test_what_one_kernel_plants_no_other_runs(attacked, level):
    plant = """
import os, pathlib
home = pathlib.Path.home()
startup = home / ".ipython/profile_default/startup"
startup.mkdir(parents=True, exist_ok=True)
for place in (startup / "0.py", home / "usercustomize.py", pathlib.Path("sitecustomize.py"), pathlib.Path("torch.py")):
    place.write_text("import builtins; builtins.planted = True")
open("planted.txt", "w").close()
os._exit(0)
"""
    tell = "import builtins\nopen('told.txt', 'w').write(repr(hasattr(builtins, 'planted')))"
    graded = attacked({**RIGHT, "centered": plant}, extra=[tell])
    assert graded.scores == {"centered": 0, "clip": 3}
    assert (graded.folder / "planted.txt").exists()
    assert (graded.folder / "told.txt").read_text() == "False"
