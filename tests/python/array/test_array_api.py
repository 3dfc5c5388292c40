"""The array API standard, held to `array_api_strict` and to NumPy."""

from __future__ import annotations

import inspect
import math
import warnings
from typing import Any

import numpy as np
import pytest
import raskt.array as ra
import raskt.array_api as xp

pytestmark = pytest.mark.filterwarnings("ignore::RuntimeWarning")
strict = pytest.importorskip("array_api_strict")
compat = pytest.importorskip("array_api_compat")

LATER = {"broadcast_shapes"}  # of version 2025.12
DTYPES = ["bool", "int8", "int64", "uint16", "float32", "float64", "complex64", "complex128"]
UNARY = [
    "abs",
    "acos",
    "acosh",
    "asin",
    "asinh",
    "atan",
    "atanh",
    "bitwise_invert",
    "ceil",
    "conj",
    "cos",
    "cosh",
    "exp",
    "expm1",
    "floor",
    "imag",
    "isfinite",
    "isinf",
    "isnan",
    "log",
    "log10",
    "log1p",
    "log2",
    "logical_not",
    "negative",
    "positive",
    "real",
    "reciprocal",
    "round",
    "signbit",
    "sin",
    "sinh",
    "sqrt",
    "square",
    "tan",
    "tanh",
    "trunc",
]
BINARY = [
    "add",
    "atan2",
    "bitwise_and",
    "bitwise_left_shift",
    "bitwise_or",
    "bitwise_right_shift",
    "bitwise_xor",
    "copysign",
    "divide",
    "equal",
    "floor_divide",
    "greater",
    "greater_equal",
    "hypot",
    "less",
    "less_equal",
    "logaddexp",
    "logical_and",
    "logical_or",
    "logical_xor",
    "multiply",
    "nextafter",
    "not_equal",
    "pow",
    "remainder",
    "subtract",
]
REDUCTIONS = [
    "all",
    "any",
    "argmax",
    "argmin",
    "count_nonzero",
    "max",
    "mean",
    "min",
    "prod",
    "std",
    "sum",
    "var",
    "cumulative_sum",
    "cumulative_prod",
]


def values(dtype: str, seed: int = 0, shape: tuple[int, ...] = (3, 4)) -> Any:
    rng = np.random.default_rng(seed)
    kind = np.dtype(dtype).kind
    if kind == "b":
        return rng.integers(0, 2, shape).astype(bool)
    if kind in "iu":
        return rng.integers(0 if kind == "u" else -5, 9, shape).astype(dtype)
    found = rng.standard_normal(math.prod(shape))
    found[:7] = [0.0, -0.0, np.inf, -np.inf, np.nan, 1.0, -1.0]
    if kind == "c":
        found = found + 1j * rng.permutation(found)
    return rng.permutation(found).reshape(shape).astype(dtype)


def agree(name: str, *args: Any, module: str = "", signs: bool = True, **kwargs: Any) -> None:
    """Hold a function of ours to that of `array_api_strict`, where its dtypes are taken there."""
    theirs, ours = (getattr(space, module) if module else space for space in (strict, xp))
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            expected = getattr(theirs, name)(*lifted(args, strict.asarray), **lifted(kwargs, strict.asarray))
    except TypeError:
        return
    found = getattr(ours, name)(*lifted(args, chunked), **lifted(kwargs, chunked))
    several = isinstance(expected, (tuple, list))
    for one, other in zip(found if several else [found], expected if several else [expected], strict=True):
        got, own = np.asarray(one.compute()), np.asarray(other._array)
        assert (got.dtype, got.shape) == (own.dtype, own.shape), name
        np.testing.assert_allclose(got, own, rtol=1e-4, atol=1e-6 if module else 0, err_msg=name)
        if signs and own.dtype.kind == "f":
            known = ~np.isnan(own)
            np.testing.assert_array_equal(np.signbit(got)[known], np.signbit(own)[known], err_msg=name)


def lifted(item: Any, make: Any) -> Any:
    if isinstance(item, np.ndarray):
        return make(item)
    if isinstance(item, (tuple, list)) and any(isinstance(one, np.ndarray) for one in item):
        return type(item)(lifted(one, make) for one in item)
    if isinstance(item, dict):
        return {name: lifted(one, make) for name, one in item.items()}
    return item


def chunked(a: Any) -> Any:
    return ra.from_array(a, chunks=(*(4,) * (a.ndim - 1), 3)[: a.ndim])


def test_every_name_and_argument_of_the_standard_is_there() -> None:
    ours = {"": xp, "linalg": xp.linalg, "fft": xp.fft}
    for module, space in ours.items():
        theirs = getattr(strict, module) if module else strict
        for name in theirs.__all__:
            if "strict" in name.lower() or name in ("Device", "__version__", *LATER):
                continue
            function, own = getattr(theirs, name), getattr(space, name)
            if not callable(function) or isinstance(function, type) or name.startswith("__"):
                continue
            parameters = inspect.signature(own).parameters
            if any(one.kind is one.VAR_KEYWORD for one in parameters.values()):
                continue
            asked = inspect.signature(function).parameters
            by_name = {key for key, one in asked.items() if one.kind in (one.KEYWORD_ONLY,)}
            assert by_name - set(parameters) == set(), name
    assert len(xp.linalg.__all__) == 23
    assert len(xp.fft.__all__) == 14
    members = set(dir(strict.asarray(1.0))) - {"__buffer__"}
    missing = {name for name in members if not hasattr(ra.Array, name)}
    assert {name for name in missing if not name.startswith("_")} == set()
    # In place, Python takes the operator itself.
    assert {name for name in missing if name.startswith("__") and not name.startswith("__i")} == set()


@pytest.mark.parametrize("dtype", DTYPES)
def test_functions_of_elements(dtype: str) -> None:
    a, b = values(dtype), values(dtype, seed=1)
    for name in UNARY:
        agree(name, a)
    for name in BINARY:
        other = b
        if "shift" in name and np.dtype(dtype).kind not in "iu":
            continue
        if np.dtype(dtype).kind in "iu" and name in ("floor_divide", "remainder"):
            other = np.where(b == 0, 1, b).astype(dtype)
        elif np.dtype(dtype).kind in "iu" and (name == "pow" or "shift" in name):
            other = (abs(b.astype("i8")) % 3).astype(dtype)
        agree(name, a, other)
    agree("clip", a, min=0, max=1)
    agree("where", a > 0 if dtype != "bool" else a, a, b) if np.dtype(dtype).kind != "c" else None


@pytest.mark.parametrize("dtype", DTYPES)
def test_reductions(dtype: str) -> None:
    rng = np.random.default_rng(3)
    a = rng.integers(0, 3, (3, 5)).astype(dtype)
    for name in REDUCTIONS:
        for axis in (0, -1):
            agree(name, a, axis=axis)
        if "cumulative" in name:
            agree(name, a, axis=1, include_initial=True)
            continue
        agree(name, a)
        agree(name, a, axis=0, keepdims=True)
    for name in ("std", "var"):
        agree(name, a, correction=1.0, axis=0)


def test_making() -> None:
    for device in (None, "cpu"):
        agree("arange", 2, 9, 3, device=None)
        agree("linspace", 0.0, 1.0, 5, endpoint=False)
        agree("eye", 3, 4, k=-1, dtype=None)
        for name in ("ones", "zeros"):
            assert getattr(xp, name)((2, 3), device=device).dtype == np.float64
        assert xp.full((2,), 3, device=device).dtype == np.int64
        assert xp.full_like(xp.ones(2), 3, device=device).dtype == np.float64
    agree("meshgrid", np.arange(3), np.arange(2))
    agree("meshgrid", np.arange(3), np.arange(2), indexing="ij")
    for name in ("tril", "triu"):
        agree(name, np.ones((3, 4)), k=1)
    with pytest.raises(ValueError, match="device"):
        xp.ones(2, device="gpu")


def test_asarray_copies_or_refuses() -> None:
    a = np.arange(3.0)
    shared, kept = xp.asarray(a, copy=False), xp.asarray(a, copy=True)
    a[0] = 7
    assert float(shared[0]) == 7
    assert float(kept[0]) == 0
    for args in [([1, 2],), (a, "f4")]:
        with pytest.raises(ValueError, match="avoid copy"):
            xp.asarray(args[0], dtype=args[1] if len(args) > 1 else None, copy=False)
    x = xp.asarray(kept)
    y = xp.asarray(x, copy=True)
    y[0] = 5
    assert float(x[0]) == 0


def test_shapes_and_places() -> None:
    a = values("float64", shape=(3, 4))
    for args in [
        ("reshape", a, (4, 3)),
        ("permute_dims", a, (1, 0)),
        ("matrix_transpose", a),
        ("concat", [a, a]),
        ("stack", [a, a]),
        ("broadcast_to", a, (2, 3, 4)),
        ("broadcast_arrays", a, a[0]),
        ("roll", a, 1),
        ("flip", a),
        ("moveaxis", a, 0, 1),
        ("tile", a, (2, 1)),
        ("repeat", a, 2),
        ("unstack", a),
    ]:
        agree(*args)
    agree("concat", [a, a[0]], axis=None)
    agree("expand_dims", a, axis=1)
    agree("squeeze", a[None], axis=0)
    agree("take", a, np.array([2, 0]), axis=1)
    agree("take", a[0], np.array([2, 0]))
    agree("take_along_axis", a, np.array([[1, 0, 0]]).T, axis=1)
    agree("nonzero", np.nan_to_num(a))
    agree("searchsorted", np.arange(5.0), np.array([0.5, 3]), side="right")
    agree("diff", a, axis=0)
    agree("isin", np.arange(4), np.array([1, 9]))
    with pytest.raises(ValueError, match="axis must be specified"):
        xp.take(xp.ones((2, 2)), [0])


def test_order_and_sets() -> None:
    a = np.array([[3, 1, 2, 1], [0, 0, 5, 4]])
    for descending in (False, True):
        for axis in (0, 1):
            agree("sort", a, axis=axis, descending=descending)
            agree("argsort", a, axis=axis, descending=descending)
    for name in ("unique_all", "unique_counts", "unique_inverse"):
        agree(name, a)
    agree("unique_values", a.ravel())


def test_products_and_matrices() -> None:
    rng = np.random.default_rng(5)
    a, b = rng.standard_normal((4, 4)), rng.standard_normal((4, 4))
    stack = np.stack([a, b, a @ b])
    definite = stack @ stack.swapaxes(-1, -2)
    agree("matmul", a, b)
    agree("tensordot", a, b, axes=1)
    agree("vecdot", a, b, axis=-1)
    module = "linalg"
    for own in (a, stack):
        for name in (
            "det",
            "inv",
            "matrix_norm",
            "matrix_rank",
            "pinv",
            "slogdet",
            "svdvals",
            "trace",
            "diagonal",
        ):
            agree(name, own, module=module)
        agree("matrix_power", own, 3, module=module)
        agree("solve", own, own + 1, module=module)
        agree("vector_norm", own, axis=1, ord=3, module=module)
    for own in (definite[0], definite):
        for upper in (False, True):
            agree("cholesky", own, upper=upper, module=module)
        agree("eigvalsh", own, module=module)
    agree("cross", a[:, :3], b[:, :3], module=module)
    agree("outer", a[0], b[0], module=module)
    for shape in [(5, 3), (3, 5), (2, 5, 3)]:
        own = rng.standard_normal(shape)
        for mode in ("reduced", "complete"):
            found, expected = xp.linalg.qr(chunked(own), mode=mode), np.linalg.qr(own, mode=mode)
            assert [one.shape for one in found] == [one.shape for one in expected]
            np.testing.assert_allclose((found.Q @ found.R).compute(), own, atol=1e-12)
        for full in (False, True):
            svd, expected = (
                xp.linalg.svd(chunked(own), full_matrices=full),
                np.linalg.svd(own, full_matrices=full),
            )
            assert [one.shape for one in svd] == [one.shape for one in expected]
            np.testing.assert_allclose(svd.S.compute(), expected[1])
            k = svd.S.shape[-1]
            back = (svd.U[..., :k] * svd.S[..., None, :]) @ svd.Vh[..., :k, :]
            np.testing.assert_allclose(back.compute(), own, atol=1e-12)
    found = xp.linalg.eigh(chunked(definite[0]))
    vectors = found.eigenvectors
    np.testing.assert_allclose(((vectors * found.eigenvalues) @ vectors.T).compute(), definite[0], atol=1e-10)


def test_transforms() -> None:
    a = np.random.default_rng(6).standard_normal((4, 6)) + 0j
    for name in ("fft", "ifft", "fftn", "ifftn", "irfft", "hfft", "irfftn"):
        agree(name, a, module="fft", signs=False)
    for name in ("rfft", "ihfft", "rfftn"):
        agree(name, a.real, module="fft", signs=False)
    for name in ("fftshift", "ifftshift"):
        agree(name, a, module="fft")
    agree("fftfreq", 5, d=0.5, module="fft")
    agree("rfftfreq", 5, d=0.5, module="fft")
    assert xp.fft.fftfreq(4, dtype=np.float32).dtype == np.float32


def test_what_the_namespace_says_of_itself() -> None:
    info = xp.__array_namespace_info__()
    assert info.default_device() == "cpu"
    assert info.devices() == ["cpu"]
    assert info.capabilities()["data-dependent shapes"] is True
    assert info.default_dtypes()["integral"] == np.int64
    assert set(DTYPES) < set(info.dtypes())
    assert len(info.dtypes()) == 13
    assert set(info.dtypes(kind=("bool", "real floating"))) == {"bool", "float32", "float64"}
    assert len(info.dtypes(kind="integral")) == 8
    with pytest.raises(ValueError, match="unsupported kind"):
        info.dtypes(kind="quaternion")
    assert xp.__array_api_version__ == "2024.12"


def test_arrays_say_what_they_are() -> None:
    x = xp.asarray([[1.0, 2.0], [3.0, 4.0]])
    assert x.__array_namespace__() is xp
    assert x.__array_namespace__(api_version="2023.12") is xp
    with pytest.raises(ValueError, match="version"):
        x.__array_namespace__(api_version="1999.01")
    assert compat.array_namespace(x, x + 1) is xp
    assert compat.is_array_api_obj(x)
    assert compat.device(x) == "cpu"
    assert x.to_device("cpu") is x
    with pytest.raises(ValueError, match="device"):
        x.to_device("gpu")
    np.testing.assert_array_equal(x.mT.compute(), [[1, 3], [2, 4]])
    with pytest.raises(ValueError, match="undefined"):
        _ = x[0].mT
    np.testing.assert_array_equal(np.from_dlpack(x), x.compute())
    assert x.__dlpack_device__() == (1, 0)


def test_numpys_linear_algebra_has_numpys_arguments() -> None:
    a = np.random.default_rng(7).standard_normal((4, 3))
    x: Any = chunked(a)
    assert [one.shape for one in np.linalg.svd(x)] == [(4, 4), (3,), (3, 3)]
    np.testing.assert_allclose(np.linalg.svd(x, compute_uv=False), np.linalg.svd(a, compute_uv=False))
    definite = a.T @ a
    np.testing.assert_allclose(np.linalg.cholesky(chunked(definite)), np.linalg.cholesky(definite))
    np.testing.assert_allclose(abs(np.linalg.qr(x, mode="r")), abs(np.linalg.qr(a, mode="r")))
    with pytest.raises(ValueError, match="Unrecognized mode"):
        np.linalg.qr(x, mode="best")


def test_dtypes_of_the_namespace_are_asked_about() -> None:
    assert xp.can_cast(xp.int32, xp.float64)
    assert not xp.can_cast(xp.asarray([1.5]), xp.float32)
    assert xp.result_type(xp.int8, xp.uint8) == xp.int16
    assert xp.isdtype(xp.int8, ("bool", "signed integer"))
    assert (xp.iinfo(xp.int8).max, xp.finfo(xp.asarray([1.5])).bits) == (127, 64)
