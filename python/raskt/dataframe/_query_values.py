"""Expressions of SQL over the rows of a frame: values, and where conditions are true or false.

SQL's conditions have three outcomes, pandas' two: a condition is asked for where it is true or where it is
false, and neither is so where it is null. Nodes are those of sqlglot's trees, known by their keys.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from raskt.dataframe._op import is_frame
from raskt.dataframe._query_functions import FUNCTIONS, matched, unsupported

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

__all__ = ["Values", "as_one_dtype", "can_miss", "is_series", "unsupported"]

_COMPARED = {"eq": "eq", "neq": "ne", "lt": "lt", "lte": "le", "gt": "gt", "gte": "ge"}
_FLIPPED = {"eq": "eq", "ne": "ne", "lt": "gt", "le": "ge", "gt": "lt", "ge": "le"}
_OPPOSITE = {"eq": "ne", "ne": "eq", "lt": "ge", "le": "gt", "gt": "le", "ge": "lt"}
_TEXTS = ("like", "ilike", "escape", "regexplike", "startswith", "endswith", "contains")
_OUTCOMES = {
    *_COMPARED,
    *_TEXTS,
    *("and", "or", "not", "in", "between", "is", "exists", "boolean", "nullsafeeq", "nullsafeneq"),
}
_CONSTANT = "__raskt_constant"


def is_series(x: Any) -> bool:
    """Return whether a value is one of each row."""
    return is_frame(x) and x._expr.kind == "series"


def can_miss(x: Any) -> bool:
    """Return whether a value can be null."""
    if is_series(x):
        return not _is_numpy(x.dtype, "iub")
    return x is None or is_frame(x)


def _is_numpy(dtype: Any, kinds: str) -> bool:
    return type(dtype).__module__.startswith("numpy") and dtype.kind in kinds


def as_one_dtype(a: Any, b: Any) -> tuple[Any, Any]:
    """Return two values as numbers of one dtype: pandas keeps the first one's where the values let it."""
    if not is_series(a) or not is_frame(b) or a.dtype == b.dtype:
        return a, b
    if not _is_numpy(a.dtype, "iuf") or not _is_numpy(b.dtype, "iuf"):
        return a, b
    import numpy as np

    dtype = str(np.result_type(a.dtype, b.dtype))
    return a.astype(dtype), b.astype(dtype) if is_series(b) else b


class Values:
    """Expressions over the rows of one frame.

    Parameters
    ----------
    frame : DataFrame
        The rows.
    places : mapping
        The columns of the frame by the tables and names of the query.
    known : mapping, optional
        What is computed already, by the expression: aggregates, keys of groups and subqueries. It is a value;
        of a subquery in a condition, a column that says where it is true and one where it is false.
    """

    def __init__(
        self, frame: Any, places: Mapping[tuple[str, str], str], known: Mapping[Any, Any] | None = None
    ) -> None:
        self.frame, self.places, self.known = frame, places, known or {}

    # ---- values ----

    def value(self, node: Any) -> Any:
        """Return a series, a scalar that is to be computed, or a constant; None is null."""
        _check(node)
        if node in self.known:
            found = self.known[node]
            return self._outcome(node) if isinstance(found, tuple) else found
        if node.key in _OUTCOMES:
            return self._outcome(node)
        own = _VALUES.get(node.key)
        if own is not None:
            return own(self, node)
        function = FUNCTIONS.get(node.key)
        if function is None:
            raise unsupported(_construct(node), node)
        return function(self, node)

    def series(self, x: Any) -> Any:
        """Return a value as one of each row."""
        if is_series(x):
            return x
        if x is None:
            x = float("nan")
        return self.frame.assign(**{_CONSTANT: x})[_CONSTANT]

    def column(self, node: Any) -> Any:
        """Return a column of the frame.

        Raises
        ------
        ValueError
            If the frame does not have it: it is of no group, or of no table that is joined already.
        """
        label = self.places.get((node.table, node.name))
        if label is None:
            raise ValueError(f"the column {node.sql()} has to be in GROUP BY, or within an aggregate")
        return self.frame[label]

    def constant(self, node: Any) -> Any:
        """Return the value of an expression that has to be a constant."""
        found = self.value(node)
        if is_frame(found):
            raise unsupported("an expression of columns in the place of a constant", node)
        return found

    def choose(self, condition: Any, then: Any, other: Any) -> Any:
        """Return one value where a condition is true, and another one elsewhere."""
        if isinstance(condition, bool):
            return then if condition else other
        if then is None and other is None:
            return None
        if then is None:
            return self.series(other).where(~self.series(condition))
        then, other = as_one_dtype(self.series(then), other)
        condition = self.series(condition)
        return then.where(condition) if other is None else then.where(condition, other)

    def _outcome(self, node: Any) -> Any:
        true = self.truth(node, True)
        if isinstance(true, bool) and isinstance(false := self.truth(node, False), bool):
            return true if true or false else None
        if not self._may_be_null(node):
            return true
        return self.series(true).astype("boolean").where(self.series(self._or(true, self.truth(node, False))))

    def _may_be_null(self, node: Any) -> bool:
        if node.key in ("exists", "is", "nullsafeeq", "nullsafeneq", "boolean"):
            return False
        if node.key in ("and", "or", "not", "paren"):
            return any(self._may_be_null(x) for x in node.iter_expressions())
        if node.key not in _OUTCOMES:
            return can_miss(self.value(node))
        if node.args.get("query"):
            return True
        return any(can_miss(self.value(x)) for x in node.iter_expressions())

    # ---- conditions ----

    def truth(self, node: Any, wanted: bool) -> Any:
        """Return where a condition is true, or where it is false: a series or scalar, or a plain bool."""
        _check(node)
        found = self.known.get(node)
        if isinstance(found, tuple):
            return found[0 if wanted else 1]
        own = _CONDITIONS.get(node.key)
        if own is not None and found is None:
            return own(self, node, wanted)
        return self._of_value(self.value(node), wanted)

    def _of_value(self, x: Any, wanted: bool) -> Any:
        if x is None:
            return False
        if not is_frame(x):
            return bool(x) is wanted
        if is_series(x) and not _is_numpy(x.dtype, "b"):
            x = x.fillna(not wanted).astype("bool")
        return x if wanted else ~x

    def _and(self, a: Any, b: Any) -> Any:
        if isinstance(a, bool):
            return b if a else False
        if isinstance(b, bool):
            return a if b else False
        return a & b

    def _or(self, a: Any, b: Any) -> Any:
        if isinstance(a, bool):
            return True if a else b
        if isinstance(b, bool):
            return True if b else a
        return a | b

    def present(self, x: Any) -> Any:
        """Return where a value is not null."""
        if is_series(x):
            return x.notna() if can_miss(x) else True
        if is_frame(x):
            # What is equal to itself is there.
            return x == x
        return x is not None

    def compared(self, name: str, a: Any, b: Any) -> Any:
        """Return where two values are both there and compare so."""
        if a is None or b is None:
            return False
        a, b = self._alike(a, b)
        if not is_frame(a) and is_frame(b):
            a, b, name = b, a, _FLIPPED[name]
        found = getattr(a, f"__{name}__")(b)
        if is_series(found) and not _is_numpy(found.dtype, "b"):
            found = found.fillna(False).astype("bool")
        if name == "ne":
            found = self._and(found, self._and(self.present(a), self.present(b)))
        return found

    def _alike(self, a: Any, b: Any) -> tuple[Any, Any]:
        """Return two values of which a text is a time, where the other one is a time."""
        if isinstance(a, str) and self.is_time(b):
            return self.time(a), b
        if isinstance(b, str) and self.is_time(a):
            return a, self.time(b)
        return a, b

    @staticmethod
    def is_time(x: Any) -> bool:
        """Return whether a value is a point in time."""
        if is_frame(x):
            return getattr(x.dtype, "kind", "") == "M"
        return hasattr(x, "nanosecond") and hasattr(x, "year")

    @staticmethod
    def time(text: str) -> Any:
        """Return a text as a point in time."""
        import pandas as pd

        return pd.Timestamp(text)


# ---- kinds of nodes ----

#: What a node says beside its operands, by the kinds that take notice of it.
_ARGUMENTS = {
    "case": {"ifs", "default"},
    "if": {"true", "false"},
    "column": {"table"},
    "alias": {"alias"},
    "literal": {"is_string"},
    "interval": {"unit"},
    "between": {"low", "high"},
    "in": {"query"},
    "like": {"negate"},
    "ilike": {"negate"},
    "regexplike": {"full_match"},
    "round": {"decimals"},
    "substring": {"start", "length"},
    "trim": {"position"},
    "replace": {"replacement"},
    "strposition": {"substr"},
    "pad": {"fill_pattern", "is_left"},
    "div": {"typed"},
    "cast": {"to"},
    "trycast": {"to"},
    "datediff": {"unit", "date_part_boundary"},
    "dateadd": {"unit"},
    "datesub": {"unit"},
    "timestampadd": {"unit"},
    "timestampsub": {"unit"},
    "datetrunc": {"unit"},
    "timestamptrunc": {"unit"},
    "timetostr": {"format"},
    "concat": {"coalesce"},
    "greatest": {"ignore_nulls"},
    "least": {"ignore_nulls"},
}
#: What says nothing about a value that is there.
_OPERANDS = {"this", "expression", "expressions", "safe", "unabbreviate"}


def _check(node: Any) -> None:
    """Refuse what a node says if nobody takes notice of it."""
    known = _ARGUMENTS.get(node.key, set())
    for name, value in node.args.items():
        if value and name not in _OPERANDS and name not in known and _is_supported(node):
            raise unsupported(f"{_construct(node)} with {name}", node)


def _is_supported(node: Any) -> bool:
    return node.key in _OUTCOMES or node.key in _VALUES or node.key in FUNCTIONS


def _construct(node: Any) -> str:
    if node.key == "window":
        return "a window function (OVER)"
    return f"the function {node.name}" if node.key == "anonymous" else f"{type(node).__name__}"


def _literal(_: Values, node: Any) -> Any:
    if node.is_string:
        return node.this
    text = node.this
    return int(text) if text.isdigit() else float(text)


def _negative(values: Values, node: Any) -> Any:
    found = values.value(node.this)
    return None if found is None else -found


def _interval(values: Values, node: Any) -> Any:
    import pandas as pd

    amount, unit = str(values.constant(node.this)), (node.text("unit") or "").upper().rstrip("S")
    if not unit:
        return pd.Timedelta(amount)
    names = {"YEAR": "years", "MONTH": "months", "WEEK": "weeks", "DAY": "days"}
    names |= {"HOUR": "hours", "MINUTE": "minutes", "SECOND": "seconds"}
    if unit == "QUARTER":
        return pd.DateOffset(months=3 * int(amount))
    if unit not in names:
        raise unsupported(f"an interval of {unit}", node)
    is_calendar = unit in ("YEAR", "MONTH")
    steps: dict[str, Any] = {names[unit]: int(amount) if is_calendar else float(amount)}
    return pd.DateOffset(**steps) if is_calendar else pd.Timedelta(**steps)


def _case(values: Values, node: Any) -> Any:
    default = node.args.get("default")
    found = None if default is None else values.value(default)
    for branch in reversed(node.args["ifs"]):
        if node.this is None:
            condition = values.truth(branch.this, True)
        else:
            condition = values.compared("eq", values.value(node.this), values.value(branch.this))
        found = values.choose(condition, values.value(branch.args["true"]), found)
    return found


def _if(values: Values, node: Any) -> Any:
    other = node.args.get("false")
    then = values.value(node.args["true"])
    return values.choose(values.truth(node.this, True), then, None if other is None else values.value(other))


_VALUES: dict[str, Callable[[Values, Any], Any]] = {
    "column": Values.column,
    "literal": _literal,
    "null": lambda _values, _node: None,
    "paren": lambda values, node: values.value(node.this),
    "alias": lambda values, node: values.value(node.this),
    "neg": _negative,
    "interval": _interval,
    "case": _case,
    "if": _if,
}


def _comparison(values: Values, node: Any, wanted: bool) -> Any:
    name = _COMPARED[node.key]
    name = name if wanted else _OPPOSITE[name]
    return values.compared(name, values.value(node.this), values.value(node.expression))


def _both(values: Values, node: Any, wanted: bool) -> Any:
    combine = values._and if wanted else values._or
    return combine(values.truth(node.this, wanted), values.truth(node.expression, wanted))


def _either(values: Values, node: Any, wanted: bool) -> Any:
    combine = values._or if wanted else values._and
    return combine(values.truth(node.this, wanted), values.truth(node.expression, wanted))


def _between(values: Values, node: Any, wanted: bool) -> Any:
    x, low, high = (values.value(node.args[name]) for name in ("this", "low", "high"))
    if wanted:
        return values._and(values.compared("ge", x, low), values.compared("le", x, high))
    return values._or(values.compared("lt", x, low), values.compared("gt", x, high))


def _in(values: Values, node: Any, wanted: bool) -> Any:
    if node.args.get("unnest") or node.args.get("field"):
        raise unsupported("IN of an array", node)
    x = values.value(node.this)
    listed = [values.value(item) for item in node.expressions]
    has_null = None in listed
    listed = [item for item in listed if item is not None]
    if x is None or (has_null and not wanted):
        return False
    if is_series(x) and not any(is_frame(item) for item in listed):
        found = x.isin([values._alike(x, item)[1] for item in listed])
    else:
        found = False
        for item in listed:
            found = values._or(found, values.compared("eq", x, item))
    if wanted:
        return found
    found = not found if isinstance(found, bool) else ~found
    for item in (x, *(item for item in listed if is_frame(item))):
        found = values._and(found, values.present(item))
    return found


def _is(values: Values, node: Any, wanted: bool) -> Any:
    if node.expression.key == "null":
        there = values.present(values.value(node.this))
        if not wanted:
            return there
        return not there if isinstance(there, bool) else ~there
    if node.expression.key == "boolean":
        found = values.truth(node.this, bool(node.expression.this))
        if wanted:
            return found
        return not found if isinstance(found, bool) else ~found
    raise unsupported("IS of a value", node)


def _null_safe(values: Values, node: Any, wanted: bool) -> Any:
    a, b = values.value(node.this), values.value(node.expression)
    there, here = values.present(a), values.present(b)
    if (node.key == "nullsafeeq") is wanted:
        both_missing = values._and(_inverted(there), _inverted(here))
        return values._or(values.compared("eq", a, b), both_missing)
    one_missing = values._or(values._and(there, _inverted(here)), values._and(_inverted(there), here))
    return values._or(values.compared("ne", a, b), one_missing)


def _inverted(x: Any) -> Any:
    return not x if isinstance(x, bool) else ~x


def _text_condition(values: Values, node: Any, wanted: bool) -> Any:
    """Return where a text is like a pattern, or has another one in it."""
    escape = None
    if node.key == "escape":
        node, escape = node.this, values.constant(node.expression)
    if node.args.get("negate"):
        wanted = not wanted
    x, pattern = values.value(node.this), values.constant(node.expression)
    if x is None or pattern is None:
        return False
    found = matched(values, node, x, pattern, escape)
    if wanted:
        return found
    return values._and(_inverted(found), values.present(x))


_CONDITIONS: dict[str, Callable[[Values, Any, bool], Any]] = {
    **dict.fromkeys(_COMPARED, _comparison),
    **dict.fromkeys(("nullsafeeq", "nullsafeneq"), _null_safe),
    **dict.fromkeys(_TEXTS, _text_condition),
    "and": _both,
    "or": _either,
    "not": lambda values, node, wanted: values.truth(node.this, not wanted),
    "paren": lambda values, node, wanted: values.truth(node.this, wanted),
    "boolean": lambda _values, node, wanted: bool(node.this) is wanted,
    "between": _between,
    "in": _in,
    "is": _is,
}
