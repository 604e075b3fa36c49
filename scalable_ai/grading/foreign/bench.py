"""Judges the test cells of an ordinary nbgrader notebook in a process that the learner's code cannot reach."""

from __future__ import annotations

import re
import sys
from collections import OrderedDict
from pathlib import Path

from nbformat import NotebookNode

from scalable_ai.grading.cell_verdict import ForeignVerdict, unjudged
from scalable_ai.grading.channel import Channel
from scalable_ai.grading.foreign import outcome
from scalable_ai.grading.foreign.dataflow import is_test, make_plan
from scalable_ai.grading.foreign.errors import LostError
from scalable_ai.grading.foreign.session import Session

SESSIONS = 4
"""How many hand-ins are kept in memory between their cells."""
_AUTOTEST = re.compile(r"^\s*#+\s*(HASHED\s+)?AUTOTEST\b", re.MULTILINE)


class ForeignBench:
    """One notebook's test cells.

    Args:
        source: The instructor's notebook, with hidden tests.
        folder: Where it lies: modules beside it are the instructor's.
    """

    def __init__(self, source: NotebookNode, folder: Path | None = None) -> None:
        self._plan, self._folder = make_plan(source), folder
        self._cells = {cell.metadata.nbgrader.grade_id: cell for cell in source.cells if is_test(cell)}
        self._sessions: OrderedDict[str, Session] = OrderedDict()

    def judge(
        self, grade_id: str, channel: Channel, answers: dict[str, str], folder: Path, time_limit: float
    ) -> ForeignVerdict:
        """Run one test cell against a learner's kernel.

        Args:
            grade_id: The cell's.
            channel: To the kernel that has run the cells above it.
            answers: The learner's answer cells by grade id.
            folder: Where the kernel works.
            time_limit: Seconds for the learner's code.
        """
        cell = self._cells.get(grade_id)
        if cell is None:
            return unjudged(grade_id, "the instructor's notebook has no such cell")
        if _AUTOTEST.search(cell.source):
            return unjudged(grade_id, "its AUTOTEST lines are not expanded; generate the assignment first")
        if not Path(folder).is_dir():
            return unjudged(grade_id, f"{folder}: there is no such folder to run it in")
        try:
            session = self._session(channel, time_limit)
        except LostError as lost:
            return outcome.lost(grade_id, lost)
        session.link.channel, session.link.left = channel, time_limit
        session.link.lost = session.link.unmet = None
        session.answers = answers
        return session.run(grade_id, cell, Path(folder))

    def _session(self, channel: Channel, time_limit: float) -> Session:
        """Return the session of a kernel that was seen before, or a new one."""
        fresh = Session(self._plan, self._folder)
        fresh.link.channel, fresh.link.left = channel, time_limit
        said = fresh.link.hello()
        if str(said.get("token"))[:100] not in self._sessions:
            said = fresh.link.hello("restart")
        fresh.link.exports.same_python = said.get("version") == list(sys.version_info[:2])
        token = str(said.get("token"))[:100]
        session = self._sessions.pop(token, fresh)
        self._sessions[token] = session
        while len(self._sessions) > SESSIONS:
            self._sessions.popitem(last=False)
        return session
