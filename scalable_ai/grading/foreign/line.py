"""One question and its answer, whatever the learner's process makes of it."""

from __future__ import annotations

import json
from time import perf_counter
from typing import Any

from scalable_ai.grading import wire
from scalable_ai.grading.channel import Channel, KernelEndedError, clock_of
from scalable_ai.grading.foreign.errors import LostError, UnjudgedError


class Line:
    """A channel to a learner's kernel, with the time that is left for it."""

    def __init__(self) -> None:
        self.channel: Channel | None = None
        self.left = 0.0
        self.waited = 0.0
        """Seconds spent waiting for the learner's kernel."""
        self.lost: BaseException | None = None
        """Why there can be no verdict, or no marks, whatever the test catches."""

    def refuse(self, why: str) -> None:
        """Give up on the test cell.

        Raises:
            UnjudgedError: Always.
        """
        self.lost = UnjudgedError(why)
        raise self.lost

    def hello(self, do: str = "hello") -> dict[str, Any]:
        """Return the kernel's token and Python version; with `restart`, after it has forgotten earlier tests."""
        return self.exchange({"op": "foreign", "do": do})

    def exchange(self, body: dict[str, Any]) -> dict[str, Any]:
        """Send a request and return the reply, a dict of whatever the other side likes.

        Raises:
            LostError: There is none that can be read.
        """
        clock = clock_of(self.channel)
        started, limit = clock(), max(self.left, 0.01)
        try:
            text = json.dumps(body)
            asked = perf_counter()
            answer = self.channel.request(text, limit)
            self.waited += perf_counter() - asked
            reply = json.loads(answer)
            if "ok" not in reply:
                kind = str(reply["error"]["type"])
                self.lose(f"its kernel could not be asked ({kind[:80]})", None, kind == "KeyboardInterrupt")
            found = json.loads(wire.loads(reply["ok"]))
            if not isinstance(found, dict):
                self.lose("the reply cannot be read", None)
            return found
        except KernelEndedError:
            self.lose("it ended its kernel", None, True)
        except TimeoutError as error:
            if clock() - started < limit * 0.9:  # an alarm of the test's own
                raise error
            self.lose("it took too long", None, True)
        except (ConnectionError, ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
            self.lose(f"the reply cannot be read ({type(error).__name__})", None)
        finally:
            self.left -= clock() - started

    def lose(self, text: str, cause: BaseException | None, is_stopped: bool = False) -> None:
        """Give up on the learner's kernel.

        Raises:
            LostError: Always.
        """
        self.lost = LostError(text, is_stopped)
        raise self.lost from cause
