"""The command line of ``ssh``, from the options of connections that Dask's users give (asyncssh's)."""

from __future__ import annotations

import math
import os
import shlex
import socket
from typing import TYPE_CHECKING, Any

from raskt.units import parse_timedelta

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

__all__ = ["ssh_command"]

#: No terminal, and no questions: there is nobody to answer them.
_ALWAYS = ["-T", "-o", "BatchMode=yes"]
#: What stands in the place of some options.
_INSTEAD = {
    "password": "keys (client_keys) or an agent",
    "passphrase": "an agent: ssh-add asks for it once",
}


def ssh_command(host: str, options: Mapping[str, Any], words: Sequence[str]) -> list[str]:
    """Return the command that runs `words` on another host.

    Parameters
    ----------
    host : str
        Where, as ``ssh`` takes it: a name, an address, or what the user's configuration of SSH calls it.
    options : dict
        Options of the connection, by the names that ``asyncssh.connect`` has for them.
    words : list of str
        What is run there; the shell of the other host gets each as one word.

    Raises
    ------
    ValueError
        For what is no host.
    NotImplementedError
        For options that the program has no argument for.
    """
    if not isinstance(host, str) or not host or host.startswith("-") or any(map(str.isspace, host)):
        raise ValueError(f"{host!r} is not the name of a host")
    refused = [name for name in options if name not in _ARGUMENTS]
    if refused:
        instead = [f"{name}: use {_INSTEAD[name]}" for name in refused if name in _INSTEAD]
        raise NotImplementedError(
            f"connect_options {', '.join(refused)} are not there"
            f"{'; ' + '; '.join(instead) if instead else ''}; there are {', '.join(_ARGUMENTS)}; "
            "~/.ssh/config, or a file that connect_options={'config': ...} names, may say what else ssh takes"
        )
    arguments = [word for name, value in options.items() for word in _ARGUMENTS[name](value)]
    return ["ssh", *_ALWAYS, *arguments, "--", host, shlex.join(words)]


def _each(value: Any) -> list[str]:
    """One path or word, or several, as text."""
    if isinstance(value, str | os.PathLike):
        value = [value]
    try:
        return [os.path.expanduser(os.fspath(one)) for one in value]
    except TypeError:
        raise TypeError(f"connect_options: give paths or text, found {value!r}") from None


def _keys(value: Any) -> list[str]:
    if value is None:
        return ["-o", "PubkeyAuthentication=no"]
    if not value:
        return []
    files = [word for path in _each(value) for word in ("-i", path)]
    return [*files, "-o", "IdentitiesOnly=yes"]


def _known_hosts(value: Any) -> list[str]:
    if value is None:
        # Whoever answers is believed, as asyncssh does; and nothing is said of hosts that are new.
        files, checks = "/dev/null", ["StrictHostKeyChecking=no", "LogLevel=ERROR"]
    elif not value:
        return []
    else:
        files, checks = " ".join(map(_quoted, _each(value))), ["StrictHostKeyChecking=yes"]
    said = [f"UserKnownHostsFile={files}", "GlobalKnownHostsFile=/dev/null", *checks]
    return [word for one in said for word in ("-o", one)]


def _quoted(path: str) -> str:
    return f'"{path}"' if " " in path else path


def _family(value: Any) -> list[str]:
    flags = {socket.AF_UNSPEC: [], socket.AF_INET: ["-4"], socket.AF_INET6: ["-6"]}
    if value not in flags:
        raise ValueError(f"connect_options family={value!r}: give socket.AF_INET or socket.AF_INET6")
    return flags[value]


def _option(name: str, separator: str = ",") -> Callable[[Any], list[str]]:
    return lambda value: ["-o", f"{name}={separator.join(_each(value))}"]


def _seconds(name: str) -> Callable[[Any], list[str]]:
    return lambda value: ["-o", f"{name}={math.ceil(parse_timedelta(value) or 0)}"]


def _proxy_command(value: Any) -> list[str]:
    return ["-o", f"ProxyCommand={value if isinstance(value, str) else shlex.join(value)}"]


def _config(value: Any) -> list[str]:
    if value is None:
        return ["-F", "none"]
    files = _each(value)
    if len(files) != 1:
        raise ValueError(f"connect_options config={value!r}: ssh takes one file")
    return ["-F", files[0]]


#: By the option's name what makes arguments of its value.
_ARGUMENTS: dict[str, Callable[[Any], list[str]]] = {
    "port": lambda value: ["-p", str(int(value))] if value else [],
    "username": lambda value: ["-l", str(value)],
    "client_keys": _keys,
    "known_hosts": _known_hosts,
    "config": _config,
    "agent_path": lambda value: ["-o", f"IdentityAgent={'none' if value is None else _each(value)[0]}"],
    "agent_forwarding": lambda value: ["-A" if value else "-a"],
    "tunnel": lambda value: ["-J", str(value)],
    "proxy_command": _proxy_command,
    "family": _family,
    "local_addr": lambda value: ["-b", value if isinstance(value, str) else value[0]],
    "connect_timeout": _seconds("ConnectTimeout"),
    "keepalive_interval": _seconds("ServerAliveInterval"),
    "keepalive_count_max": lambda value: ["-o", f"ServerAliveCountMax={int(value)}"],
    "host_key_alias": _option("HostKeyAlias"),
    "preferred_auth": _option("PreferredAuthentications"),
    "server_host_key_algs": _option("HostKeyAlgorithms"),
    "kex_algs": _option("KexAlgorithms"),
    "encryption_algs": _option("Ciphers"),
    "mac_algs": _option("MACs"),
}
