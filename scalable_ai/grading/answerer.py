"""What a hidden check asks: names, calls and re-runs, of the learner's kernel or of the reference answer."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

from scalable_ai.advice import likely_mistake
from scalable_ai.checks import STUB_TASK
from scalable_ai.grading import wire
from scalable_ai.grading.channel import Channel, KernelEndedError, clock_of

BEGIN = "Write your answer into its cell; the task and the hints say where to begin."
HAND_IN = "Hand the file in with the notebook, in the same folder and under the name that the answer gives."
_FOLDER = re.compile(r"(/[\w.+-]+)*/tmp\w{8}(?=/)")
"""A temporary folder, which a check made for the answer to write to: its name says nothing to the learner."""
PLAIN_DATA = "Give numbers, texts, lists, dictionaries, arrays or tensors, not the object that holds them."


class AnswerError(Exception):
    """The answer raised an exception, is missing a name, or had to be stopped; the texts are for the learner."""

    def __init__(self, expected: str, got: str, likely: str, is_timeout: bool = False) -> None:
        self.expected, self.got, self.likely, self.is_timeout = expected, got, likely, is_timeout
        super().__init__(f"expected {expected}, got {got}")


class Answerer:
    """What a hidden check asks: the learner's kernel, or the reference answer.

    Args:
        channel: Where the answer runs.
        sources: The answer cells by exercise.
        time_limit: Seconds for all questions of the check together.
        seed: From which random numbers start in every question.
        memory: Replies that the checks of an exercise share.
    """

    def __init__(
        self,
        channel: Channel,
        sources: dict[str, str],
        time_limit: float,
        seed: int,
        memory: dict[str, dict[str, str]] | None = None,
    ) -> None:
        self._channel, self._sources, self._seed = channel, sources, seed
        self._clock = clock_of(channel)
        self._limit = self._left = time_limit
        self._memory = {} if memory is None else memory

    def get(self, name: str) -> Any:
        """Return the value of a name, such as `total` or `config.lr`.

        Raises:
            AnswerError: There is no such name, or its value is no plain data.
        """
        return self._ask({"op": "get", "name": name})

    def call(self, name: str, *args: Any, **kwargs: Any) -> Any:
        """Call a function of the answer with plain data and return what it returns.

        Raises:
            AnswerError: It raised, took too long, or returned no plain data.
        """
        return self._ask({"op": "call", "name": name, "args": wire.dumps(args), "kwargs": wire.dumps(kwargs)})

    def call_and_keep(self, name: str, *args: Any) -> tuple[Any, list[Any]]:
        """Call a function of the answer with plain data; return what it returns, and the arguments as it left them.

        Raises:
            AnswerError: It raised, took too long, or returned no plain data.
        """
        reply = self._ask({"op": "call_and_keep", "name": name, "args": wire.dumps(args)})
        if not isinstance(reply, list | tuple) or len(reply) != 2 or not isinstance(reply[1], list | tuple):
            raise AnswerError("a readable value", "none", PLAIN_DATA)
        return reply[0], list(reply[1])

    def file(self, name: str, limit: int) -> bytes:
        """Return the content of a file that was handed in beside the notebook.

        It comes by value, as all answers do: the judge opens no path, so links and devices lead nowhere but within the
        learner's own sandbox.

        Args:
            name: A name of the answer whose value is the file's name.
            limit: Bytes that it may have.

        Raises:
            AnswerError: There is no such name or no such file, or it is larger.
        """
        content = self._ask({"op": "file", "name": name, "limit": limit})
        if not isinstance(content, bytes) or len(content) > limit:
            raise AnswerError(f"a file of at most {limit / 1e6:g} MB", "another kind of value", HAND_IN)
        return content

    def rerun(self, exercise: str, given: dict[str, Any], want: list[str]) -> dict[str, Any]:
        """Run the answer cell again with other inputs and return the wanted names.

        Args:
            exercise: Whose answer cell.
            given: Names of plain data that the cell finds instead of the lesson's.
            want: Names whose values come back.

        Raises:
            AnswerError: It raised, took too long, or a wanted name is missing.
        """
        request = {"op": "rerun", "source": self.source(exercise), "given": wire.dumps(given), "want": list(want)}
        return self._ask(request)

    def rerun_each(self, exercise: str, given: dict[str, Any], want: list[str], name: str) -> Any:
        """Run the answer cell again as in `rerun`, once for all wanted names, and return one of them.

        Raises:
            AnswerError: It raised or took too long, or this name is missing.
        """
        request = {"op": "rerun_each", "source": self.source(exercise), "given": wire.dumps(given), "want": list(want)}
        key = json.dumps([request, self._seed])
        if key not in self._memory:
            self._memory[key] = self._ask(request)
        replies = self._memory[key]
        return self._guarded(lambda: _value(json.loads(replies[name])))

    def source(self, exercise: str) -> str:
        """Return the answer cell's text."""
        return self._sources.get(exercise, "")

    def _ask(self, request: dict[str, Any]) -> Any:
        started = self._clock()
        text = json.dumps({**request, "seed": self._seed})
        try:
            return self._guarded(lambda: _value(json.loads(self._channel.request(text, self._left))))
        finally:
            # Only the learner's own time counts, not what the reference answer takes in between.
            self._left = max(self._left - (self._clock() - started), 0.01)

    def _guarded(self, read: Callable[[], Any]) -> Any:
        try:
            return read()
        except KernelEndedError:
            likely = "`exit`, or more memory than a notebook may use, ends a kernel."
            raise AnswerError("a result", "none: the code ended its kernel", likely, True) from None
        except TimeoutError:
            limit = f"an answer within {self._limit:g} seconds"
            likely = "A loop that never ends, or far more work than the task asks for."
            raise AnswerError(limit, "none; it was stopped", likely, True) from None
        except (ConnectionError, ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
            said = f" ({error})" if isinstance(error, wire.WireError | ConnectionError) else ""
            raise AnswerError("a readable value", f"none{said}", PLAIN_DATA) from None


def _value(reply: dict[str, Any]) -> Any:
    """Return the value in a reply, or raise what the answer raised as an AnswerError."""
    if "ok" in reply:
        return wire.loads(reply["ok"])
    error = reply["error"]
    raise _explained(str(error["type"]), str(error["message"]), error.get("line"))


def _explained(kind: str, message: str, line: object) -> AnswerError:
    message = _FOLDER.sub("…", message)
    if kind == "MissingNameError":
        return AnswerError(f"a name `{message}`", "no such name", "See that the cell defines it and runs to its end.")
    if kind == "HandedInError":
        return AnswerError("a file that is handed in with the notebook", message, HAND_IN)
    if kind == "NotImplementedError" and STUB_TASK.match(message):
        return AnswerError("a body in place of the `raise` line", "the stub as it was given", BEGIN)
    if "____" in message:
        return AnswerError("every `____` filled", "a blank that is still open", BEGIN)
    if kind == "WireError":
        return AnswerError("plain data", message, PLAIN_DATA)
    where = f" in line {line} of the answer" if isinstance(line, int) else ""
    said = f"{kind}{where}: {message}" if message else f"{kind}{where}"
    return AnswerError("a result", said, likely_mistake(kind, message))
