"""Where daemons listen, and where others find them."""

from __future__ import annotations

import socket
import struct
import sys

if sys.platform != "win32":
    import fcntl

__all__ = [
    "contact_of",
    "hostname_of",
    "interface_host",
    "is_any",
    "is_own",
    "listening",
    "own_host",
    "ports_of",
]

#: The request for an interface's address, by system.
_GET_ADDRESS = {"linux": 0x8915, "darwin": 0xC0206921}
_PORT_MAX = 65535


def interface_host(name: str) -> str:
    """Return the address of a network interface of this machine.

    Parameters
    ----------
    name : str
        What the system calls it: ``"eth0"``.

    Raises
    ------
    ValueError
        Where there is none of that name, or it has no address of IPv4.
    NotImplementedError
        On a system that is not asked in this way.
    """
    request = _GET_ADDRESS.get(sys.platform)
    if request is None:
        raise NotImplementedError(
            f"interfaces are not known by name on {sys.platform}: give the address of {name!r} as host"
        )
    names = [found for _, found in socket.if_nameindex()]
    if name not in names:
        raise ValueError(f"no network interface {name!r}: there are {', '.join(names)}")
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asked:
        try:
            answer = fcntl.ioctl(asked.fileno(), request, struct.pack("256s", name.encode()[:15]))
        except OSError as error:
            raise ValueError(
                f"the interface {name!r} has no address of IPv4: give its address as host"
            ) from error
    return socket.inet_ntoa(answer[20:24])


def own_host() -> str:
    """Return the address under which other machines find this one, as far as its routes tell."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as route:
        try:
            # Nothing is sent: the system only chooses a route.
            route.connect(("8.8.8.8", 53))
            host: str = route.getsockname()[0]
            return host
        except OSError:
            pass
    try:
        return socket.gethostbyname(socket.gethostname())
    except OSError:
        return "127.0.0.1"


def is_any(host: str) -> bool:
    """Return whether listening at `host` is listening at all addresses of the machine."""
    return host in ("", "0.0.0.0", "::")


def is_own(host: str) -> bool:
    """Return whether `host` lets no other machine in."""
    return host in ("localhost", "::1") or host.startswith("127.")


def listening(host: str | None, interface: str | None, port: int, scheme: str) -> str | None:
    """Return the address to listen at; None where neither a host nor an interface is said.

    Parameters
    ----------
    host : str or None
        A name, an address, or both scheme and port with it: ``"tcp://10.0.0.1:8786"``.
    interface : str or None
        A network interface in place of a host.
    port : int
        The port, unless `host` names one.
    scheme : str
        ``"tcp"`` or ``"tls"``.
    """
    if host is not None and interface is not None:
        raise ValueError(f"host={host!r} and interface={interface!r}: give one of both")
    if interface is not None:
        host = interface_host(interface)
    if host is None:
        return None
    given, separator, rest = host.rpartition("://")
    if separator and given != scheme:
        raise ValueError(f"the host {host!r} says {given}, where the cluster speaks {scheme}")
    name, found = _split(rest)
    name = "0.0.0.0" if name == "" else name
    bracketed = f"[{name}]" if ":" in name else name
    return f"{scheme}://{bracketed}:{port if found is None else found}"


def hostname_of(address: str) -> str:
    """Return the host that an address names, without brackets."""
    return _split(address.rpartition("://")[2])[0]


def contact_of(listen: str, contact: str | None) -> str:
    """Return where others find what listens at `listen`.

    Parameters
    ----------
    listen : str
        Where it listens, with its port.
    contact : str or None
        What was said of it: an address, which need have neither scheme nor port.
    """
    scheme, _, rest = listen.partition("://")
    host, port = _split(rest)
    if contact is not None:
        host, said = _split(contact.rpartition("://")[2])
        port = said or port
    elif is_any(host):
        host = own_host()
    bracketed = f"[{host}]" if ":" in host else host
    return f"{scheme}://{bracketed}:{port}"


def ports_of(port: int | str | tuple[int, int] | None) -> tuple[int, int] | None:
    """Return the first and the last port that is meant; None for any.

    Parameters
    ----------
    port : int, str, tuple or None
        One port, or the first and the last: ``"3000:3026"``.
    """
    if port is None or port in (0, "0", ""):
        return None
    words = port.split(":") if isinstance(port, str) else [port] if isinstance(port, int) else list(port)
    try:
        first, last = int(words[0]), int(words[-1])
    except ValueError:
        first, last = 0, 0
    if len(words) > 2 or not 0 < first <= last <= _PORT_MAX:
        raise ValueError(f"the port {port!r} is neither a number of 0 to 65535 nor FIRST:LAST")
    return first, last


def _split(text: str) -> tuple[str, int | None]:
    """Return host and port of ``host:port``, ``[host]:port`` or a host alone."""
    host, bracket, rest = text.removeprefix("[").partition("]")
    if bracket:
        return host, int(rest[1:]) if rest.startswith(":") else None
    if text.count(":") > 1:
        return text, None
    host, colon, port = text.partition(":")
    if colon and not port.isdigit():
        raise ValueError(f"the port {port!r} of {text!r} is no number")
    return host, int(port) if colon else None
