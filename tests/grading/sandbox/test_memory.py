"""The count of a box's memory: what is shared counts once, the warm parent's part is allowed once, nothing hides."""

from __future__ import annotations

import pytest

from scalable_ai.grading.sandbox import memory
from scalable_ai.grading.sandbox.memory import Tally

LIMIT, BASELINE = 500, 400


@pytest.fixture
def process(tmp_path):
    """Return a way to write what /proc says of a process: its memory, and its part of it, in kB."""

    def write(anonymous, part=None, shared=0, shared_part=0):
        folder = tmp_path / str(len(list(tmp_path.iterdir())))
        folder.mkdir()
        said = f"Name:\tpython\nVmRSS:\t 9 kB\nRssAnon:\t {anonymous} kB\nRssFile:\t 9 kB\nRssShmem:\t {shared} kB\n"
        (folder / "status").write_text(said)
        if part is not None:
            rolled = (
                f"00-ff ---p 00000000 00:00 0 [rollup]\nRss: 9 kB\nPss_Anon: {part} kB\nPss_Shmem: {shared_part} kB\n"
            )
            (folder / "smaps_rollup").write_text(rolled)
        return str(folder)

    return write


def exceeds(processes, files=0, tally=None):
    return (tally or Tally(LIMIT * 1024, BASELINE * 1024)).exceeds(processes, files * 1024)


def test_one_kernel_has_its_limit_beyond_what_it_was_given(process):
    assert not exceeds([process(BASELINE + 490, 200 + 490)])
    assert exceeds([process(BASELINE + 710, 200 + 710)])


def test_each_process_may_be_small_and_all_together_too_large(process):
    # Each is smaller than the warm parent.
    assert exceeds([process(BASELINE + 100, 20 + 100) for _ in range(20)])
    assert not exceeds([process(BASELINE + 100, 20 + 20) for _ in range(20)])


def test_idle_forks_of_a_large_kernel_are_not_held_against_it(process):
    assert not exceeds([process(BASELINE + 300, 4 + 3) for _ in range(100)])


def test_a_copy_of_what_was_given_counts(process):
    assert not exceeds([process(BASELINE, 100) for _ in range(4)])
    assert exceeds([process(BASELINE, BASELINE) for _ in range(4)])


def test_shared_memory_counts_and_files_in_memory_count_once(process):
    mapped = process(BASELINE, 200, shared=600, shared_part=600)
    assert not exceeds([process(BASELINE, 200, shared=400, shared_part=400)], files=400)
    assert exceeds([mapped, process(BASELINE, 200, shared=600, shared_part=300)])
    assert exceeds([process(BASELINE + 300, 200 + 300)], files=450)


def test_who_does_not_let_itself_be_seen_counts_whole(process):
    assert exceeds([process(BASELINE) for _ in range(4)])


def test_many_processes_are_counted_bit_by_bit(process, monkeypatch):
    clock = iter(range(1000))
    monkeypatch.setattr(memory.time, "monotonic", lambda: next(clock) / 10)
    monkeypatch.setattr(memory, "LOOK_SECONDS", 0.15)  # by this clock, one process a look
    tally, family = Tally(LIMIT * 1024, BASELINE * 1024), [process(BASELINE, 350) for _ in range(4)]
    assert [exceeds(family, tally=tally) for _ in range(4)] == [False, False, True, False]


def test_processes_that_have_ended_are_nothing(tmp_path):
    assert not exceeds([str(tmp_path / "1")])
