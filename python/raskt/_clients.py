"""The clients of clusters that computations use where nobody says otherwise."""

from __future__ import annotations

from contextvars import ContextVar

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

__all__ = ["active", "forget", "make_default"]

current: ContextVar[Any] = ContextVar("raskt_client", default=None)
"""The client of this context: see `raskt.distributed.Client.as_current`."""

_defaults: list[Any] = []


def make_default(client: Any) -> None:
    """Make ``client`` the one that is used where no other is current; the last that was made so counts."""
    forget(client)
    _defaults.append(client)


def forget(client: Any) -> None:
    """Use ``client`` no more."""
    _defaults[:] = [other for other in _defaults if other is not client]


def active() -> Any:
    """Return the client in force; None where there is none."""
    here = current.get()
    if here is not None:
        return here
    for client in reversed(_defaults):
        if client.status == "running":
            return client
    return None


def every() -> list[Any]:
    """Return all clients that are used by default."""
    return list(_defaults)
