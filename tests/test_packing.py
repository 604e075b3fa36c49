"""Packed quiz options."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from scalable_ai.packing import pack, unpack

OPTIONS = st.dictionaries(st.sampled_from("ABCD"), st.tuples(st.booleans(), st.text()), min_size=1)


@given(OPTIONS)
def test_unpacking_gives_back_what_was_packed(options):
    assert unpack(pack(options)) == options


def test_packed_options_cannot_be_read_at_a_glance_and_are_the_same_each_time():
    options = {"B": (True, "It meets every other."), "A": (False, "It does not.")}
    packed = pack(options)
    assert "meets" not in packed
    assert "true" not in packed.lower()
    assert packed.isascii()
    assert packed == pack(dict(sorted(options.items())))
