# SPDX-License-Identifier: Apache-2.0
"""Images of servers whose root disk is a volume: snapshots of all volumes, and a mapping to them.

Done while the caller waits, as the snapshots are the caller's own.
"""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from typing import Any

import msgspec

from nova_appliance.actions import quiesce
from nova_appliance.actions.cloud import Cloud
from nova_appliance.common import errors
from nova_appliance.common.context import RequestContext
from nova_appliance.db import server_actions
from nova_appliance.db.engines import Connection
from nova_appliance.domain import root_image
from nova_appliance.domain.attachment import Attachment
from nova_appliance.domain.boot import BlockDevice
from nova_appliance.domain.server import Server

MAPPING, MARK = "block_device_mapping", "bdm_v2"
"""Properties of the image: its devices as JSON, and that they are of version 2."""
ACTION = "createImage"


def create(cloud: Cloud, context: RequestContext, server: Server, wanted: Mapping[str, Any]) -> str:
    """Make the image; `wanted` is in Glance's words. Raises Conflict, OverQuota, Invalid."""
    with contextlib.ExitStack() as undo:
        mapping = []
        with quiesce.held_still(cloud, context, server):
            for one in server.attachments:
                row = _row(one)
                if one.is_volume:
                    made = _snapshot(cloud, context, one, str(wanted["name"]))
                    undo.callback(_drop, cloud, context, str(made["id"]))
                    row |= {"snapshot_id": made["id"], "volume_size": made["size"]}
                mapping.append(row)
        told = {
            **{k: v for k, v in _properties(server).items() if k not in wanted},
            **wanted,
            MAPPING: msgspec.json.encode(mapping).decode(),
            MARK: "True",
            "root_device_name": server.root_device,
        }
        image_id = cloud.images.create(told).id
        undo.callback(cloud.images.discard, image_id)
        cloud.images.upload(image_id, "raw", iter((b"",)))
        cloud.cells.database(server.cell_id).transact(lambda conn: _record(conn, context, server))
        undo.pop_all()
    return image_id


def devices_of(properties: Mapping[str, str]) -> tuple[BlockDevice, ...]:
    """The devices that such an image stands for; () for one with data of its own."""
    if MAPPING not in properties or properties.get(MARK, "").lower() != "true":
        return ()
    try:
        rows = msgspec.json.decode(properties[MAPPING], type=list[dict[str, Any]])
        return tuple(_device(row) for row in rows)
    except (msgspec.DecodeError, msgspec.ValidationError, KeyError) as error:
        raise errors.Invalid(f"Block Device Mapping is Invalid: the image's is: {error}") from error


def _device(row: Mapping[str, Any]) -> BlockDevice:
    known = {name: row.get(name) for name in BlockDevice.__struct_fields__ if row.get(name)}
    source = str(row["source_type"])
    usual = {
        "uuid": row.get(f"{source}_id"),
        "boot_index": row.get("boot_index"),
        "destination_type": row["destination_type"],
    }
    return msgspec.convert({**usual, **known}, type=BlockDevice)


def _row(one: Attachment) -> dict[str, Any]:
    source = "snapshot" if one.is_volume else one.source
    return {
        "source_type": source,
        "destination_type": one.destination,
        "boot_index": -1 if one.boot_index is None else one.boot_index,
        "delete_on_termination": one.delete_on_termination,
        "device_name": one.device,
        "device_type": one.device_type,
        "disk_bus": one.bus,
        "guest_format": one.guest_format,
        "volume_size": one.size_mib or one.size_gib,
        "tag": one.tag,
        "snapshot_id": None,
        "volume_id": None,
        "image_id": None,
        "no_device": None,
    }


def _snapshot(cloud: Cloud, context: RequestContext, one: Attachment, name: str) -> dict[str, Any]:
    wanted = {"volume_id": one.volume_id, "force": True, "name": f"snapshot for {name}"}
    try:
        return dict(cloud.volumes.snapshot(wanted, context))
    except errors.Unsupported as error:
        raise errors.Conflict(error.message) from error


def _drop(cloud: Cloud, context: RequestContext, snapshot_id: str) -> None:
    with contextlib.suppress(errors.ApplianceError):  # what made us turn back counts
        cloud.volumes.delete_snapshot(snapshot_id, context)


def _properties(server: Server) -> Mapping[str, str]:
    image = root_image.of(server)
    return image.properties if image else {}


def _record(conn: Connection, context: RequestContext, server: Server) -> None:
    server_actions.start(conn, server.id, ACTION, context)
    server_actions.finish(conn, server.id, str(context.request_id))
