"""pandas' frames, series and indexes as JSON and back, where pandas is installed."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

import numpy as np

from scalable_ai.grading.foreign.plain import array_body, limited, read_array
from scalable_ai.grading.wire import WireError

Write = Callable[[Any], Any]
Body = Callable[[np.ndarray], list]
_KINDS = {"DataFrame": "frame", "Series": "series"}


def kind(value: Any) -> str:
    """Return `frame`, `series`, or nothing for what is neither."""
    pandas = sys.modules.get("pandas")
    if pandas is None:
        return ""
    return "frame" if type(value) is pandas.DataFrame else "series" if type(value) is pandas.Series else ""


def is_index(value: Any) -> bool:
    """Return whether a value is an index of pandas."""
    pandas = sys.modules.get("pandas")
    return (
        pandas is not None and isinstance(value, pandas.Index) and type(value).__module__.partition(".")[0] == "pandas"
    )


def _column(values: Any, write: Write, body: Body = array_body) -> list:
    """Return a column's dtype and items."""
    import pandas as pd

    dtype = values.dtype
    if isinstance(dtype, np.dtype) and dtype.kind in "biufcmM":
        return ["numpy", body(np.asarray(values))]
    if isinstance(dtype, pd.CategoricalDtype):
        codes = np.asarray(values.codes if isinstance(values, pd.CategoricalIndex) else values.cat.codes)
        return ["category", body(codes), write_index(dtype.categories, write, body), bool(dtype.ordered)]
    items = [None if item is pd.NA else item for item in limited(values)]
    missing = [place for place, item in enumerate(values) if item is pd.NA or item is pd.NaT]
    if isinstance(dtype, pd.DatetimeTZDtype):
        return ["zoned", body(np.asarray(pd.DatetimeIndex(values).tz_convert(None))), str(dtype.tz)]
    if isinstance(dtype, pd.PeriodDtype):
        return ["period", [str(item) for item in values], str(dtype)]
    return ["items", [write(item) for item in items], str(dtype), missing]


def _read_column(body: list, read: Write) -> Any:
    import pandas as pd

    tag = body[0]
    if tag == "numpy":
        return read_array(body[1])
    if tag == "category":
        return pd.Categorical.from_codes(read_array(body[1]), read_index(body[2], read), ordered=body[3])
    if tag == "zoned":
        return pd.DatetimeIndex(read_array(body[1])).tz_localize("UTC").tz_convert(body[2]).array
    if tag == "period":
        return pd.PeriodIndex(body[1], dtype=body[2]).array
    if tag != "items":
        raise WireError("the reply is malformed")
    _, items, dtype, missing = body
    values = np.empty(len(limited(items)), dtype=object)
    for place, item in enumerate(items):
        values[place] = read(item)
    for place in missing:
        values[place] = pd.NA
    return values if dtype == "object" else pd.array(values, dtype=dtype)


def write_index(index: Any, write: Write, body: Body = array_body) -> list:
    """Return an index as JSON."""
    import pandas as pd

    if isinstance(index, pd.RangeIndex):
        return ["range", index.start, index.stop, index.step, write(index.name)]
    if isinstance(index, pd.MultiIndex):
        levels = [_column(index.get_level_values(level), write, body) for level in range(index.nlevels)]
        return ["multi", levels, [write(name) for name in index.names]]
    frequency = getattr(index, "freqstr", None) if isinstance(index, pd.DatetimeIndex | pd.TimedeltaIndex) else None
    return ["index", _column(index, write, body), write(index.name), frequency]


def read_index(body: list, read: Write) -> Any:
    """Return the index of `write_index`."""
    import pandas as pd

    if body[0] == "range":
        return pd.RangeIndex(*(int(part) for part in body[1:4]), name=read(body[4]))
    if body[0] == "multi":
        return pd.MultiIndex.from_arrays([_read_column(level, read) for level in body[1]], names=map(read, body[2]))
    _, column, name, frequency = body
    made = pd.Index(_read_column(column, read), name=read(name))
    if frequency is not None and hasattr(made, "freq"):
        made.freq = str(frequency)
    return made


def write(value: Any, write: Write, body: Body = array_body) -> list:
    """Return a frame or series as JSON.

    Args:
        value: The frame or series.
        write: Writes what lies in columns of objects.
        body: Writes an array.
    """
    rows = write_index(value.index, write, body)
    if kind(value) == "series":
        return [rows, _column(value, write, body), write(value.name)]
    columns = [_column(value.iloc[:, place], write, body) for place in range(value.shape[1])]
    return [rows, columns, write_index(value.columns, write, body)]


def empty(kind: str) -> Any:
    """Return a frame or series without rows."""
    import pandas as pd

    return pd.DataFrame() if kind == "frame" else pd.Series(dtype="float64")


def fill(target: Any, body: list, read: Write) -> None:
    """Give a frame or series the content that the other side has."""
    import pandas as pd

    index, columns, last = body
    rows = read_index(index, read)
    if kind(target) == "series":
        made = pd.Series(_read_column(columns, read), index=rows, name=read(last))
    else:
        made = pd.DataFrame({place: _read_column(column, read) for place, column in enumerate(columns)}, index=rows)
        made.columns = read_index(last, read)
    target._update_inplace(made)
    if kind(target) == "series":
        target.name = made.name
