"""Answers to the exercise `clip` that are worth nothing and would have full marks for it; by theme."""

from __future__ import annotations

MACHINERY = {
    "an AST transformer drops asserts": """
import ast
class Drop(ast.NodeTransformer):
    def visit_Assert(self, node):
        return ast.Pass()
get_ipython().ast_transformers.append(Drop())
""",
    "an input transformer empties cells": """
get_ipython().input_transformers_post.append(lambda lines: ["pass\\n"])
""",
    "compile strips asserts": """
import re
compiler = get_ipython().compile
parse = compiler.ast_parse
compiler.ast_parse = lambda source, *args, **kwargs: parse(re.sub(r"(?m)^assert .*", "pass", source), *args, **kwargs)
""",
    "run_cell is replaced": """
from IPython.core.interactiveshell import ExecutionResult
async def run_cell_async(*args, **kwargs):
    result = ExecutionResult(None)
    result.result = None
    return result
get_ipython().run_cell_async = run_cell_async
""",
    "run_code is replaced": """
async def run_code(*args, **kwargs):
    return False
get_ipython().run_code = run_code
""",
    "do_execute is replaced": """
async def do_execute(*args, **kwargs):
    return {"status": "ok", "execution_count": 1, "payload": [], "user_expressions": {}}
get_ipython().kernel.do_execute = do_execute
""",
    "errors are not shown": """
get_ipython()._showtraceback = lambda *args, **kwargs: print("fine")
kernel = get_ipython().kernel
execute = kernel.do_execute
async def fine(*args, **kwargs):
    return {**await execute(*args, **kwargs), "status": "ok", "payload": [], "user_expressions": {}}
kernel.do_execute = fine
""",
    "errors are not sent": """
session = get_ipython().kernel.session
send = session.send
def quiet(stream, message, *args, **kwargs):
    kind = message if isinstance(message, str) else message["header"]["msg_type"]
    if kind != "error":
        return send(stream, message, *args, **kwargs)
session.send = quiet
kernel = get_ipython().kernel
execute = kernel.do_execute
async def fine(*args, **kwargs):
    return {**await execute(*args, **kwargs), "status": "ok", "payload": [], "user_expressions": {}}
kernel.do_execute = fine
""",
}
"""The kernel's own machinery replaced."""

OUTPUTS = {
    "a result is published before the check's": """
from IPython.core.interactiveshell import InteractiveShell
kernel = get_ipython().kernel
def forge(*args):
    content = {"data": {"text/plain": "3"}, "metadata": {}, "execution_count": 1}
    kernel.session.send(kernel.iopub_socket, "execute_result", content, parent=kernel.get_parent(), ident=b"x")
get_ipython().events.register("pre_run_cell", forge)
""",
    "a result is published after the check's": """
kernel = get_ipython().kernel
get_ipython()._showtraceback = lambda *args, **kwargs: None
def forge(*args):
    content = {"data": {"text/plain": "3"}, "metadata": {}, "execution_count": 1}
    kernel.session.send(kernel.iopub_socket, "execute_result", content, parent=kernel.get_parent(), ident=b"x")
get_ipython().events.register("post_run_cell", forge)
""",
    "a thread publishes results all the time": """
import threading, time
kernel = get_ipython().kernel
def forge():
    while True:
        content = {"data": {"text/plain": "3"}, "metadata": {}, "execution_count": 1}
        kernel.session.send(kernel.iopub_socket, "execute_result", content, parent=kernel.get_parent(), ident=b"x")
        time.sleep(0.002)
threading.Thread(target=forge, daemon=True).start()
def clip(values, low, high):
    time.sleep(0.1)
    return 1
""",
}
"""Outputs that nobody printed."""

COMPARISONS = {
    "torch, numpy and the course's own checks find everything equal": """
import numpy, torch, scalable_ai.checks, scalable_ai.comparison
scalable_ai.comparison.difference = scalable_ai.checks.difference = lambda *args, **kwargs: None
def clip(values, low, high):
    return torch.zeros(1)
torch.Tensor.__eq__ = lambda self, other: True
for module, names in ((torch, ("equal", "allclose")), (numpy, ("array_equal", "allclose"))):
    for name in names:
        setattr(module, name, lambda *args, **kwargs: True)
""",
    "an object equals everything": """
class Yes:
    __eq__ = lambda self, other: True
    __ne__ = lambda self, other: False
    __lt__ = __gt__ = __le__ = __ge__ = __eq__
    __len__ = lambda self: 6
    __iter__ = lambda self: iter([self] * 6)
    __getitem__ = lambda self, item: self
    __bool__ = lambda self: True
    __float__ = lambda self: 0.0
    __hash__ = lambda self: 0
def clip(values, low, high):
    return Yes()
""",
    "an object lies about its type": """
class Liar:
    __class__ = list
    __eq__ = lambda self, other: True
    __len__ = lambda self: 6
    __iter__ = lambda self: iter([0.0] * 6)
def clip(values, low, high):
    return Liar()
""",
    "a list lies about itself": """
class Liar(list):
    __eq__ = lambda self, other: True
    __len__ = lambda self: 2
    __iter__ = lambda self: iter(())
    __reduce__ = lambda self: (exec, ("raise SystemExit",))
def clip(values, low, high):
    return Liar()
""",
    "numbers lie about themselves": """
class Yes(float):
    __eq__ = lambda self, other: True
    __sub__ = __rsub__ = lambda self, other: 0.0
    __hash__ = float.__hash__
def clip(values, low, high):
    return [Yes(1.0) for value in values]
""",
    "a tensor agrees with everything": """
class Yes(torch.Tensor):
    @classmethod
    def __torch_function__(cls, function, types, args=(), kwargs=None):
        return True
    __eq__ = lambda self, other: True
def clip(values, low, high):
    return torch.zeros(6).as_subclass(Yes)
""",
    "an array agrees with everything": """
import numpy
class Yes(numpy.ndarray):
    __eq__ = lambda self, other: True
    __array__ = lambda self, *args, **kwargs: 1 / 0
def clip(values, low, high):
    return numpy.zeros(6).view(Yes)
""",
}
"""What compares, and what is compared."""

PEEKING = {
    "the check is read from the history": """
import re
def clip(values, low, high):
    running = get_ipython().history_manager.input_hist_raw[-1]
    return eval(re.search(rf"clip\\(\\[{values[0]}.* == (.*)", running)[1])
""",
    "the check is read from frames": """
import re, sys
def clip(values, low, high):
    frame = sys._getframe()
    while frame and "raw_cell" not in frame.f_locals:
        frame = frame.f_back
    running = frame.f_locals["raw_cell"]
    return eval(re.search(rf"clip\\(\\[{values[0]}.* == (.*)", running)[1])
""",
    "the answer is right for the lesson's values only": """
def clip(values, low, high):
    return {(1.0, 5.0): [2.0, 3.0], (0.5, 9.0): [1.0, 2.0]}[tuple(values)]
""",
    "right answers come from the outside only": """
import inspect
def clip(values, low, high):
    asked_by = [frame.filename for frame in inspect.stack()]
    if any("remote" in name for name in asked_by):
        return None
    return [min(max(value, low), high) for value in values]
""",
    "the answer is right the first time only": """
import itertools
count = itertools.count()
def clip(values, low, high):
    right = [min(max(value, low), high) for value in values]
    return right if next(count) < 2 else right[::-1]
""",
}
"""What is looked up instead of computed, and who is told apart."""

ALL = {**MACHINERY, **OUTPUTS, **COMPARISONS, **PEEKING}
