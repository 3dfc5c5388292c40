"""The secret of a cluster: whoever knows it is let in, and runs code."""

from __future__ import annotations

import contextlib
import os

from raskt import _raskt, config

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["TOKEN_VARIABLE", "dashboard_token", "default_token_file", "known_here", "read_token", "token_of"]

#: The variable with the secret of the cluster: arguments can be read by everybody on the machine.
TOKEN_VARIABLE = "RASKT_DISTRIBUTED_TOKEN"


def default_token_file() -> str:
    """Return where this user's secret lies, for clusters of which nobody says another one."""
    folder = os.environ.get("XDG_CONFIG_HOME") or os.path.expanduser("~/.config")
    return os.path.join(folder, "raskt", "cluster-token")


#: The secrets of the schedulers of this process, by their addresses.
_here: dict[str, str] = {}


@contextlib.contextmanager
def known_here(address: str, token: str) -> Iterator[None]:
    """Know the secret of a scheduler of this process while it listens."""
    _here[address] = token
    try:
        yield
    finally:
        _here.pop(address, None)


def token_of(address: str | None) -> str:
    """Return the secret of the scheduler at an address: of this process, or the one that `read_token` finds.

    Examples
    --------
    >>> from raskt.distributed._token import known_here, token_of
    >>> with known_here("tcp://127.0.0.1:8786", "secret"):
    ...     token_of("tcp://127.0.0.1:8786"), token_of("127.0.0.1:8786")
    ('secret', 'secret')
    """
    for form in (address, f"tcp://{address}"):
        if form in _here:
            return _here[form]
    return read_token(None)


def read_token(path: str | None, *, make: bool = False) -> str:
    """Return the secret of a cluster.

    Parameters
    ----------
    path : str or None
        The file. None for that of ``cluster.token-file``, or else the variable, or else the user's own.
    make : bool
        Whether a file that is not there is made, with a new secret, for no other user to read.

    Returns
    -------
    str
        Empty where there is no secret.
    """
    path = path if path is not None else config.resolve("cluster.token-file")
    if path is None:
        if token := os.environ.get(TOKEN_VARIABLE, ""):
            return token
        path = default_token_file()
        if not make and not os.path.exists(path):
            return ""
    return _read(path, make=make)


def dashboard_token() -> str:
    """Return what viewers of a dashboard have to know to change something; empty where nobody may.

    Examples
    --------
    >>> from raskt.distributed._token import dashboard_token
    >>> dashboard_token()
    ''
    """
    path = config.resolve("cluster.dashboard-token-file")
    return "" if path is None else _read(path, make=True)


def _read(path: str, *, make: bool) -> str:
    path = os.path.expanduser(path)
    if make and not os.path.exists(path):
        _make(path)
    with open(path) as file:
        token = file.read().strip()
    if not token:
        raise ValueError(f"the token file {path!r} is empty: remove it, and `raskt scheduler` makes one")
    return token


def _make(path: str) -> None:
    """Make a file with a secret, unless another process does just now; it appears when it is whole."""
    os.makedirs(os.path.dirname(path) or ".", mode=0o700, exist_ok=True)
    unfinished = f"{path}.{os.getpid()}"
    with open(os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
        file.write(_raskt.random_token() + "\n")
    try:
        with contextlib.suppress(FileExistsError):
            os.link(unfinished, path)
    finally:
        os.remove(unfinished)
