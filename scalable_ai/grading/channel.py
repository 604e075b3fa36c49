"""Ways to put a challenge: to a learner's kernel, or to a namespace in this process (the reference answer)."""

from __future__ import annotations

import ast
import json
import time
from typing import Any, Protocol

from scalable_ai.checks import STUB_TASK
from scalable_ai.grading import remote, wire


class AnswerError(Exception):
    """The answer raised an exception, is missing a name, or had to be stopped; the text is for the learner."""

    def __init__(self, expected: str, got: str, is_timeout: bool = False) -> None:
        self.expected, self.got, self.is_timeout = expected, got, is_timeout
        super().__init__(f"expected {expected}, got {got}")


LOOK_AGAIN = 0.2
"""Seconds between two looks at whether the kernel still runs."""


class KernelEndedError(ConnectionError):
    """The learner's code ended the kernel that it ran in."""


class Channel(Protocol):
    """Something that carries out requests of `remote`."""

    def request(self, request: str, timeout: float) -> str:
        """Return the reply to a request, both JSON text.

        Raises:
            TimeoutError: No reply in `timeout` seconds.
            ConnectionError: There will be no reply.
        """


class LocalChannel:
    """Requests to a namespace in this process."""

    def __init__(self, namespace: dict[str, Any]) -> None:
        self.namespace = namespace

    def request(self, request: str, timeout: float) -> str:
        """Carry the request out here; trusted code only, so no time limit."""
        return remote.respond(self.namespace, request)


class KernelChannel:
    """Requests to a running Jupyter kernel, over its own connection."""

    def __init__(self, connection_file: str, pid: int | None = None) -> None:
        """Connect.

        Args:
            connection_file: Jupyter's.
            pid: The kernel's process, so that its end is seen at once; without it, at the time limit.
        """
        from jupyter_client import BlockingKernelClient

        self._pid = pid

        self._client = BlockingKernelClient(connection_file=connection_file)
        self._client.load_connection_file()
        self._client.start_channels(iopub=False, stdin=False, hb=False)

    def request(self, request: str, timeout: float) -> str:
        """Ask through a silent execute request's user expression, which leaves no trace in the notebook."""
        expression = f"__import__('scalable_ai.grading.remote', fromlist=['answer']).answer({request!r})"
        sent = self._client.execute(
            "", silent=True, store_history=False, allow_stdin=False, user_expressions={"reply": expression}
        )
        content = self._wait(sent, timeout)
        reply = content.get("user_expressions", {}).get("reply", {}) if isinstance(content, dict) else {}
        try:
            quoted = reply["data"]["text/plain"]
            text = ast.literal_eval(quoted) if len(quoted) <= 3 * wire.MAX_TEXT else None
        except (KeyError, TypeError, ValueError, SyntaxError, MemoryError, RecursionError):
            raise ConnectionError("the kernel gave no readable reply") from None
        if not isinstance(text, str):
            raise ConnectionError("the kernel gave no readable reply")
        return text

    def _wait(self, sent: str, timeout: float) -> Any:
        from queue import Empty

        deadline = time.monotonic() + timeout
        while (left := deadline - time.monotonic()) > 0:
            try:
                message = self._client.get_shell_msg(timeout=min(left, LOOK_AGAIN))
            except Empty:
                if has_ended(self._pid):
                    raise KernelEndedError from None
                continue
            if message["parent_header"].get("msg_id") == sent:
                return message["content"]
        self._interrupt()
        raise TimeoutError

    def _interrupt(self) -> None:
        """Stop what the kernel is doing, so that the next check finds it free."""
        message = self._client.session.msg("interrupt_request", {})
        self._client.control_channel.send(message)

    def close(self) -> None:
        """Drop the connection; the kernel goes on."""
        self._client.stop_channels()


def has_ended(pid: int | None) -> bool:
    """Return whether a process is known to be gone; False where nothing is known."""
    if pid is None:
        return False
    import psutil

    try:
        return psutil.Process(pid).status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True
    except psutil.Error:
        return False


class Answerer:
    """What a hidden check asks: the learner's kernel, or the reference answer."""

    def __init__(self, channel: Channel, sources: dict[str, str], time_limit: float, seed: int) -> None:
        self._channel, self._sources, self._seed = channel, sources, seed
        self._limit = self._left = time_limit

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

    def source(self, exercise: str) -> str:
        """Return the answer cell's text."""
        return self._sources.get(exercise, "")

    def _ask(self, request: dict[str, Any]) -> Any:
        started = time.monotonic()
        try:
            reply = json.loads(self._channel.request(json.dumps({**request, "seed": self._seed}), self._left))
            if "ok" in reply:
                return wire.loads(reply["ok"])
            error = reply["error"]
            kind, message, line = str(error["type"]), str(error["message"]), error.get("line")
        except KernelEndedError:
            raise AnswerError("a result", "none: the code ended its kernel", True) from None
        except TimeoutError:
            raise AnswerError(f"an answer within {self._limit:g} seconds", "none; it was stopped", True) from None
        except (ConnectionError, ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
            said = f" ({error})" if isinstance(error, wire.WireError | ConnectionError) else ""
            raise AnswerError("a readable value", f"none{said}") from None
        finally:
            # Only the learner's own time counts, not what the reference answer takes in between.
            self._left = max(self._left - (time.monotonic() - started), 0.01)
        raise _explained(kind, message, line)


def _explained(kind: str, message: str, line: object) -> AnswerError:
    if kind == "MissingNameError":
        return AnswerError(
            f"a name `{message}`", "no such name; fill every blank, and see that the cell runs to its end"
        )
    if kind == "NotImplementedError" and STUB_TASK.match(message):
        return AnswerError("a body in place of the `raise` line", "the stub as it was given")
    if "____" in message:
        return AnswerError("every `____` filled", "a blank that is still open")
    if kind == "WireError":
        return AnswerError("plain data", message)
    where = f" in line {line} of the answer" if isinstance(line, int) else ""
    return AnswerError("a result", f"{kind}{where}: {message}" if message else f"{kind}{where}")
