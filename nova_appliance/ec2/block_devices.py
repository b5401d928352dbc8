# SPDX-License-Identifier: Apache-2.0
"""BlockDeviceMapping.N of RunInstances > block devices of a new server."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from nova_appliance.domain.boot import BlockDevice
from nova_appliance.ec2 import volumes
from nova_appliance.ec2.caller import Caller
from nova_appliance.ec2.faults import Fault

ROOTS = frozenset(("/dev/vda", "/dev/sda", "/dev/sda1", "/dev/xvda", "vda", "sda", "sda1", "xvda"))
"""What images call their root device; the server's own is always the first disk."""
UNBUILT = ("Encrypted", "KmsKeyId", "Iops", "Throughput", "OutpostArn")


def read(caller: Caller, params: Mapping[str, Any], image_id: str) -> tuple[BlockDevice, ...]:
    """The volumes that are asked for. Local disks are the flavor's matter. Raises Fault."""
    found = []
    for one in params.get("BlockDeviceMappings") or ():
        ebs, name = one.get("Ebs"), one.get("DeviceName") or ""
        if one.get("NoDevice") is not None or not ebs:
            continue  # ephemeral disks are there by the flavor, and nothing is there without one
        for unbuilt in UNBUILT:
            if ebs.get(unbuilt):
                raise Fault("UnsupportedOperation", f"{unbuilt} of volumes is not built here.")
        found.append(_root(ebs, name, image_id) if name in ROOTS else _more(caller, ebs, name))
    if sum(one.boot_index == 0 for one in found) > 1:
        raise Fault("InvalidBlockDeviceMapping", "There is one root device.")
    return tuple(found)


def _root(ebs: Mapping[str, Any], name: str, image_id: str) -> BlockDevice:
    """The root disk as a volume made of the image."""
    if ebs.get("SnapshotId"):
        raise Fault("InvalidBlockDeviceMapping", "The root device is made of the image.")
    return BlockDevice(
        source_type="image", destination_type="volume", uuid=image_id, boot_index=0,
        volume_size=ebs.get("VolumeSize"), delete_on_termination=_goes(ebs), device_name=name,
    )  # fmt: skip


def _more(caller: Caller, ebs: Mapping[str, Any], name: str) -> BlockDevice:
    """A further volume: empty, or made of a snapshot."""
    size, snapshot = ebs.get("VolumeSize"), ebs.get("SnapshotId")
    if size is None and not snapshot:
        raise Fault("MissingParameter", "A volume needs a size or a snapshot.")
    row = volumes.find(caller, "snap", snapshot) if snapshot else None
    return BlockDevice(
        source_type="snapshot" if row else "blank", destination_type="volume",
        uuid=row["id"] if row else None, volume_size=size or (row or {}).get("size"),
        delete_on_termination=_goes(ebs), device_name=name, boot_index=-1,
    )  # fmt: skip


def _goes(ebs: Mapping[str, Any]) -> bool:
    """Whether it ends with its instance, as EC2 has it unless it is told."""
    told = ebs.get("DeleteOnTermination")
    return True if told is None else bool(told)
