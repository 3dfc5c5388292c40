"""SQL's operators and functions of values, by those of pandas."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from raskt.dataframe._op import is_frame
from raskt.dataframe.parsing import to_datetime, to_timedelta

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["FUNCTIONS", "matched", "unsupported"]


def unsupported(what: str, node: Any) -> NotImplementedError:
    """Return the error about a part of SQL that is not there."""
    return NotImplementedError(f"{what} in SQL is not supported: {node.sql()}")


# ---- numbers ----


def _is_whole(x: Any) -> bool:
    if is_frame(x):
        return getattr(x.dtype, "kind", "") in "iu"
    return isinstance(x, int)


def _arithmetic(values: Any, node: Any) -> Any:
    a, b = values.value(node.this), values.value(node.expression)
    if a is None or b is None:
        return None
    if isinstance(a, str) and values.is_time(b):
        a = values.time(a)
    if node.key == "add":
        return b + a if is_frame(b) and not is_frame(a) else a + b
    if node.key == "sub":
        return a - b
    return a * b


def _divided(values: Any, node: Any) -> Any:
    a, b = values.value(node.this), values.value(node.expression)
    if a is None or b is None:
        return None
    if node.key == "intdiv" or (node.args.get("typed") and _is_whole(a) and _is_whole(b)):
        return _quotient(a, b)
    if not is_frame(a) and not is_frame(b):
        return a / b if b else None
    return a / b


def _quotient(a: Any, b: Any) -> Any:
    """Return the whole part of a quotient: SQL cuts it off towards zero, Python's goes down."""
    if not is_frame(a) and not is_frame(b):
        return int(a / b) if b else None
    remains = (a % b) != 0
    return a // b + (remains & ((a < 0) ^ (b < 0))).astype("int64")


def _remainder(values: Any, node: Any) -> Any:
    """Return what remains of a division, with the sign of the dividend: Python has the divisor's."""
    a, b = values.value(node.this), values.value(node.expression)
    if a is None or b is None:
        return None
    if not is_frame(a) and not is_frame(b):
        return a - b * int(a / b) if b else None
    remains = a % b
    return remains - b * ((remains != 0) & ((a < 0) ^ (b < 0))).astype("int64")


def _by_numpy(name: str) -> Callable[[Any, Any], Any]:
    def function(values: Any, node: Any) -> Any:
        import numpy as np

        x = values.value(node.this)
        return None if x is None else getattr(np, name)(x)

    return function


def _rounded(values: Any, node: Any) -> Any:
    x, decimals = values.value(node.this), node.args.get("decimals")
    n = 0 if decimals is None else values.constant(decimals)
    if x is None:
        return None
    return x.round(n) if is_frame(x) and x._expr.kind == "series" else round(x, n)


def _power(values: Any, node: Any) -> Any:
    a, b = values.value(node.this), values.value(node.expression)
    return None if a is None or b is None else a**b


def _logarithm(values: Any, node: Any) -> Any:
    """Return a logarithm: ``log(x)`` is of base 10, as sqlglot's trees have it ``log(base, x)``."""
    import numpy as np

    if node.args.get("expression") is None:
        return np.log10(values.value(node.this))
    return np.log(values.value(node.expression)) / np.log(values.value(node.this))


# ---- what is missing, and choices ----


def _first_there(values: Any, node: Any) -> Any:
    found: Any = None
    for item in reversed([node.this, *node.expressions]):
        x = values.value(item)
        if x is None:
            continue
        if found is None or not is_frame(x) or values.present(x) is True:
            found = x
        else:
            found = values.choose(values.present(x), x, found) if is_frame(found) else x.fillna(found)
    return found


def _null_if(values: Any, node: Any) -> Any:
    x = values.value(node.this)
    return values.choose(values.compared("eq", x, values.value(node.expression)), None, x)


def _extreme(name: str) -> Callable[[Any, Any], Any]:
    def function(values: Any, node: Any) -> Any:
        found: Any = None
        for item in [node.this, *node.expressions]:
            x = values.value(item)
            if x is None or found is None:
                found = x if found is None else found
                continue
            missing = values.present(found)
            better = values._or(
                values.compared(name, x, found), not missing if isinstance(missing, bool) else ~missing
            )
            found = values.choose(better, x, found)
        return found

    return function


# ---- text ----


def matched(values: Any, node: Any, x: Any, pattern: str, escape: str | None) -> Any:
    """Return where a text is like a pattern, matches one, or has a text in it."""
    if not is_frame(x):
        x = values.series(x)
    if node.key == "startswith":
        return x.str.startswith(pattern)
    if node.key == "endswith":
        return x.str.endswith(pattern)
    if node.key == "contains":
        return x.str.contains(pattern, regex=False)
    if node.key == "regexplike":
        return x.str.fullmatch(pattern) if node.args.get("full_match") else x.str.contains(pattern)
    parts = _parts(pattern, escape)
    texts = [part for part in parts if part not in (_ANY, _ONE)]
    if node.key == "like" and _ONE not in parts and len(texts) <= 1:
        text = str(texts[0]) if texts else ""
        begins, ends = bool(parts) and parts[0] is _ANY, bool(parts) and parts[-1] is _ANY
        if begins and ends:
            return x.str.contains(text, regex=False)
        if ends:
            return x.str.startswith(text)
        if begins:
            return x.str.endswith(text)
        return x == text
    flags = "(?is)" if node.key == "ilike" else "(?s)"
    kinds = {_ANY: ".*", _ONE: "."}
    begins, ends = parts[:1] == [_ANY], parts[-1:] == [_ANY]
    inner = parts[1 if begins else 0 : len(parts) - 1 if ends else len(parts)]
    text = "".join(kinds.get(part) or re.escape(part) for part in inner)
    if begins and ends:
        return x.str.contains(flags + text)
    return x.str.fullmatch(flags + (".*" if begins else "") + text + (".*" if ends else ""))


#: What stands in patterns for any text, and for any one character.
_ANY, _ONE = "\0any", "\0one"


def _parts(pattern: str, escape: str | None) -> list[str]:
    """Return the parts of a pattern of LIKE: texts, and what stands for others."""
    found: list[str] = []
    text, at = "", 0
    while at < len(pattern):
        letter = pattern[at]
        if escape and letter == escape and at + 1 < len(pattern):
            at += 1
            text += pattern[at]
        elif letter in "%_":
            found += [text] if text else []
            text = ""
            kind = _ANY if letter == "%" else _ONE
            if not (kind is _ANY and found[-1:] == [_ANY]):
                found.append(kind)
        else:
            text += letter
        at += 1
    return [*found, text] if text else found


def _text(name: str, *arguments: str) -> Callable[[Any, Any], Any]:
    """Return a function of text that is pandas' method, with constants for arguments."""

    def function(values: Any, node: Any) -> Any:
        x = values.value(node.this)
        given = [values.constant(node.args[key]) for key in arguments if node.args.get(key) is not None]
        return None if x is None else getattr(values.series(x).str, name)(*given)

    return function


def _substring(values: Any, node: Any) -> Any:
    x, length = values.value(node.this), node.args.get("length")
    start = values.constant(node.args["start"]) if node.args.get("start") is not None else 1
    if x is None:
        return None
    begin = start - 1 if start > 0 else start
    if start == 0 or (start < 0 and length is not None):
        raise unsupported("a substring from the end, with a length", node)
    return values.series(x).str.slice(begin, None if length is None else begin + values.constant(length))


def _end(values: Any, node: Any) -> Any:
    x, n = values.value(node.this), values.constant(node.expression)
    if n < 0:
        raise unsupported("a negative number of characters", node)
    if n == 0:
        return values.series(x).str.slice(0, 0)
    return values.series(x).str.slice(*((0, n) if node.key == "left" else (-n, None)))


def _trimmed(values: Any, node: Any) -> Any:
    names = {"": "strip", "BOTH": "strip", "LEADING": "lstrip", "TRAILING": "rstrip"}
    letters = node.args.get("expression")
    given = [" " if letters is None else values.constant(letters)]
    return getattr(values.series(values.value(node.this)).str, names[node.text("position").upper()])(*given)


def _replaced(values: Any, node: Any) -> Any:
    old, new = (values.constant(node.args[name]) for name in ("expression", "replacement"))
    return values.series(values.value(node.this)).str.replace(old, new, regex=False)


def _reversed(values: Any, node: Any) -> Any:
    return values.series(values.value(node.this)).str.slice(None, None, -1)


def _place(values: Any, node: Any) -> Any:
    return values.series(values.value(node.this)).str.find(values.constant(node.args["substr"])) + 1


def _padded(values: Any, node: Any) -> Any:
    width, fill = values.constant(node.expression), node.args.get("fill_pattern")
    letter = " " if fill is None else values.constant(fill)
    if len(letter) != 1:
        raise unsupported("padding with several characters", node)
    x = values.series(values.value(node.this)).str
    padded = x.rjust(width, letter) if node.args.get("is_left") else x.ljust(width, letter)
    return padded.str.slice(0, width)


def _as_text(x: Any) -> Any:
    if is_frame(x):
        return x if str(x.dtype) in ("str", "string", "object") else x.astype("str")
    return x if isinstance(x, str) else str(x)


def _joined(values: Any, node: Any) -> Any:
    """Return texts after one another: null with ``||`` where one is, and passed by in ``concat``."""
    items = [node.this, node.expression] if node.key == "dpipe" else node.expressions
    found = [values.value(item) for item in items]
    if node.key == "concat":
        skips = node.args.get("coalesce")
        found = [x for x in found if x is not None] if skips else found
        if skips:
            found = [
                _as_text(x).fillna("") if is_frame(x) and values.present(x) is not True else x for x in found
            ]
    if any(x is None for x in found):
        return None
    found = [_as_text(x) for x in found]
    total = found[0]
    for x in found[1:]:
        total = total + x
    return total


# ---- times ----


def _times(values: Any, x: Any) -> Any:
    """Return values as points in time."""
    import pandas as pd

    if isinstance(x, str):
        return pd.Timestamp(x)
    return x if values.is_time(x) else to_datetime(values.series(x))


_PARTS = {
    **{name: name for name in ("year", "month", "day", "hour", "minute", "quarter")},
    "second": "second",
    "dayofyear": "day_of_year",
    "doy": "day_of_year",
    "dayofmonth": "day",
}


def _part(values: Any, x: Any, name: str, node: Any) -> Any:
    """Return a part of points in time by its name."""
    if x is None:
        return None
    x = _times(values, x)
    of = x.dt if is_frame(x) else x
    name = name.lower()
    if name in _PARTS:
        return getattr(of, _PARTS[name])
    if name in ("dow", "dayofweek", "weekday"):
        return (of.day_of_week + 1) % 7
    if name == "isodow":
        return of.day_of_week + 1
    if name == "week" and is_frame(x):
        return of.isocalendar().week.astype("int64")
    if name == "epoch":
        import pandas as pd

        spans = x - pd.Timestamp(0)
        return spans.dt.total_seconds() if is_frame(x) else spans.total_seconds()
    raise unsupported(f"the part {name} of a time", node)


def _part_of(name: str) -> Callable[[Any, Any], Any]:
    return lambda values, node: _part(values, values.value(node.this), name, node)


_UNITS = {"DAY": "D", "HOUR": "h", "MINUTE": "min", "SECOND": "s"}


def _truncated(values: Any, node: Any) -> Any:
    unit, x = node.text("unit").upper(), values.value(node.this)
    return None if x is None else _floor(_times(values, x), unit, node)


def _floor(x: Any, unit: str, node: Any) -> Any:
    import pandas as pd

    of = x.dt if is_frame(x) else x
    if unit in _UNITS:
        return of.floor(_UNITS[unit])
    day = of.floor("D")
    if unit not in ("WEEK", "MONTH", "QUARTER", "YEAR"):
        raise unsupported(f"date_trunc of {unit}", node)
    if unit == "WEEK":
        past = of.day_of_week
    elif unit == "MONTH":
        past = of.day - 1
    elif unit == "YEAR":
        past = of.day_of_year - 1
    elif is_frame(x):
        return x.dt.tz_localize(None).dt.to_period("Q").dt.to_timestamp()
    else:
        return pd.Period(x, "Q").start_time
    if not is_frame(x):
        return day - pd.Timedelta(days=past)
    return day - to_timedelta(past, unit="D")


def _span(values: Any, node: Any) -> Any:
    """Return how many bounds of a unit lie between two times."""
    unit = node.text("unit").upper() or "DAY"
    later, earlier = (_times(values, values.value(x)) for x in (node.this, node.expression))
    if unit in ("YEAR", "QUARTER", "MONTH"):
        years = _part(values, later, "year", node) - _part(values, earlier, "year", node)
        if unit == "YEAR":
            return years
        per_year, part = (4, "quarter") if unit == "QUARTER" else (12, "month")
        return years * per_year + (_part(values, later, part, node) - _part(values, earlier, part, node))
    if unit not in _UNITS:
        raise unsupported(f"date_diff of {unit}", node)
    import pandas as pd

    spans = _floor(later, unit, node) - _floor(earlier, unit, node)
    return spans // pd.Timedelta(f"1{_UNITS[unit]}")


def _moved(values: Any, node: Any) -> Any:
    import pandas as pd

    x, amount = _times(values, values.value(node.this)), values.value(node.expression)
    if isinstance(amount, int):
        unit = (node.text("unit") or "DAY").upper()
        if unit not in ("DAY", "WEEK", "MONTH", "YEAR"):
            raise unsupported(f"steps of {unit}", node)
        steps: dict[str, Any] = {f"{unit.lower()}s": amount}
        amount = pd.DateOffset(**steps)
    return x - amount if node.key in ("datesub", "timestampsub", "tsordssub") else x + amount


def _month_end(values: Any, node: Any) -> Any:
    import pandas as pd

    first = _floor(_times(values, values.value(node.this)), "MONTH", node)
    return first + pd.DateOffset(months=1) - pd.Timedelta(days=1)


def _formatted(values: Any, node: Any) -> Any:
    x = _times(values, values.value(node.this))
    form = values.constant(node.args["format"])
    return x.dt.strftime(form) if is_frame(x) else x.strftime(form)


def _now(_: Any, node: Any) -> Any:
    import pandas as pd

    now = pd.Timestamp.now()
    return now.normalize() if node.key == "currentdate" else now


# ---- casts ----

_POINTS = {
    *("DATE", "DATETIME", "TIMESTAMP", "TIMESTAMPNTZ"),
    *("TIMESTAMP_S", "TIMESTAMP_MS", "TIMESTAMP_NS"),
}


def _cast(values: Any, node: Any) -> Any:
    x, to = values.value(node.this), node.args["to"].this.name
    if x is None:
        return None
    if to in _POINTS:
        x = _times(values, x)
        return _floor(x, "DAY", node) if to == "DATE" else x
    if node.key == "trycast":
        raise unsupported("TRY_CAST to other types than times", node)
    if to in ("FLOAT", "REAL", "DOUBLE", "DECIMAL"):
        return _typed(x, "float32" if to == "FLOAT" else "float64", float)
    if to in ("TEXT", "VARCHAR", "CHAR", "NVARCHAR"):
        return _as_text(x)
    if to == "BOOLEAN":
        return _typed(x, "boolean" if values.present(x) is not True else "bool", bool)
    widths = {"TINYINT": 8, "SMALLINT": 16, "INT": 32, "BIGINT": 64}
    if to not in widths:
        raise unsupported(f"a cast to {to}", node)
    if not is_frame(x):
        return round(float(x)) if isinstance(x, str) else round(x)
    if getattr(x.dtype, "kind", "") == "f":
        x = x.round()
    # Integers of NumPy have no missing value.
    missing = values.present(x) is not True
    return x.astype(f"Int{widths[to]}" if missing else f"int{widths[to]}")


def _typed(x: Any, dtype: str, plain: Callable[[Any], Any]) -> Any:
    return x.astype(dtype) if is_frame(x) else plain(x)


FUNCTIONS: dict[str, Callable[[Any, Any], Any]] = {
    **dict.fromkeys(("add", "sub", "mul"), _arithmetic),
    **dict.fromkeys(("div", "intdiv"), _divided),
    **{name: _by_numpy(name) for name in ("sqrt", "exp", "sign", "floor", "ceil")},
    **{name: _by_numpy(name) for name in ("sin", "cos", "tan")},
    **dict.fromkeys(("dateadd", "datesub", "timestampadd", "timestampsub", "tsordsadd"), _moved),
    **dict.fromkeys(("timestamptrunc", "datetrunc"), _truncated),
    **dict.fromkeys(("cast", "trycast"), _cast),
    **dict.fromkeys(("currentdate", "currenttimestamp"), _now),
    **dict.fromkeys(("left", "right"), _end),
    **dict.fromkeys(("concat", "dpipe"), _joined),
    **{name: _part_of(name) for name in ("year", "month", "day", "hour", "minute", "second", "quarter")},
    **{name: _part_of(name) for name in ("dayofyear", "dayofmonth", "week")},
    "dayofweek": _part_of("dow"),
    "dayofweekiso": _part_of("isodow"),
    "weekofyear": _part_of("week"),
    "mod": _remainder,
    "abs": _by_numpy("abs"),
    "ln": _by_numpy("log"),
    "log": _logarithm,
    "pow": _power,
    "round": _rounded,
    "coalesce": _first_there,
    "nullif": _null_if,
    "greatest": _extreme("gt"),
    "least": _extreme("lt"),
    "lower": _text("lower"),
    "upper": _text("upper"),
    "length": _text("len"),
    "substring": _substring,
    "trim": _trimmed,
    "replace": _replaced,
    "reverse": _reversed,
    "strposition": _place,
    "pad": _padded,
    "extract": lambda values, node: _part(values, values.value(node.expression), node.this.name, node),
    "datediff": _span,
    "lastday": _month_end,
    "timetostr": _formatted,
    "tsordstodate": lambda values, node: _floor(_times(values, values.value(node.this)), "DAY", node),
    "date": lambda values, node: _floor(_times(values, values.value(node.this)), "DAY", node),
}
