"""Encryption of what a cluster says, and certificates of who takes part."""

from __future__ import annotations

import json
import os

from raskt import _raskt, config

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, TypeAlias

    # The authority's, one's own, and its key.
    Certificates: TypeAlias = tuple[str, str, str]

__all__ = ["Security"]

#: The variable with the certificates of a worker process: arguments can be read by everybody on the machine.
TLS_VARIABLE = "RASKT_DISTRIBUTED_TLS"

_ROLES = ("scheduler", "worker", "client")


class Security:
    """Certificates for TLS.

    Scheduler, workers and clients show each other a certificate that one authority has signed, and encrypt
    all that they say. Names in certificates are not looked at: who has one belongs to the cluster.

    Parameters
    ----------
    require_encryption : bool, optional
        Whether addresses without TLS are refused; default: where there are certificates.
    tls_ca_file : str or path, optional
        The certificates of the authority: a file, or their text (PEM). Default: ``cluster.tls-ca-file``.
    tls_client_cert, tls_client_key : str or path, optional
        Certificate and key of clients: likewise. Default: ``cluster.tls-cert`` and ``cluster.tls-key``.
    tls_scheduler_cert, tls_scheduler_key, tls_worker_cert, tls_worker_key : str or path, optional
        Those of schedulers and workers. Default: those of clients.

    Examples
    --------
    >>> from raskt.distributed import LocalCluster, Security
    >>> with LocalCluster(1, security=Security.temporary()) as cluster:  # doctest: +SKIP
    ...     print(cluster.scheduler_address)
    tls://127.0.0.1:40331
    """

    def __init__(self, require_encryption: bool | None = None, **kwargs: Any) -> None:
        names = ["tls_ca_file", *(f"tls_{role}_{part}" for role in _ROLES for part in ("cert", "key"))]
        refused = [name for name in kwargs if name not in names]
        if refused:
            raise TypeError(
                f"unknown keywords of Security: {', '.join(refused)}; known are {', '.join(names)}"
            )
        self.require_encryption = require_encryption
        self.tls_ca_file = _given(kwargs.get("tls_ca_file"), "tls-ca-file")
        for role in _ROLES:
            for part in ("cert", "key"):
                own = kwargs.get(f"tls_{role}_{part}") or kwargs.get(f"tls_client_{part}")
                setattr(self, f"tls_{role}_{part}", _given(own, f"tls-{part}"))
        if self.require_encryption is None:
            self.require_encryption = self.tls_ca_file is not None

    @classmethod
    def temporary(cls, **kwargs: Any) -> Security:
        """Return certificates that nobody else has, signed by an authority of their own.

        Parameters
        ----------
        **kwargs
            As the class takes them.

        Examples
        --------
        >>> from raskt.distributed import Security
        >>> Security.temporary()
        Security(require_encryption=True, tls_ca_file=Temporary (in memory))
        """
        authority, certificate, key = _raskt.temporary_certificates()
        made = {"tls_ca_file": authority, "tls_client_cert": certificate, "tls_client_key": key}
        return cls(**{"require_encryption": True, **made, **kwargs})

    @classmethod
    def _of(cls, certificates: Certificates | None) -> Security | None:
        """Return what has these texts for every role."""
        if certificates is None:
            return None
        authority, certificate, key = certificates
        return cls(tls_ca_file=authority, tls_client_cert=certificate, tls_client_key=key)

    def __repr__(self) -> str:
        place = "Temporary (in memory)" if _is_text(self.tls_ca_file) else repr(self.tls_ca_file)
        return f"Security(require_encryption={self.require_encryption}, tls_ca_file={place})"

    def get_tls_config_for_role(self, role: str) -> dict[str, str | None]:
        """Return what a ``"scheduler"``, ``"worker"`` or ``"client"`` goes by.

        Parameters
        ----------
        role : str
            One of the three.
        """
        if role not in _ROLES:
            raise ValueError(f"role must be 'scheduler', 'worker' or 'client', found {role!r}")
        return {
            "tls_ca_file": self.tls_ca_file,
            "tls_cert": getattr(self, f"tls_{role}_cert"),
            "tls_key": getattr(self, f"tls_{role}_key"),
        }

    def _certificates(self, role: str) -> Certificates | None:
        """Return the texts; None where there are none."""
        found = self.get_tls_config_for_role(role)
        if not any(found.values()):
            if self.require_encryption:
                raise ValueError(
                    "require_encryption=True needs tls_ca_file, tls_client_cert and tls_client_key"
                )
            return None
        missing = [name for name, value in found.items() if value is None]
        if missing:
            raise ValueError(f"TLS of a {role} needs {', '.join(missing)}, too")
        authority, certificate, key = (_text(str(value)) for value in found.values())
        return authority, certificate, key


def certificates_of(security: Security | None, address: str, role: str) -> Certificates | None:
    """Return what a connection to ``address`` shows, or what is listened with there."""
    if security is None:
        # What the configuration has is for whoever asks for TLS.
        return Security()._certificates(role) if address.startswith("tls://") else None
    if not isinstance(security, Security):
        raise TypeError(f"security must be a raskt.distributed.Security, found {type(security).__name__}")
    found = security._certificates(role)
    if security.require_encryption and not address.startswith("tls://"):
        raise ValueError(f"the address {address!r} is not encrypted, and security requires it: write tls://")
    return found


def in_environment(certificates: Certificates | None) -> dict[str, str]:
    """Return the variables that tell a child process."""
    return {} if certificates is None else {TLS_VARIABLE: json.dumps(certificates)}


def from_environment() -> Certificates | None:
    """Take over what the parent process told."""
    text = os.environ.pop(TLS_VARIABLE, None)
    if text is None:
        return None
    authority, certificate, key = json.loads(text)
    return authority, certificate, key


def _given(value: Any, key: str) -> str | None:
    if value is None:
        found: str | None = config.resolve(f"cluster.{key}")
        return found
    return str(os.fspath(value))


def _is_text(value: str | None) -> bool:
    return value is not None and "-----BEGIN " in value


def _text(value: str) -> str:
    if _is_text(value):
        return value
    with open(os.path.expanduser(value), encoding="utf-8") as file:
        return file.read()
