"""A learner's process for tests: forked, runs cells as a kernel does, and answers a judge."""

from __future__ import annotations

import contextlib
import io
import json
import os
import socket
import traceback

import nbformat
from nbgrader.utils import determine_grade

from scalable_ai.grading import remote


class Forked:
    """A process with an IPython shell; also the channel to it."""

    def __init__(self, folder="."):
        ours, theirs = socket.socketpair()
        self.pid = os.fork()
        if self.pid == 0:
            try:
                ours.close()
                os.chdir(folder)
                _serve(theirs)
            except BaseException:
                traceback.print_exc()
            finally:
                os._exit(0)
        theirs.close()
        self._socket = ours
        self._lines = ours.makefile("rw", encoding="utf-8", newline="\n")

    def _ask(self, what, text):
        try:
            self._lines.write(json.dumps([what, text]) + "\n")
            self._lines.flush()
            answer = self._lines.readline()
        except OSError:
            answer = ""
        if not answer:
            raise ConnectionError
        return json.loads(answer)

    def run(self, source):
        """Run a cell and return its outputs."""
        try:
            return [nbformat.from_dict(output) for output in self._ask("cell", source)]
        except ConnectionError:
            return [nbformat.v4.new_output("error", ename="Ended", evalue="", traceback=[])]

    def request(self, text, timeout):
        """Put a judge's request."""
        self._socket.settimeout(timeout)
        try:
            return self._ask("request", text)
        except TimeoutError:
            raise TimeoutError from None
        finally:
            with contextlib.suppress(OSError):
                self._socket.settimeout(None)

    def close(self):
        """End the process."""
        with contextlib.suppress(OSError):
            self._socket.close()
        with contextlib.suppress(ProcessLookupError):
            os.kill(self.pid, 9)
        os.waitpid(self.pid, 0)

    def __enter__(self):
        return self

    def __exit__(self, *what):
        self.close()


def _serve(end):
    from IPython.core.interactiveshell import InteractiveShell

    InteractiveShell.clear_instance()
    shell = InteractiveShell.instance()
    shell.user_ns["__name__"] = "__main__"
    shell.enable_matplotlib = lambda *what: (None, None)
    with end, end.makefile("rw", encoding="utf-8", newline="\n") as lines:
        while line := lines.readline():
            what, text = json.loads(line)
            reply = remote.respond(shell.user_ns, text) if what == "request" else _outputs(shell, text)
            lines.write(json.dumps(reply) + "\n")
            lines.flush()


def _outputs(shell, source):
    out = io.StringIO()
    shown, raised = [], []
    shell._showtraceback = lambda kind, error, lines: raised.append(error)
    shell.displayhook.write_format_data = lambda data, metadata=None: shown.append(data["text/plain"])
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(io.StringIO()):
        result = shell.run_cell(source, store_history=True)
    raised += [error for error in (result.error_before_exec, result.error_in_exec) if error is not None]
    found = [
        nbformat.v4.new_output("error", ename=type(error).__name__, evalue=_text(error), traceback=[])
        for error in raised
    ]
    found += [
        nbformat.v4.new_output("execute_result", data={"text/plain": text}, execution_count=None) for text in shown
    ]
    return found


def _text(error):
    try:
        return str(error)
    except Exception:
        return ""


def marks(cell, outputs):
    """Return nbgrader's mark for a test cell's outputs."""
    copy = nbformat.from_dict(cell)
    copy.outputs = outputs
    return determine_grade(copy)[0]
