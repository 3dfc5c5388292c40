"""How objects travel between processes: the C pickler where it is right, cloudpickle where it is not."""

from __future__ import annotations

import pickle
import sys

from raskt import _by_name

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any


def dumps(obj: Any, protocol: int = 5, buffer_callback: Callable[[Any], Any] | None = None) -> bytes:
    """Pickle ``obj``, functions and classes of ``__main__`` by value.

    The C pickler is ten times as fast as cloudpickle, but writes what is defined in ``__main__`` by
    reference, which a child process would not find; then, where it fails, and where modules are registered
    with ``cloudpickle.register_pickle_by_value``, cloudpickle writes.
    """
    kept: list[Any] = []
    # Without a callback buffers stay in the pickle.
    keep = None if buffer_callback is None else kept.append
    data: bytes
    if not _any_by_value():
        try:
            data = pickle.dumps(obj, protocol=protocol, buffer_callback=keep)
            if b"__main__" not in data:
                _pass_on(kept, buffer_callback)
                return data
        except Exception:
            # Whatever the reason, cloudpickle decides, and its error is the one to show.
            pass
    kept.clear()
    data = _by_name.dumps(obj, protocol, keep)
    _pass_on(kept, buffer_callback)
    return data


def _any_by_value() -> bool:
    """Whether the user has told cloudpickle of modules that other processes do not have."""
    listed = getattr(sys.modules.get("cloudpickle"), "list_registry_pickle_by_value", None)
    return listed is not None and bool(listed())


def _pass_on(kept: list[Any], buffer_callback: Callable[[Any], Any] | None) -> None:
    if buffer_callback is not None:
        for buffer in kept:
            buffer_callback(buffer)


class RemoteTraceback(Exception):
    """The traceback, as text, of a task that ran in another process: the cause of the exception here."""

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self.text = text

    def __str__(self) -> str:
        return f'\n"""\n{self.text}"""'


def add_note(exc: BaseException, text: str) -> None:
    """Add a note to an exception, once; also where its class refuses attributes."""
    notes = getattr(exc, "__notes__", None)
    if isinstance(notes, list) and text in notes:
        return
    try:
        BaseException.add_note(exc, text)
    except Exception:
        BaseException.__setattr__(exc, "__notes__", [*(notes or ()), text])


def describe(exc: BaseException) -> str:
    """Return the type of an exception and its message, though its methods may raise."""
    name = type(exc).__qualname__
    try:
        text = str(exc)
    except Exception as error:
        text = f"<its message raised {type(error).__name__}>"
    return f"{name}: {text}" if text else name


def pack_exception(exc: BaseException) -> tuple[bytes | None, str, str]:
    """Return ``(pickle of exc or None, what it is, its traceback as text)``."""
    import traceback

    description = describe(exc)
    text = "".join(traceback.format_exception(exc))
    try:
        data = dumps(exc)
        # One that another process would make something else of is made in another way.
        if type(pickle.loads(data)).__qualname__ == type(exc).__qualname__:
            return data, description, text
    except Exception:
        # Such classes often have an `__init__` with other parameters than what it passes on.
        pass
    try:
        data = dumps(_Remade(type(exc), exc.args, exc.__dict__))
        if type(pickle.loads(data)).__qualname__ == type(exc).__qualname__:
            return data, description, text
    except Exception:
        # It cannot travel, and is described instead.
        pass
    return None, description, text


class _Remade:
    """An exception that is made without its ``__init__``, of its arguments and attributes."""

    def __init__(self, cls: type[BaseException], args: tuple[Any, ...], attributes: dict[str, Any]) -> None:
        self.parts = (cls, args, attributes)

    def __reduce__(self) -> Any:
        return _remake, self.parts


def _remake(cls: type[BaseException], args: tuple[Any, ...], attributes: dict[str, Any]) -> BaseException:
    exc = cls.__new__(cls, *args)
    exc.args = args
    exc.__dict__.update(attributes)
    return exc


def unpack_exception(packed: tuple[bytes | None, str, str]) -> BaseException:
    """Return the exception that `pack_exception` packed, with its remote traceback as its cause."""
    data, description, text = packed
    exc: Any = None
    if data is not None:
        try:
            exc = pickle.loads(data)
        except Exception as error:
            description = f"{description} (unpickling it here raised {describe(error)})"
    if not isinstance(exc, BaseException):
        exc = RuntimeError(f"a task raised an exception that cannot be pickled: {description}")
    if exc.__cause__ is None:
        BaseException.__setattr__(exc, "__cause__", RemoteTraceback(text))
    else:
        add_note(exc, text)
    found: BaseException = exc
    return found
