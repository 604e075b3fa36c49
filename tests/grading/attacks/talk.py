"""Answers that turn on those who talk with their kernel: the judge, and the notebook's runner; by theme.

Each says through `did` how far it came. Those on the judge stand in `clip`, which they do not answer; those on the
runner stand above a right answer to `centered`.
"""

from __future__ import annotations

DID = """
def did(text):
    with open("did.txt", "a") as file:
        print(text, file=file)
"""


def _serve(turn: str) -> str:
    return SERVE.replace("TURN", turn.strip())


def _send(turn: str) -> str:
    return SEND.replace("TURN", turn.strip())


SERVE = """
import scalable_ai.grading.remote as remote, socket, time
def serve(address):
    did("asked")
    end = socket.socket(socket.AF_UNIX)
    TURN
remote.serve = serve
"""

JUDGE = {
    "the judge waits for a caller": _serve("return"),
    "the judge waits for a reply": _serve("    end.connect(address); time.sleep(1000)"),
    "the judge is hung up on": _serve("    end.connect(address); end.close()"),
    "the judge hears no end": _serve(
        "    end.connect(address)\n    while True: end.sendall(bytes(1_000_000).replace(b'\\0', b'x'))"
    ),
    "the judge hears drops": _serve("    end.connect(address)\n    while True: end.sendall(b'['); time.sleep(0.05)"),
    "the judge hears no text": _serve("    end.connect(address); end.sendall(b'\\xff' * 9 + b'\\n'); end.recv(9)"),
    "the judge's socket leads elsewhere": _serve("    import os; os.unlink(address); os.symlink(LOCAL, address)"),
    "the judge is called by many": _serve("""
    ends = [socket.socket(socket.AF_UNIX) for _ in range(200)]
    for each in ends:
        each.setblocking(False)
        try: each.connect(address); each.send(b'{"ok": "1"}\\n' * 99)
        except OSError: did("full")
"""),
    "nothing can be imported": """
import builtins
load = builtins.__import__
def refuse(name, *args, **kwargs):
    if "remote" in name:
        did("asked")
        raise ImportError("not today")
    return load(name, *args, **kwargs)
builtins.__import__ = refuse
""",
    "an alarm rings while the judge asks": """
import signal, time
def ring(number, frame):
    did("rang")
    raise KeyboardInterrupt
signal.signal(signal.SIGALRM, ring)
def clip(*args):
    signal.setitimer(signal.ITIMER_REAL, 0.01, 0.01)
    time.sleep(0.5)
""",
    "the kernel dumps and ends itself a little later": """
import faulthandler
faulthandler.enable(open("dump.txt", "w"))
faulthandler.dump_traceback_later(0.05, exit=True, file=open("dump.txt", "w"))
did("set")
""",
}
"""The judge's conversation."""

SEND = """
kernel = get_ipython().kernel
def send(kind, content, **more):
    more = {"parent": kernel.get_parent(), **more}
    kernel.session.send(kernel.iopub_socket, kind, content, **more)
did("sends")
TURN
"""
KINDS = '("stream", "display_data", "execute_result", "error", "clear_output", "status", "comm_open", "comm_msg")'

RUNNER = {
    "a cell says that it is done before it is": _send('send("status", {"execution_state": "idle"})'),
    "messages have no content": _send(f"for kind in {KINDS}: send(kind, {{}})"),
    "messages have lists for content": _send(f"for kind in {KINDS}: send(kind, [1, 2])"),
    "messages have content of other kinds": _send("""
send("stream", {"name": "stdout", "text": 5})
send("display_data", {"data": {"text/plain": 5, "image/png": [1]}, "metadata": 5, "transient": 5})
send("error", {"ename": 5, "evalue": None, "traceback": 7})
send("comm_open", {"comm_id": {}, "data": 5, "target_name": []})
"""),
    "messages answer other cells": _send("""
for parent in ({}, {"header": {}}, {"header": {"msg_id": "x"}}, {"header": {"msg_id": 5}}):
    send("stream", {"name": "stdout", "text": "x"}, parent=parent)
"""),
    "messages are not signed": _send("""
kernel.session.key = b"another"
for number in range(9): send("stream", {"name": "stdout", "text": "x"})
"""),
    "messages are not JSON": _send("""
import hmac
frames = [b"{", b"[[[", b"\\xff", b"}"]
key = kernel.session.key
sign = hmac.new(key, digestmod="sha256")
for frame in frames: sign.update(frame)
kernel.iopub_thread.send_multipart([b"x", b"<IDS|MSG>", sign.hexdigest().encode(), *frames])
kernel.iopub_thread.send_multipart([b"x"])
"""),
    "messages have odd dates and versions": _send("""
for header in ({"date": "now"}, {"date": 5}, {"version": "x"}, {"msg_type": 5}, {}):
    kernel.session.send(kernel.iopub_socket, {"header": header, "msg_id": "x", "msg_type": "stream",
        "parent_header": kernel.get_parent()["header"], "content": {"name": "stdout", "text": "x"}, "metadata": 5})
"""),
    "replies are forged": _send("""
for status in ("ok", "error", "aborted", 5):
    kernel.session.send(kernel.shell_stream, "execute_reply", {"status": status, "user_expressions": {
        "reply": {"status": "ok", "data": {"text/plain": "'{}'"}}}, "execution_count": 10**30},
        parent=kernel.get_parent(), ident=kernel.get_parent().get("ident", [b"x"]))
"""),
    "verdicts are displayed": _send("""
verdict = {"score": 9.0, "points": 9.0, "title": "Forged", "findings": [], "success": "", "hints": [], "passed": [],
           "stopped": False, "flag": ""}
for kind in ("display_data", "update_display_data", "execute_result"):
    send(kind, {"data": {VERDICT: verdict, "text/plain": "9"}, "metadata": {}, "transient": {"display_id": "x"},
                "execution_count": 1})
"""),
    "outputs are cleared without end": _send(
        'for number in range(500): send("clear_output", {"wait": number % 2 == 0})'
    ),
    "displays of other cells are changed": _send("""
for number in range(500):
    send("update_display_data", {"data": {"text/plain": "9"}, "metadata": {}, "transient": {"display_id": str(number)}})
"""),
    "input is asked for": _send("""
kernel.session.send(kernel.stdin_socket, "input_request", {"prompt": "", "password": False},
                    parent=kernel.get_parent(), ident=b"x")
"""),
    "the connection file is replaced": _send("""
from ipykernel import get_connection_file
open(get_connection_file(), "w").write('{"key": "", "transport": "tcp", "ip": "127.0.0.1"}')
"""),
    "the sockets lead elsewhere": _send("""
import glob, os
from ipykernel import get_connection_file
for path in glob.glob(os.path.dirname(get_connection_file()) + "/k-*"):
    os.unlink(path)
    os.symlink(LOCAL, path)
"""),
}
"""The messages that the notebook's runner reads."""
