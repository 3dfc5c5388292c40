"""Clusters by TLS: who has a certificate of the authority takes part."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import raskt
from raskt.distributed import Client, LocalCluster, Security

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(scope="module")
def encrypted() -> Iterator[LocalCluster]:
    with LocalCluster(n_workers=1, threads_per_worker=1, security=True) as cluster:
        yield cluster


def address_of_a_worker(task: Any) -> str:
    return str(raskt.distributed.get_worker().address)


def test_work_and_values_go_by_tls(encrypted: LocalCluster) -> None:
    assert encrypted.scheduler_address.startswith("tls://")
    with Client(encrypted.scheduler_address, security=encrypted.security) as client:
        assert client.submit(address_of_a_worker, 0).result().startswith("tls://")
        assert client.gather(client.scatter(list(range(3)))) == [0, 1, 2]
        nested = client.submit(lambda: raskt.distributed.get_client().submit(pow, 2, 5).result())
        assert nested.result() == 32


def test_who_has_no_certificate_of_the_authority_is_told_so(encrypted: LocalCluster) -> None:
    address = encrypted.scheduler_address
    with pytest.raises(OSError, match="TLS needs certificates: give security="):
        Client(address)
    with pytest.raises(OSError, match="invalid peer certificate"):
        Client(address, security=Security.temporary())
    with pytest.raises(OSError, match="it speaks TLS; its address is written tls://"):
        Client(address.replace("tls", "tcp"))
    with pytest.raises(ValueError, match="is not encrypted, and security requires it"):
        Client(address.replace("tls", "tcp"), security=encrypted.security)


def test_securities_say_what_is_missing(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="TLS of a client needs tls_cert, tls_key, too"):
        Client("tls://127.0.0.1:1", security=Security(tls_ca_file="-----BEGIN "))
    with pytest.raises(TypeError, match="unknown keywords of Security: ca"):
        Security(ca="x")
    with pytest.raises(TypeError, match=r"must be a raskt\.distributed\.Security, found str"):
        Client("tls://127.0.0.1:1", security="temporary")
    with pytest.raises(FileNotFoundError, match="none"):
        Client("tls://127.0.0.1:1", security=Security(**dict.fromkeys(FILES, tmp_path / "none")))
    assert "KEY" not in repr(Security.temporary())


FILES = ("tls_ca_file", "tls_client_cert", "tls_client_key")


def test_commands_take_files(tmp_path: Path) -> None:
    made = Security.temporary()
    options = []
    for name, option in zip(FILES, ("--tls-ca-file", "--tls-cert", "--tls-key"), strict=True):
        (tmp_path / name).write_text(getattr(made, name))
        options += [option, str(tmp_path / name)]
    env = {**os.environ, "XDG_CONFIG_HOME": str(tmp_path)}
    command = [sys.executable, "-m", "raskt"]
    scheduler = subprocess.Popen(
        [*command, "scheduler", "--port", "0", *options], stdout=subprocess.PIPE, text=True, env=env
    )
    try:
        assert scheduler.stdout is not None
        address = scheduler.stdout.readline().split()[-1]
        worker = subprocess.Popen([*command, "worker", address, *options], env=env)
        security = Security(**{name: tmp_path / name for name in FILES})
        with Client(address, security=security) as client:
            assert client.submit(pow, 2, 5).result(timeout=60) == 32
            client.shutdown()
        assert worker.wait(30) == 0
    finally:
        scheduler.terminate()
        scheduler.communicate(timeout=30)
