"""Clusters of several kinds, at the addresses that Dask's users know."""

from __future__ import annotations

from raskt._lazy import finder

TYPE_CHECKING = False
if TYPE_CHECKING:
    from raskt.distributed.deploy.adaptive import Adaptive
    from raskt.distributed.deploy.cluster import Cluster
    from raskt.distributed.deploy.local import LocalCluster
    from raskt.distributed.deploy.spec import ProcessInterface, SpecCluster
    from raskt.distributed.deploy.ssh import SSHCluster

__all__ = ["Adaptive", "Cluster", "LocalCluster", "ProcessInterface", "SSHCluster", "SpecCluster"]

__getattr__ = finder(
    __name__,
    {
        "Adaptive": "raskt.distributed.deploy.adaptive",
        "Cluster": "raskt.distributed.deploy.cluster",
        "LocalCluster": "raskt.distributed.deploy.local",
        "ProcessInterface": "raskt.distributed.process",
        "SSHCluster": "raskt.distributed.deploy.ssh",
        "SpecCluster": "raskt.distributed.deploy.spec",
    },
)
