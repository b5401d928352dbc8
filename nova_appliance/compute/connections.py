# SPDX-License-Identifier: Apache-2.0
"""Volumes as this host reaches them: the way is asked for, gone, and given back.

Every order that may start a guest goes through `around`; a driver sees files and block devices only.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec

from nova_appliance.common import errors
from nova_appliance.compute import bricks
from nova_appliance.compute.agent import Agent, Deed
from nova_appliance.domain.guest import Guest, Volume
from nova_appliance.rpc.orders import ServerOrder

WITHOUT = frozenset((
    "destroy", "power_off", "pause", "unpause", "suspend", "interrupt", "snapshot",
    "upload_snapshot", "drop_snapshot", "attach_interface", "detach_interface", "attach_volume",
    "detach_volume", "swap_volume", "resize_volume", "snapshot_volume", "merge_volume", "release_share",
    "fetch_image", "set_aside", "withdraw", "forget_origin", "abandon", "show_passport", "go",
    "come_back",
))  # fmt: skip
"""Orders that start no guest; those about volumes connect by themselves."""


def around(name: str, deed: Deed) -> Deed:
    """The deed with its guest's volumes connected; what is connected anew is reported."""
    if name in WITHOUT:
        return deed

    def run(agent: Agent, order: ServerOrder) -> dict[str, Any]:
        if order.guest is None or not (order.guest.volumes or order.guest.shares):
            return deed(agent, order)
        told = guest(agent, order.guest)
        result = deed(agent, msgspec.structs.replace(order, guest=told))
        fresh = {volume.attachment_id for volume in order.guest.volumes if not volume.connection}
        new = tuple(volume for volume in told.volumes if volume.attachment_id in fresh)
        return result | {"connections": settle(agent, new)}

    return run


def guest(agent: Agent, told: Guest) -> Guest:
    """The guest with its volumes connected and its shares mounted; what is so stays."""
    volumes = tuple(connect(agent, volume) for volume in told.volumes)
    shares = tuple(agent.driver.shares.mount(share) for share in told.shares)
    return msgspec.structs.replace(told, volumes=volumes, shares=shares)


def connect(agent: Agent, volume: Volume) -> Volume:
    """The volume, reached. Raises Refused for a way that this host does not know."""
    way = volume.connection
    if not way:
        connector = bricks.connector(agent.conf) | {"mountpoint": f"/dev/{volume.device}"}
        way = agent.volumes.connect(volume.attachment_id, connector)
    told = msgspec.structs.replace(volume, connection=way)
    return WAYS.get(way.get("driver_volume_type", ""), _brick)(agent, told)


def settle(agent: Agent, volumes: tuple[Volume, ...]) -> dict[str, dict[str, Any]]:
    """Say that the server has them; attachment > the way, for the server's row."""
    for volume in volumes:
        agent.volumes.complete(volume.attachment_id)
    return {volume.attachment_id: volume.connection for volume in volumes}


def moved(volume: Volume, now: Volume) -> dict[str, dict[str, Any]]:
    """The way to a volume that another file holds now, as `settle` tells it."""
    way = volume.connection
    is_local = way["driver_volume_type"] == "local"
    place = {"device_path": now.path} if is_local else {"name": Path(now.path).name}
    data = way["data"] | place | {"format": now.file_format}
    return {volume.attachment_id: way | {"data": data}}


def disconnect(agent: Agent, volume: Volume) -> None:
    """Give the way back; fine if it was never gone."""
    kind = volume.connection.get("driver_volume_type")
    if kind and kind not in WAYS:
        bricks.disconnect(agent.conf, volume.connection)


def _local(_agent: Agent, volume: Volume) -> Volume:
    """A file or block device that is on this host already."""
    data = volume.connection["data"]
    path = str(data.get("device_path") or "")
    if not Path(path).is_absolute():
        raise errors.Refused(f"Volume {volume.volume_id} has no path on this host.")
    return _at(volume, path)


def _brick(agent: Agent, volume: Volume) -> Volume:
    return _at(volume, bricks.connect(agent.conf, volume.connection))


def _rbd(_agent: Agent, volume: Volume) -> Volume:
    """The hypervisor speaks to the cluster by itself."""
    name = str(volume.connection["data"]["name"])
    return _as(volume, "network", name)


def _at(volume: Volume, path: str) -> Volume:
    return _as(volume, "block" if Path(path).is_block_device() else "file", path)


def _as(volume: Volume, kind: str, path: str) -> Volume:
    data = volume.connection["data"]
    return msgspec.structs.replace(
        volume,
        kind=kind,
        path=path,
        file_format=str(data.get("format") or "raw"),
        read_only=data.get("access_mode") == "ro",
    )


WAYS: dict[str, Callable[[Agent, Volume], Volume]] = {
    "local": _local,
    "rbd": _rbd,
}
"""driver_volume_type > how it is reached; all others by os-brick."""
