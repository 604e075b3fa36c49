"""What travels between the judge and a learner's kernel: by value, and nothing else."""

from __future__ import annotations

import contextlib
import json
import math
import random

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from scalable_ai.grading import wire

TORCH_DTYPES = list(wire._TORCH_DTYPES.values())
ARRAY_DTYPES = st.one_of(
    hnp.boolean_dtypes(),
    hnp.integer_dtypes(endianness="?"),
    hnp.floating_dtypes(endianness="?"),
    hnp.complex_number_dtypes(endianness="?"),
)
SHAPES = [(), (0,), (1,), (3,), (2, 3), (2, 0, 3), (1, 2, 1, 2)]

keys = st.one_of(st.text(max_size=5), st.integers(), st.booleans(), st.none(), st.tuples(st.integers(), st.text()))
leaves = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(), st.text(), st.binary(), st.complex_numbers(),
    st.sets(st.integers(), max_size=3),
)  # fmt: skip
plain_data = st.recursive(
    leaves,
    lambda inner: st.one_of(
        st.lists(inner, max_size=4), st.lists(inner, max_size=4).map(tuple), st.dictionaries(keys, inner, max_size=4)
    ),
    max_leaves=20,
)
json_data = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=8)),
    lambda inner: st.one_of(
        st.lists(inner, max_size=4),
        st.dictionaries(st.sampled_from([*"ltsdifcbx", "torch", "numpy", "scalar"]), inner, max_size=2),
    ),
    max_leaves=12,
)  # fmt: skip


def there_and_back(value):
    return wire.loads(wire.dumps(value))


def same(one, other):
    """Compare type and value; unlike `==`, NaN is NaN, and True is not 1."""
    if type(one) is not type(other):
        return False
    if isinstance(one, float):
        return repr(one) == repr(other)
    if isinstance(one, complex):
        return same(one.real, other.real) and same(one.imag, other.imag)
    if isinstance(one, list | tuple):
        return len(one) == len(other) and all(map(same, one, other))
    if isinstance(one, dict):
        return same(list(one), list(other)) and same(list(one.values()), list(other.values()))
    return one == other


@given(plain_data)
def test_plain_data_comes_back_with_type_and_value(value):
    assert same(there_and_back(value), value)


EDGES = [2**53 - 1, 2**53, -(2**53), 10**5000, -(7**9000), True, 1, -0.0, math.nan, -math.inf]


@pytest.mark.parametrize("value", EDGES, ids=range(len(EDGES)))
def test_numbers_at_the_edges(value):
    assert same(there_and_back(value), value)


@given(hnp.arrays(ARRAY_DTYPES, hnp.array_shapes(min_dims=0, min_side=0)))
def test_arrays_come_back_bit_by_bit(array):
    back = there_and_back(array)
    assert type(back) is np.ndarray
    assert (back.dtype, back.shape) == (array.dtype, array.shape)
    assert back.tobytes() == array.tobytes()
    assert back.flags.writeable


@pytest.mark.parametrize("dtype", ["b1", "i1", "u2", "i8", "f2", "f4", "f8", "c8", "c16"])
def test_numpy_scalars_keep_their_type(dtype):
    value = np.ones((), dtype)[()]
    back = there_and_back(value)
    assert type(back) is type(value)
    assert back == value


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("dtype", TORCH_DTYPES, ids=str)
def test_tensors_come_back_with_shape_and_dtype(dtype, shape):
    tensor = torch.randint(0, 2, shape).to(dtype)
    back = there_and_back(tensor)
    assert type(back) is torch.Tensor
    assert (back.dtype, back.shape) == (dtype, tensor.shape)
    assert torch.equal(back, tensor)


def test_tensors_that_are_views_or_in_a_graph():
    base = torch.arange(12.0).reshape(3, 4)
    pieces = torch.randn(3, dtype=torch.complex64).conj()
    for tensor in (base.T, base[::2, 1:], base.expand(2, 3, 4), torch.nn.Parameter(base), pieces, pieces.imag):
        back = there_and_back(tensor)
        assert torch.equal(back, tensor.detach())
        assert not back.requires_grad
    back = there_and_back(base)
    back += 1
    assert base[0, 0] == 0


def test_families_of_containers_become_their_plain_kind():
    assert there_and_back(range(3)) == [0, 1, 2]
    assert there_and_back(torch.Size([2, 3])) == (2, 3)
    assert there_and_back(frozenset({1})) == {1}
    assert there_and_back(np.array(["a", "b"])) == ["a", "b"]
    assert there_and_back(np.str_("a")) == "a"


@pytest.mark.parametrize(
    "value",
    [object(), print, torch.nn.Linear(1, 1), [object()], {"a": print}, {object(): 1}, (i for i in [1]),
     np.array([object()]), np.array(["2020-01-01"], "M8[D]"), torch.ones(2).to_sparse(), torch.ones(2, device="meta"),
     torch.float32, range(10**9), range(10**30), float],
)  # fmt: skip
def test_what_is_no_plain_data_is_refused(value):
    with pytest.raises(wire.WireError):
        wire.dumps(value)


def test_depth_and_size_are_limited_on_both_sides(monkeypatch):
    deep = 0
    for _ in range(wire.MAX_DEPTH):
        deep = [deep]
    assert there_and_back(deep) == deep
    with pytest.raises(wire.WireError, match="deep"):
        wire.dumps([deep])
    endless: list = []
    endless.append(endless)
    with pytest.raises(wire.WireError, match="deep"):
        wire.dumps(endless)
    monkeypatch.setattr(wire, "MAX_ITEMS", 10)
    assert len(there_and_back(list(range(10)))) == 10
    with pytest.raises(wire.WireError, match="large"):
        wire.dumps(list(range(11)))
    with pytest.raises(wire.WireError, match="large"):
        wire.loads(json.dumps({"l": list(range(11))}))
    with pytest.raises(wire.WireError, match="large"):
        wire.loads(json.dumps({"l": [{"l": [1] * 9}] * 9}))
    monkeypatch.setattr(wire, "MAX_TEXT", 100)
    with pytest.raises(wire.WireError, match="large"):
        wire.dumps("x" * 100)
    with pytest.raises(wire.WireError, match="large"):
        wire.loads('"' + "x" * 100 + '"')


@settings(max_examples=300)
@given(json_data.map(json.dumps))
def test_any_json_is_read_or_refused(text):
    with contextlib.suppress(wire.WireError):
        wire.loads(text)


@given(st.text())
def test_any_text_is_read_or_refused(text):
    with contextlib.suppress(wire.WireError):
        wire.loads(text)


@settings(max_examples=200)
@given(st.sampled_from(["torch", "numpy", "scalar"]), st.data())
def test_a_garbled_array_is_read_or_refused(tag, data):
    name = data.draw(
        st.sampled_from(["float32", "bool", "<f4", "|b1", "O", "|V4", "<U2", "f4,f4", ">M8[s]", "", None, 7])
    )
    shape = data.draw(st.one_of(st.lists(st.one_of(st.integers(), st.booleans(), st.floats()), max_size=4), st.none()))
    body = data.draw(st.sampled_from(["", "AAAA", "AAAAAAAA", "AAAAAA==", "not base64", None, 3]))
    try:
        value = wire.loads(json.dumps({tag: [name, shape, body]}))
    except wire.WireError:
        return
    assert value.nbytes <= 8
    assert tag == "torch" or value.dtype.kind in "biufc"


@pytest.mark.parametrize(
    "reply",
    ["[" * 100_000, '{"l":' * 5_000 + "1" + "}" * 5_000, '{"l":[' * 30 + "]}" * 30, '{"i": "' + "f" * 9 + 'g"}',
     '{"i": Infinity}', '{"i": [1]}', '{"f": "1e3"}', '{"f": 1}', '{"f": "nan(ind)"}', '{"c": ["1"]}', '{"b": "é"}',
     '{"d": ["ab"]}', '{"d": [[[], 1]]}', '{"d": [[{"l": []}, 1]]}', '{"s": [{"l": []}]}', '{"s": [{"d": []}]}', "{}",
     '{"l": [], "t": []}', '{"numpy": ["<f4", [1000000000000], ""]}', '{"numpy": ["<f4", [-1, -1], "AAAA"]}',
     '{"numpy": ["<i8", [true], "AAAAAAAAAAA="]}',
     '{"pickle": "gASVAAAA"}', "", "nul", None, b"1", 7],
    ids=lambda reply: str(reply)[:25],
)  # fmt: skip
def test_hostile_replies_raise_only_wire_errors(reply):
    with pytest.raises(wire.WireError):
        wire.loads(reply)


def test_no_reply_is_unpickled_and_nothing_is_imported(monkeypatch):
    import pickle

    monkeypatch.setattr(pickle, "loads", lambda *_: pytest.fail("unpickled"))
    monkeypatch.setattr(pickle, "load", lambda *_: pytest.fail("unpickled"))
    rng = random.Random(0)
    good = wire.dumps({"a": torch.ones(3), "b": [np.ones(2), "x"]})
    for _ in range(300):
        text = list(good)
        text[rng.randrange(len(text))] = rng.choice('[]{}",:0a')
        with contextlib.suppress(wire.WireError):
            wire.loads("".join(text))
