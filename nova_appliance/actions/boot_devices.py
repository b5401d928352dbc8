# SPDX-License-Identifier: Apache-2.0
"""The block devices of new servers: what is asked of a mapping, checked in Nova's words."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec

from nova_appliance.actions.cloud import Cloud
from nova_appliance.actions.volumes import check_usable
from nova_appliance.clients.volumes import Volume, has_type
from nova_appliance.common import errors
from nova_appliance.common.context import RequestContext
from nova_appliance.domain import devices, image_mapping, root_image
from nova_appliance.domain.attachment import LOCAL, VOLUME, Attachment
from nova_appliance.domain.boot import BlockDevice, BootRequest
from nova_appliance.domain.flavor import Flavor
from nova_appliance.domain.server import ServerImage

SWAP = "swap"
MOST_LOCAL = 3
"""max_local_block_devices of Nova: the root disk and two more."""


class Chosen(msgspec.Struct, frozen=True, kw_only=True):
    """The devices of each server; `image_id` backs a local root disk, else `root` tells of it."""

    image_id: str | None
    root: ServerImage | None = None
    root_gib: int | None = None
    attachments: tuple[Attachment, ...] = ()
    """Without ids and names."""


def choose(cloud: Cloud, context: RequestContext, request: BootRequest) -> Chosen:
    """What the request's devices are. Raises Invalid."""
    request = _of_image(cloud, context, request)
    rows = _rows(request)
    if not rows and not request.image_id:
        raise errors.Invalid("Invalid image identifier or unable to use it.")
    _check_sequence(rows, request)
    _check_local(rows, request)
    root = next((row for row in rows if row.boot_index == 0), None)
    is_local = root is None or root.destination_type == LOCAL
    if is_local:
        image_id = request.image_id or (root.uuid if root else None)
        if not image_id:
            raise errors.Invalid("Invalid image identifier or unable to use it.")
    told, size = (None, None) if is_local or root is None else _root(cloud, context, root)
    made = [
        _attachment(cloud, context, row, request)
        for row in rows
        if not (row.boot_index == 0 and row.destination_type == LOCAL)
    ]
    volume_ids = [one.volume_id for one in made if one.volume_id]
    if len(set(volume_ids)) < len(volume_ids):
        raise _wrong("a volume can be mapped only once.")
    return Chosen(
        image_id=image_id if is_local else None,
        root=told,
        root_gib=size,
        attachments=tuple(made),
    )


def _of_image(cloud: Cloud, context: RequestContext, request: BootRequest) -> BootRequest:
    """An image of a server that booted from a volume stands for that server's devices.

    Those that are asked for besides come along, but for the image itself as a root disk.
    """
    if not request.image_id or any(row.old for row in request.block_devices):
        return request
    try:
        image = cloud.images.get(request.image_id, context)
    except errors.NotFound:
        return request  # which is said where images are looked up
    found = image_mapping.devices_of(image.properties)
    if not found:
        return request
    others = tuple(
        row
        for row in request.block_devices
        if not (row.source_type == "image" and row.boot_index == 0)
    )
    return msgspec.structs.replace(request, block_devices=(*found, *others), image_id=None)


def _rows(request: BootRequest) -> list[BlockDevice]:
    """The rows that count; in the old dialect the first one boots when nothing else does."""
    rows = [row for row in request.block_devices if not row.no_device]
    old = any(row.old for row in rows)
    if old and not request.image_id and not any(row.boot_index == 0 for row in rows):
        rows[0] = msgspec.structs.replace(rows[0], boot_index=0)
    return rows


def _check_sequence(rows: Sequence[BlockDevice], request: BootRequest) -> None:
    indexes = sorted(row.boot_index for row in rows if (row.boot_index or 0) >= 0
                     and row.boot_index is not None)  # fmt: skip
    implied = bool(request.image_id) and (not rows or any(row.old for row in rows))
    if implied and 0 not in indexes:
        indexes = [0, *indexes]
    if not indexes or indexes != list(range(len(indexes))):
        raise _wrong(
            "Boot sequence for the instance and image/block device mapping combination is not "
            "valid."
        )


def _check_local(rows: Sequence[BlockDevice], request: BootRequest) -> None:
    local = [row for row in rows if row.destination_type == LOCAL]
    if len(local) > MOST_LOCAL:
        raise _wrong("You specified more local devices than the limit allows")
    if sum(row.guest_format == SWAP for row in local) > 1:
        raise _wrong("More than one swap drive requested.")
    for row in local:
        if row.source_type == "image" and row.boot_index != 0:
            raise _wrong("Mapping image to local is not supported.")
        if row.boot_index == 0 and row.source_type == "blank":
            raise _wrong("a blank disk cannot be booted from.")
        if row.boot_index == 0 and row.uuid != (request.image_id or row.uuid):
            raise _wrong("the boot disk has another image than imageRef.")


def check_sizes(flavor: Flavor, attachments: Sequence[Attachment]) -> None:
    """Raise Invalid for local disks that are larger than the flavor gives."""
    local = [one for one in attachments if one.destination == LOCAL]
    ephemeral = [one for one in local if one.guest_format != SWAP]
    asked = sum(one.size_gib or flavor.ephemeral_gib for one in ephemeral)
    if asked > flavor.ephemeral_gib or (ephemeral and not flavor.ephemeral_gib):
        raise _wrong("Ephemeral disks requested are larger than the instance type allows.")
    swap = [one for one in local if one.guest_format == SWAP]
    if any((one.size_mib or flavor.swap_mib) > flavor.swap_mib for one in swap) or (
        swap and not flavor.swap_mib
    ):
        raise _wrong("Swap drive requested is larger than instance type allows.")


def named(
    flavor: Flavor, attachments: Sequence[Attachment], image: ServerImage | None
) -> tuple[Attachment, ...]:
    """The attachments with the names of their devices: root, local disks, then volumes."""
    usual = image.properties.get("hw_disk_bus", "virtio") if image else "virtio"
    used: set[str] = set()
    given: dict[int, Attachment] = {}
    if not any(one.is_root for one in attachments):
        used.add(devices.next_name(usual, used))
    order = sorted(range(len(attachments)), key=lambda at: _rank(attachments[at]))
    if not any(one.destination == LOCAL for one in attachments):
        order = (
            [at for at in order if attachments[at].is_root]
            + [-1]
            + [at for at in order if not attachments[at].is_root]
        )
    for at in order:
        if at < 0:
            _name_flavors(flavor, usual, used)
            continue
        one = attachments[at]
        bus = one.bus or usual
        name = devices.next_name(bus, used)
        used.add(name)
        sizes = _sizes(flavor, one)
        given[at] = msgspec.structs.replace(one, bus=bus, device=name, **sizes)
    return tuple(given[at] for at in range(len(attachments)))


def _name_flavors(flavor: Flavor, bus: str, used: set[str]) -> None:
    for size in (flavor.ephemeral_gib, flavor.swap_mib):
        if size:
            used.add(devices.next_name(bus, used))


def _sizes(flavor: Flavor, one: Attachment) -> dict[str, int]:
    if one.destination != LOCAL:
        return {}
    if one.guest_format == SWAP:
        return {"size_mib": one.size_mib or flavor.swap_mib}
    return {"size_gib": one.size_gib or flavor.ephemeral_gib}


def _rank(one: Attachment) -> tuple[int, int]:
    """Root first, then ephemeral disks, swap, and volumes by their place in the boot order."""
    if one.is_root:
        return (0, 0)
    if one.destination == LOCAL:
        return (2 if one.guest_format == SWAP else 1, 0)
    index = one.boot_index
    return (3, index if index is not None and index >= 0 else 1 << 20)


def _root(
    cloud: Cloud, context: RequestContext, row: BlockDevice
) -> tuple[ServerImage, int | None]:
    """What is known of the disk that the server boots from, and its size in GiB."""
    if row.source_type == "image":
        image = _image(cloud, context, row)
        return image, row.volume_size
    if row.source_type == "volume":
        volume = _volume(cloud, context, row)
        if not volume.bootable:
            raise _wrong(f"Block Device {volume.id} is not bootable.")
        return root_image.of_volume(volume.image), volume.size_gib
    if row.source_type == "snapshot":
        snapshot = _snapshot(cloud, context, row)
        try:
            volume = cloud.volumes.get(str(snapshot["volume_id"]), context)
        except errors.NotFound:
            return ServerImage(id=""), row.volume_size or snapshot["size"]
        return root_image.of_volume(volume.image), row.volume_size or snapshot["size"]
    return ServerImage(id=""), row.volume_size  # blank: a rescue disk brings the system


def _attachment(
    cloud: Cloud, context: RequestContext, row: BlockDevice, request: BootRequest
) -> Attachment:
    size, shared, volume_id = row.volume_size, False, None
    if row.destination_type == VOLUME:
        if row.volume_type and not has_type(cloud.volumes, row.volume_type, context):
            raise errors.Invalid(f"Volume type {row.volume_type} could not be found.")
        if row.source_type == "volume":
            volume = _volume(cloud, context, row)
            _check_volume(volume, request)
            size, shared, volume_id = volume.size_gib, volume.shared, volume.id
        elif row.source_type == "snapshot":
            size = size or int(_snapshot(cloud, context, row)["size"])
        elif row.source_type == "image":
            _image(cloud, context, row)
        if not size:
            kind = "Images" if row.source_type == "image" else "Blank volumes"
            raise _wrong(
                f"{kind} (source: '{row.source_type}', dest: 'volume') need to have non-zero size"
            )
    swap = row.destination_type == LOCAL and row.guest_format == SWAP
    return Attachment(
        id="",
        device="",
        source=row.source_type,
        source_id=row.uuid,
        destination=row.destination_type,
        volume_id=volume_id,
        boot_index=row.boot_index if (row.boot_index or 0) >= 0 else None,
        size_gib=None if swap else size,
        size_mib=(size or 0) if swap else 0,
        volume_type=row.volume_type,
        delete_on_termination=row.delete_on_termination,
        tag=row.tag,
        bus=row.disk_bus or "",
        device_type=row.device_type or "disk",
        guest_format=row.guest_format,
        shared=shared,
    )


def _check_volume(volume: Volume, request: BootRequest) -> None:
    check_usable(volume, may_be_shared=request.may_share_volumes)
    if request.max_count > 1 and not volume.shared:
        raise errors.Invalid("Cannot attach one or more volumes to multiple instances")


def _volume(cloud: Cloud, context: RequestContext, row: BlockDevice) -> Volume:
    try:
        return cloud.volumes.get(str(row.uuid), context)
    except errors.NotFound as error:
        raise _wrong(f"failed to get volume {row.uuid}.") from error


def _snapshot(cloud: Cloud, context: RequestContext, row: BlockDevice) -> dict[str, Any]:
    try:
        return cloud.volumes.get_snapshot(str(row.uuid), context)
    except errors.NotFound as error:
        raise _wrong(f"failed to get snapshot {row.uuid}.") from error


def _image(cloud: Cloud, context: RequestContext, row: BlockDevice) -> ServerImage:
    try:
        image = cloud.images.get(str(row.uuid), context)
    except errors.NotFound as error:
        raise _wrong(f"failed to get image {row.uuid}.") from error
    if image.status != "active":
        raise _wrong(f"image {row.uuid} is not active.")
    return image.remembered


def _wrong(why: str) -> errors.Invalid:
    return errors.Invalid(f"Block Device Mapping is Invalid: {why}")
