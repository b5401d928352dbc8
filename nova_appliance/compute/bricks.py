# SPDX-License-Identifier: Apache-2.0
"""os-brick: what this host calls itself to storage, and the ways to real back ends.

Imported when the first such volume comes; a host of the miniature volume service needs none of it.
"""

from __future__ import annotations

import importlib
import platform
from collections.abc import Mapping
from types import ModuleType
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
    try:
        brick = importlib.import_module(CONNECTORS)
    except ImportError:
        return told
    found = brick.get_connector_properties(
        _helper(conf),
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
        found = _protocol(conf, kind).connect_volume(data)
    except errors.ApplianceError:
        raise
    except Exception as error:
        raise errors.Unavailable(f"The {kind} volume cannot be reached: {error}") from error
    path = str(found["path"])
    return f"{path}/{data['name']}" if kind == "nfs" else path


def disconnect(conf: cfg.ConfigOpts, connection: Mapping[str, Any]) -> None:
    """Give up the way. Raises Unavailable when the host does not let go of it."""
    kind = str(connection.get("driver_volume_type"))
    try:
        _protocol(conf, kind).disconnect_volume(dict(connection["data"]), {})
    except errors.ApplianceError:
        raise
    except Exception as error:
        raise errors.Unavailable(f"The {kind} volume cannot be let go: {error}") from error


def _protocol(conf: cfg.ConfigOpts, kind: str) -> Any:
    if kind not in PROTOCOLS:
        known = ", ".join(("local", "rbd", *PROTOCOLS))
        raise errors.Refused(f"This host knows no way to volumes of type {kind}, but {known}.")
    options: dict[str, Any] = {}
    if kind == "nfs":
        options["nfs_mount_point_base"] = conf.libvirt.nfs_mount_point_base
        options["nfs_mount_options"] = conf.libvirt.nfs_mount_options
    else:
        options["use_multipath"] = conf.libvirt.volume_use_multipath
    factory = _brick().InitiatorConnector.factory
    return factory(PROTOCOLS[kind], _helper(conf), **options)


def _brick() -> ModuleType:
    try:
        return importlib.import_module(CONNECTORS)
    except ImportError as error:
        raise errors.Refused(
            "This host has no os-brick, which volumes of real back ends need."
        ) from error


def _helper(conf: cfg.ConfigOpts) -> str:
    return str(conf.libvirt.root_helper)
