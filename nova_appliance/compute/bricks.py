# SPDX-License-Identifier: Apache-2.0
"""os-brick: what this host calls itself to storage, and the ways to real back ends.

Imported when the first such volume comes; a host of the miniature volume service needs none of it.
"""

from __future__ import annotations

import hashlib
import importlib
import os
import platform
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from oslo_config import cfg

from nova_appliance.common import errors

CONNECTORS = "os_brick.initiator.connector"
PROTOCOLS = {
    "iscsi": "ISCSI",
    "fibre_channel": "FIBRE_CHANNEL",
    "nvmeof": "NVMEOF",
    "nfs": "NFS",
}
"""driver_volume_type > os-brick's name of the protocol."""
STATUS = Path("/proc/self/status")
INITIATORS = ("etc/iscsi/initiatorname.iscsi", "etc/nvme/hostnqn", "sys/class/fc_host/*")
"""Files below / of hosts that have a name on a storage network: only those have more to tell."""


def connector(conf: cfg.ConfigOpts) -> dict[str, Any]:
    """What the volume service is told of this host."""
    told: dict[str, Any] = {
        "host": conf.host,
        "ip": conf.my_ip,
        "os_type": "linux",
        "platform": platform.machine(),
        "multipath": False,
        "do_local_attach": False,
    }
    named = any(found for name in INITIATORS for found in Path("/").glob(name))
    if not (named and _may_be_root()):  # os-brick's survey takes root's rights
        return told
    found = importlib.import_module(CONNECTORS).get_connector_properties(
        str(conf.libvirt.root_helper),
        conf.my_ip,
        conf.libvirt.volume_use_multipath,
        enforce_multipath=False,
        host=conf.host,
    )
    return told | dict(found)


def connect(conf: cfg.ConfigOpts, connection: Mapping[str, Any]) -> str:
    """Where the volume is on this host now. Raises Refused, Unavailable."""
    kind = str(connection.get("driver_volume_type"))
    data = dict(connection["data"])
    try:
        found = _protocol(conf, connection).connect_volume(data)
    except errors.ApplianceError:
        raise
    except Exception as error:
        raise errors.Unavailable(f"The {kind} volume cannot be reached: {error}") from error
    return str(found["path"])


def disconnect(conf: cfg.ConfigOpts, connection: Mapping[str, Any]) -> None:
    """Give up the way. Raises Unavailable when the host does not let go of it."""
    kind = str(connection.get("driver_volume_type"))
    try:
        _protocol(conf, connection).disconnect_volume(dict(connection["data"]), {})
    except errors.ApplianceError:
        raise
    except Exception as error:
        raise errors.Unavailable(f"The {kind} volume cannot be let go: {error}") from error


def _protocol(conf: cfg.ConfigOpts, connection: Mapping[str, Any]) -> Any:
    """os-brick's hand for this kind. Raises Refused, and Unavailable for a share that is not mounted."""
    kind = str(connection.get("driver_volume_type"))
    if kind not in PROTOCOLS:
        known = ", ".join(("local", "rbd", *PROTOCOLS))
        raise errors.Refused(f"This host knows no way to volumes of type {kind}, but {known}.")
    options: dict[str, Any] = {"use_multipath": conf.libvirt.volume_use_multipath}
    if kind == "nfs":
        base = conf.libvirt.nfs_mount_point_base
        options = {
            "conn": {"mount_point_base": base},
            "nfs_mount_point_base": base,
            "nfs_mount_options": conf.libvirt.nfs_mount_options,
        }
    if not _may_be_root():
        _do_without_root(conf, kind, connection["data"])
    factory = importlib.import_module(CONNECTORS).InitiatorConnector.factory
    return factory(PROTOCOLS[kind], str(conf.libvirt.root_helper), **options)


def _may_be_root() -> bool:
    """Whether this process is root or may ask a root_helper: hardened units may not (prctl(2))."""
    return os.geteuid() == 0 or "NoNewPrivs:\t1" not in STATUS.read_text().splitlines()


def _do_without_root(conf: cfg.ConfigOpts, kind: str, data: Mapping[str, Any]) -> None:
    """A share that is mounted already needs nobody's rights; all else does."""
    if kind != "nfs":
        raise errors.Refused(
            f"Volumes of type {kind} need a nova-compute that may become root; on this host it may not."
        )
    share = str(data["export"])
    name = hashlib.md5(share.encode(), usedforsecurity=False).hexdigest()
    place = Path(conf.libvirt.nfs_mount_point_base, name)
    if not place.is_mount():
        raise errors.Unavailable(
            f"The share {share} is not mounted at {place}, and nova-compute may not mount it."
        )
