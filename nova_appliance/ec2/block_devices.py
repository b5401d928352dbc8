# SPDX-License-Identifier: Apache-2.0
"""BlockDeviceMapping.N of RunInstances > block devices of a new server; and what images say of theirs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from nova_appliance.clients.images import Image
from nova_appliance.domain import image_mapping
from nova_appliance.domain.boot import BlockDevice
from nova_appliance.ec2 import volumes
from nova_appliance.ec2.caller import Caller
from nova_appliance.ec2.faults import Fault

ROOTS = frozenset(("/dev/vda", "/dev/sda", "/dev/sda1", "/dev/xvda", "vda", "sda", "sda1", "xvda"))
"""What images call their root device; the server's own is always the first disk."""
ROOT = "/dev/vda"
UNBUILT = ("Encrypted", "KmsKeyId", "Iops", "Throughput", "OutpostArn")
Devices = dict[str, BlockDevice]


def read(caller: Caller, params: Mapping[str, Any], image: Image) -> tuple[BlockDevice, ...]:
    """The devices that differ from one local disk of the image; those of the flavor come by it.

    An image of a server with volumes has a mapping of its own, which is changed by device name.
    Raises Fault.
    """
    own = of_image(image)
    found = dict(own)
    named: set[str] = set()
    for one in params.get("BlockDeviceMappings") or ():
        ebs, name = one.get("Ebs"), _name(one.get("DeviceName") or "")
        if one.get("NoDevice") is not None:
            _leave_out(found, name)
        elif ebs:  # ephemeral disks are there by the flavor
            _check(ebs, name, named)
            found[name] = _wanted(caller, ebs, name, own.get(name), image)
            named.add(name)
    if found and ROOT not in found:
        found[ROOT] = BlockDevice(
            source_type="image", destination_type="local", uuid=image.id, boot_index=0,
            delete_on_termination=True,
        )  # fmt: skip
    return tuple(found.values())


def of_image(image: Image) -> Devices:
    """Device > what the image's own mapping has there; {} for an image with data of its own."""
    rows = image_mapping.devices_of(image.properties)
    return {ROOT if row.boot_index == 0 else row.device_name or f"#{at}": row
            for at, row in enumerate(rows)}  # fmt: skip


def show(caller: Caller, image: Image) -> list[dict[str, Any]]:
    """The image's own mapping in EC2's words: its volumes."""
    rows = {name: row for name, row in of_image(image).items() if row.source_type == "snapshot"}
    ids = caller.names.give("snap", (row.uuid for row in rows.values() if row.uuid))
    return [
        {
            "DeviceName": name,
            "Ebs": {
                "SnapshotId": ids.get(row.uuid or ""),
                "VolumeSize": row.volume_size,
                "DeleteOnTermination": row.delete_on_termination,
                "VolumeType": row.volume_type or "standard",
                "Encrypted": False,
            },
        }
        for name, row in rows.items()
    ]


def _name(told: str) -> str:
    return ROOT if told in ROOTS else told


def _leave_out(found: Devices, name: str) -> None:
    if name == ROOT and name in found:
        raise Fault("InvalidBlockDeviceMapping", "An instance needs its root device.")
    found.pop(name, None)


def _check(ebs: Mapping[str, Any], name: str, named: set[str]) -> None:
    for unbuilt in UNBUILT:
        if ebs.get(unbuilt):
            raise Fault("UnsupportedOperation", f"{unbuilt} of volumes is not built here.")
    if name in named:
        raise Fault("InvalidBlockDeviceMapping", "A device is named twice; and there is one root.")


def _wanted(
    caller: Caller, ebs: Mapping[str, Any], name: str, own: BlockDevice | None, image: Image
) -> BlockDevice:
    if own is not None and own.source_type == "snapshot":
        return _changed(caller, ebs, name, own)
    return _root(ebs, image.id) if name == ROOT else _more(caller, ebs, name)


def _changed(caller: Caller, ebs: Mapping[str, Any], name: str, own: BlockDevice) -> BlockDevice:
    """A volume of the image's mapping with another size, end, or (but for the root) snapshot."""
    asked = ebs.get("SnapshotId")
    if asked and caller.names.find("snap", asked) != own.uuid:
        if name == ROOT:
            raise Fault("InvalidBlockDeviceMapping", "The root device keeps the image's snapshot.")
        return _more(caller, ebs, name)
    size, told = ebs.get("VolumeSize"), ebs.get("DeleteOnTermination")
    _check_size(size, own.volume_size)
    return msgspec.structs.replace(
        own,
        volume_size=size or own.volume_size,
        delete_on_termination=own.delete_on_termination if told is None else bool(told),
    )


def _root(ebs: Mapping[str, Any], image_id: str) -> BlockDevice:
    """The root disk as a volume made of the image."""
    if ebs.get("SnapshotId"):
        raise Fault("InvalidBlockDeviceMapping", "The root device is made of the image.")
    return BlockDevice(
        source_type="image", destination_type="volume", uuid=image_id, boot_index=0,
        volume_size=ebs.get("VolumeSize"), delete_on_termination=_goes(ebs), device_name=ROOT,
    )  # fmt: skip


def _more(caller: Caller, ebs: Mapping[str, Any], name: str) -> BlockDevice:
    """A further volume: empty, or made of a snapshot."""
    size, snapshot = ebs.get("VolumeSize"), ebs.get("SnapshotId")
    if size is None and not snapshot:
        raise Fault("MissingParameter", "A volume needs a size or a snapshot.")
    row = volumes.find(caller, "snap", snapshot) if snapshot else None
    if row:
        _check_size(size, row["size"])
    return BlockDevice(
        source_type="snapshot" if row else "blank", destination_type="volume",
        uuid=row["id"] if row else None, volume_size=size or (row or {}).get("size"),
        delete_on_termination=_goes(ebs), device_name=name, boot_index=-1,
    )  # fmt: skip


def _check_size(size: int | None, least: int | None) -> None:
    if size is not None and size < (least or 1):
        raise Fault(
            "InvalidBlockDeviceMapping",
            f"Volume of size {size}GB is smaller than its snapshot, expect size >= {least}GB",
        )


def _goes(ebs: Mapping[str, Any]) -> bool:
    """Whether it ends with its instance, as EC2 has it unless it is told."""
    told = ebs.get("DeleteOnTermination")
    return True if told is None else bool(told)
