"""Element-wise functions."""

# ruff: noqa: A001 - NumPy's names
from __future__ import annotations

import builtins
import functools
import operator
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np

from raskt import _raskt
from raskt._kept import kept
from raskt.array import cumulative, reductions
from raskt.array._base import dtype_parameter
from raskt.array._chunk import frompyfunc as frompyfunc_of_blocks
from raskt.array._chunk import piecewise as of_blocks
from raskt.array._op import op, promoted
from raskt.array._out import into
from raskt.array.blockwise import blockwise
from raskt.array.conversion import asanyarray, asarray
from raskt.array.searching import where

if TYPE_CHECKING:
    from raskt.array.core import Array

__all__ = [
    "abs",
    "absolute",
    "add",
    "angle",
    "arccos",
    "arccosh",
    "arcsin",
    "arcsinh",
    "arctan",
    "arctan2",
    "arctanh",
    "around",
    "bitwise_and",
    "bitwise_count",
    "bitwise_not",
    "bitwise_or",
    "bitwise_xor",
    "cbrt",
    "ceil",
    "choose",
    "clip",
    "conj",
    "conjugate",
    "copysign",
    "cos",
    "cosh",
    "deg2rad",
    "degrees",
    "divide",
    "divmod",
    "equal",
    "exp",
    "exp2",
    "expm1",
    "fabs",
    "fix",
    "float_power",
    "floor",
    "floor_divide",
    "fmax",
    "fmin",
    "fmod",
    "frexp",
    "frompyfunc",
    "gcd",
    "greater",
    "greater_equal",
    "heaviside",
    "hypot",
    "i0",
    "imag",
    "invert",
    "isfinite",
    "isinf",
    "isnan",
    "isnat",
    "lcm",
    "ldexp",
    "left_shift",
    "less",
    "less_equal",
    "log",
    "log1p",
    "log2",
    "log10",
    "logaddexp",
    "logaddexp2",
    "logical_and",
    "logical_not",
    "logical_or",
    "logical_xor",
    "maximum",
    "minimum",
    "mod",
    "modf",
    "multiply",
    "negative",
    "nextafter",
    "not_equal",
    "piecewise",
    "positive",
    "power",
    "rad2deg",
    "radians",
    "real",
    "reciprocal",
    "remainder",
    "right_shift",
    "rint",
    "round",
    "select",
    "sign",
    "signbit",
    "sin",
    "sinc",
    "sinh",
    "spacing",
    "sqrt",
    "square",
    "subtract",
    "tan",
    "tanh",
    "true_divide",
    "trunc",
]


F = TypeVar("F", bound=Callable[..., Any])


class ufunc:
    """An element-wise function of arrays, as NumPy's `numpy.ufunc` is.

    Parameters
    ----------
    name : str
        The name of NumPy's function.
    """

    def __init__(self, name: str) -> None:
        self._of = getattr(np, name)
        self.__name__ = name
        self.__qualname__ = name
        self.__module__ = __name__
        self.nin: int = self._of.nin
        self.nout: int = self._of.nout
        self.nargs: int = self._of.nargs
        self.types = self._of.types
        self.identity = self._of.identity
        self.signature = self._of.signature
        summary = (self._of.__doc__ or "").split("\n\n")[1:2]
        self.__doc__ = f"{''.join(summary).strip()}\n\nElement by element, as `numpy.{name}` does."

    def __repr__(self) -> str:
        return f"<ufunc {self.__name__!r}>"

    def __call__(
        self, *args: Any, where: Any = True, out: Any = None, dtype: Any = None, **kwargs: Any
    ) -> Any:
        """Return the function of arrays and numbers; of what is not lazy NumPy's own result."""
        if not is_lazy(*args, where, out):
            options = {"dtype": dtype, **kwargs} if dtype is not None else kwargs
            return self._of(*args, out=out, where=where, **options)
        return self.lazy(args, where, out, dtype, **kwargs)

    def lazy(self, args: Any, where: Any = True, out: Any = None, dtype: Any = None, **kwargs: Any) -> Any:
        """Return the function of arrays and numbers as a lazy array, whatever they are.

        Parameters
        ----------
        args : sequence of array_like
            The operands.
        where, out, dtype, **kwargs
            As in a call.

        Returns
        -------
        Array
            The result.
        """
        if len(args) == self.nin + 1 and out is None:
            *args, out = args
        if len(args) != self.nin:
            raise TypeError(f"{self.__name__}() takes {self.nin} arrays, found {len(args)}")
        args = tuple(args)
        if where is not True:
            return _where_of(self._of, args, where, out, dtype)
        parameters: dict[str, Any] = {}
        if dtype is not None:
            parameters = {
                "dtype": dtype_parameter(dtype),
                "kwargs": {"dtype": dtype_parameter(dtype), **kwargs},
            }
        elif kwargs:
            parameters = {"kwargs": kwargs}
        return into(out, op(self.__name__, args, parameters))

    def outer(self, A: Any, B: Any, **kwargs: Any) -> Array:
        """Return the function of each pair of elements.

        Parameters
        ----------
        A, B : array_like
            The arrays.
        **kwargs
            As in a call.

        Returns
        -------
        Array
            Of the axes of ``A``, then those of ``B``.
        """
        if self.nin != 2:
            raise ValueError("outer product only supported for binary functions")
        A, B = asarray(A), asarray(B)
        found: Array = self(A[(...,) + (None,) * B.ndim], B, **kwargs)
        return found

    def accumulate(self, array: Any, axis: int = 0, dtype: Any = None, out: Any = None) -> Array:
        """Return the function's results so far along an axis: running sums and products.

        Parameters
        ----------
        array : array_like
            The array.
        axis : int, optional
            Along which axis.
        dtype : dtype, optional
            The dtype of the result.
        out : Array, optional
            What gets the result.

        Returns
        -------
        Array
            Of the shape of the array.
        """
        name = {"add": "cumsum", "multiply": "cumprod"}.get(self.__name__)
        if name is None:
            raise NotImplementedError(
                f"{self.__name__}.accumulate: use map_blocks on one chunk along the axis"
            )
        found: Array = getattr(cumulative, name)(array, axis=axis, dtype=dtype, out=out)
        return found

    def reduce(
        self, array: Any, axis: Any = 0, dtype: Any = None, keepdims: bool = False, **kwargs: Any
    ) -> Array:
        """Return the function folded along axes."""
        names = {
            "add": "sum",
            "multiply": "prod",
            "maximum": "max",
            "minimum": "min",
            "logical_and": "all",
            "logical_or": "any",
        }
        name = names.get(self.__name__)
        if name is None:
            raise NotImplementedError(f"{self.__name__}.reduce: use reduction() with functions of your own")
        extra = {key: value for key, value in kwargs.items() if value is not np._NoValue}
        if name in ("sum", "prod"):
            extra["dtype"] = dtype
        found: Array = getattr(reductions, name)(array, axis=axis, keepdims=keepdims, **extra)
        return found


def is_lazy(*operands: Any) -> bool:
    """Return whether a function of operands is lazy: one of them is an array of ours, or a collection."""
    for x in operands:
        kind = type(x)
        if hasattr(kind, "_expr") or (hasattr(kind, "__raskt_graph__") and kind is not np.ndarray):
            return True
        if kind in (tuple, list) and any(is_lazy(item) for item in x):
            return True
    return False


def of_values(name: str) -> Callable[[F], F]:
    """Let a function return what NumPy's of that name does where no argument is lazy."""

    def decorate(function: F) -> F:
        path = name

        @functools.wraps(function)
        def call(*args: Any, **kwargs: Any) -> Any:
            if not args or is_lazy(*args, *kwargs.values()):
                return function(*args, **kwargs)
            return getattr(np, path)(*args, **kwargs)

        return call  # type: ignore[return-value]

    return decorate


def _where_of(function: Any, args: Any, condition: Any, out: Any, dtype: Any) -> Any:
    if out is None:
        raise ValueError("where= needs out=: elements that are left out have no value otherwise")
    found = where(condition, globals()[function.__name__](*args, dtype=dtype), out)
    return into(out, found)


absolute = ufunc("absolute")
add = ufunc("add")
arccos = ufunc("arccos")
arccosh = ufunc("arccosh")
arcsin = ufunc("arcsin")
arcsinh = ufunc("arcsinh")
arctan = ufunc("arctan")
arctan2 = ufunc("arctan2")
arctanh = ufunc("arctanh")
bitwise_and = ufunc("bitwise_and")
bitwise_count = ufunc("bitwise_count")
bitwise_or = ufunc("bitwise_or")
bitwise_xor = ufunc("bitwise_xor")
cbrt = ufunc("cbrt")
ceil = ufunc("ceil")
conjugate = ufunc("conjugate")
copysign = ufunc("copysign")
cos = ufunc("cos")
cosh = ufunc("cosh")
deg2rad = ufunc("deg2rad")
degrees = ufunc("degrees")
divide = ufunc("divide")
equal = ufunc("equal")
exp = ufunc("exp")
exp2 = ufunc("exp2")
expm1 = ufunc("expm1")
fabs = ufunc("fabs")
float_power = ufunc("float_power")
floor = ufunc("floor")
floor_divide = ufunc("floor_divide")
fmax = ufunc("fmax")
fmin = ufunc("fmin")
fmod = ufunc("fmod")
gcd = ufunc("gcd")
greater = ufunc("greater")
greater_equal = ufunc("greater_equal")
heaviside = ufunc("heaviside")
hypot = ufunc("hypot")
invert = ufunc("invert")
isfinite = ufunc("isfinite")
isinf = ufunc("isinf")
isnan = ufunc("isnan")
isnat = ufunc("isnat")
lcm = ufunc("lcm")
ldexp = ufunc("ldexp")
left_shift = ufunc("left_shift")
less = ufunc("less")
less_equal = ufunc("less_equal")
log = ufunc("log")
log10 = ufunc("log10")
log1p = ufunc("log1p")
log2 = ufunc("log2")
logaddexp = ufunc("logaddexp")
logaddexp2 = ufunc("logaddexp2")
logical_and = ufunc("logical_and")
logical_not = ufunc("logical_not")
logical_or = ufunc("logical_or")
logical_xor = ufunc("logical_xor")
maximum = ufunc("maximum")
minimum = ufunc("minimum")
multiply = ufunc("multiply")
negative = ufunc("negative")
nextafter = ufunc("nextafter")
not_equal = ufunc("not_equal")
positive = ufunc("positive")
power = ufunc("power")
rad2deg = ufunc("rad2deg")
radians = ufunc("radians")
reciprocal = ufunc("reciprocal")
remainder = ufunc("remainder")
right_shift = ufunc("right_shift")
rint = ufunc("rint")
sign = ufunc("sign")
signbit = ufunc("signbit")
sin = ufunc("sin")
sinh = ufunc("sinh")
spacing = ufunc("spacing")
sqrt = ufunc("sqrt")
square = ufunc("square")
subtract = ufunc("subtract")
tan = ufunc("tan")
tanh = ufunc("tanh")
trunc = ufunc("trunc")
abs = absolute
bitwise_not = invert
conj = conjugate
mod = remainder
true_divide = divide


def apply(function: Any, *operands: Any, dtype: Any = None, **kwargs: Any) -> Array:
    """Apply an element-wise function, by its path (``"numpy.real"``), or of the user's."""
    parameters: dict[str, Any] = {
        "function": function if isinstance(function, str) else _raskt.Whole(function)
    }
    if dtype is not None:
        parameters["dtype"] = dtype_parameter(dtype)
    if kwargs:
        parameters["kwargs"] = kwargs
    return op("apply", operands, parameters)


@of_values("clip")
def clip(
    a: Any, a_min: Any = None, a_max: Any = None, out: Any = None, *, min: Any = None, max: Any = None
) -> Any:
    """Limit elements to an interval.

    Parameters
    ----------
    a : array_like
        The array.
    a_min, a_max, min, max : array_like, optional
        The ends of the interval; None for no end.
    out : Array, optional
        What gets the result.

    Returns
    -------
    Array
        The elements, none below or above.
    """
    low, high = a_min if min is None else min, a_max if max is None else max
    dtype = getattr(a, "dtype", None)
    if isinstance(dtype, np.dtype) and dtype.kind in "iu":
        # Ends beyond all numbers of the dtype are no ends, as NumPy has it.
        limits = np.iinfo(dtype)
        low = None if type(low) is int and low <= limits.min else low
        high = None if type(high) is int and high >= limits.max else high
    if low is None and high is None:
        return into(out, asanyarray(a))
    if low is None:
        return into(out, op("minimum", (a, high)))
    if high is None:
        return into(out, op("maximum", (a, low)))
    return into(out, op("clip", (a, low, high)))


def round(a: Any, decimals: int = 0, out: Any = None) -> Array:
    """Round elements to so many decimals, halves to the even neighbour.

    Parameters
    ----------
    a : array_like
        The array.
    decimals : int, optional
        How many decimals; negative for tens.
    out : Array, optional
        What gets the result.

    Returns
    -------
    Array
        The rounded elements.
    """
    made: Array = into(out, _rounded(a, operator.index(decimals)))
    return made


def _rounded(a: Any, decimals: int) -> Array:
    if decimals == 0 and _is_float(a):
        whole: Array = rint(a)
        return whole
    if decimals >= 0 and _kind(a) in tuple("iu"):
        return op("positive", (a,))
    if _is_float(a):
        # As NumPy does: times a power of ten, to the nearest whole number, and back.
        times, back = ("multiply", "divide") if decimals > 0 else ("divide", "multiply")
        power = 10.0 ** builtins.abs(decimals)
        return op(back, (op("rint", (op(times, (a, power)),)), power))
    return apply("numpy.round", a, decimals=int(decimals))


def _number_like(value: Any, x: Array) -> Any:
    """Return a number as an element of an array."""
    with np.errstate(over="ignore"):
        return np.asarray(value).astype(x.dtype)[()]


def _kind(x: Any) -> str:
    """Return the kind of an array's dtype; nothing where that is not known."""
    dtype = getattr(x, "_dtype", None) if hasattr(x, "_expr") else np.asarray(x).dtype
    return "" if dtype is None else dtype.kind


def _is_float(x: Any) -> bool:
    """Whether an array has floats, whose whole neighbours NumPy finds by ufuncs."""
    return _kind(x) == "f"


around = round


@of_values("real")
def real(x: Any) -> Array:
    """Return the real parts of the elements."""
    return op("real", (x,))


@of_values("imag")
def imag(x: Any) -> Array:
    """Return the imaginary parts of the elements."""
    return op("imag", (x,))


@of_values("angle")
def angle(x: Any, deg: bool = False) -> Array:
    """Return the angles of complex numbers, in degrees if ``deg``."""
    found = op("angle", (x,))
    return op("multiply", (found, 180 / np.pi)) if deg else found


@of_values("fix")
def fix(x: Any) -> Array:
    """Round elements towards zero."""
    if _is_float(x):
        whole: Array = trunc(x)
        return whole
    return apply("numpy.fix", x)


@of_values("i0")
def i0(x: Any) -> Array:
    """Return the modified Bessel function of order 0."""
    return apply("numpy.i0", x)


@of_values("sinc")
def sinc(x: Any) -> Array:
    """Return ``sin(πx) / πx``."""
    return apply("numpy.sinc", x)


def _several(function: str, x: Any, n: int) -> tuple[Array, ...]:
    """Return the results of a ufunc that has several."""
    return tuple(
        op(
            "apply",
            (x,),
            {"function": "raskt.array._chunk.result_of", "kwargs": {"name": function, "at": at}},
        )
        for at in range(n)
    )


@of_values("modf")
def modf(x: Any) -> tuple[Array, ...]:
    """Return the fractions and the whole parts of elements."""
    if getattr(x, "_dtype", None) in (np.float32, np.float64):
        whole = op("trunc", (x,))
        # No infinity is taken from another: that would be a floating-point error, which NumPy does not meet.
        finite = op("where", (op("isinf", (x,)), _number_like(0, x), x))
        rest = op("subtract", (finite, op("trunc", (finite,))))
        # A fraction of 0 has the sign of its number.
        return op("copysign", (rest, x)), whole
    return _several("modf", x, 2)


@of_values("frexp")
def frexp(x: Any) -> tuple[Array, ...]:
    """Return the mantissas and exponents of elements."""
    return _several("frexp", x, 2)


@of_values("divmod")
def divmod(x: Any, y: Any) -> tuple[Array, Array]:
    """Return quotients and remainders."""
    return op("floor_divide", (x, y)), op("remainder", (x, y))


def choose(a: Any, choices: Any) -> Array:
    """Choose elements of several arrays by number.

    Parameters
    ----------
    a : array_like
        The number of the array of which each element is.
    choices : sequence of array_like
        The arrays.

    Returns
    -------
    Array
        The elements chosen.
    """
    dtype = promoted(*choices)
    return op(
        "apply", (a, *choices), {"function": "raskt.array._chunk.choose", "dtype": dtype_parameter(dtype)}
    )


def select(condlist: Any, choicelist: Any, default: Any = 0) -> Array:
    """Choose elements by the first condition that holds.

    Parameters
    ----------
    condlist : sequence of array_like
        The conditions.
    choicelist : sequence of array_like
        What is chosen where they hold.
    default : scalar, optional
        What is chosen where none does.

    Returns
    -------
    Array
        The elements chosen.
    """
    if len(condlist) != len(choicelist):
        raise ValueError("list of cases must be same length as list of conditions")
    if not condlist:
        raise ValueError("select with an empty condition list is not possible")
    for at, condition in enumerate(condlist):
        known = getattr(condition, "dtype", None)
        if (np.asarray(condition).dtype if known is None else known).kind != "b":
            raise TypeError(f"invalid entry {at} in condlist: should be boolean ndarray")
    dtype = promoted(*choicelist, default)
    found: Any = np.asarray(default, dtype=dtype)[()]
    for condition, choice in zip(reversed(condlist), reversed(choicelist), strict=True):
        found = where(condition, choice, found)
    made: Array = found if found.dtype == dtype else found.astype(dtype)
    return made


def piecewise(x: Any, condlist: Any, funclist: Any, *args: Any, **kw: Any) -> Array:
    """Apply the function whose condition holds, chunk by chunk.

    Parameters
    ----------
    x : array_like
        The array.
    condlist : sequence of array_like
        The conditions.
    funclist : sequence of callable or scalar
        A function, or a value, for each, and perhaps one for elements where none holds.
    *args, **kw
        Passed to the functions.

    Returns
    -------
    Array
        The values, of the dtype of ``x``.
    """
    x = asarray(x)
    conditions = [condlist] if not isinstance(condlist, (list, tuple)) else list(condlist)
    if _raskt.delayed_within((list(funclist), args, kw)) is not None:
        letters = tuple(range(x.ndim))
        pairs: list[Any] = []
        for array in (x, *map(asarray, conditions)):
            pairs += [array, letters[x.ndim - array.ndim :]]
        late: dict[str, Any] = {"funclist": list(funclist), "args": args, "kw": kw}
        return blockwise(of_blocks, letters, *pairs, dtype=x.dtype, **late)
    parameters = {
        "function": "raskt.array._chunk.piecewise",
        "dtype": dtype_parameter(x.dtype),
        "kwargs": {
            "funclist": _raskt.Whole(kept(list(funclist))),
            "args": _raskt.Whole(kept(args)),
            "kw": _raskt.Whole(kept(kw)),
        },
    }
    return op("apply", (x, *conditions), parameters)


class frompyfunc:
    """An element-wise function of arrays made of a Python function of scalars, as `numpy.frompyfunc` makes.

    Parameters
    ----------
    func : callable
        The function.
    nin, nout : int
        How many arguments it takes, and values it returns: 1.
    """

    def __init__(self, func: Callable[..., Any], nin: int, nout: int) -> None:
        if nout != 1:
            raise NotImplementedError("frompyfunc with more than one result: use apply_gufunc")
        # NumPy's object has no module: whoever pickles it looks for one in all that are loaded.
        self._of = functools.partial(frompyfunc_of_blocks, kept(func), nin)
        self.nin = nin
        self.nout = nout
        self.__name__ = getattr(func, "__name__", "frompyfunc")

    def __call__(self, *args: Any) -> Array:
        """Return the function of arrays and numbers, as objects."""
        return apply(self._of, *args, dtype=object)
