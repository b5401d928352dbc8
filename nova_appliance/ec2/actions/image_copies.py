# SPDX-License-Identifier: Apache-2.0
"""CopyImage: another image with the same bytes; the call answers at once, a thread brings them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from nova_appliance.clients.images import Image
from nova_appliance.common import errors, ids
from nova_appliance.db import ec2_tags
from nova_appliance.ec2 import client_tokens, image_transfer, tagging
from nova_appliance.ec2.actions import images
from nova_appliance.ec2.actions.image_changes import check_name
from nova_appliance.ec2.caller import Caller
from nova_appliance.ec2.faults import Fault
from nova_appliance.ec2.parameters import shown

Params = Mapping[str, Any]
UNBUILT = (
    "DestinationAvailabilityZone", "DestinationAvailabilityZoneId", "DestinationOutpostArn",
    "Encrypted", "KmsKeyId", "SnapshotCopyCompletionDurationMinutes",
)  # fmt: skip
OF_ONE = (image_transfer.STATE, "image_location", "instance_uuid", "os_glance")
"""Begins of properties that say of the old image what does not hold for the new one."""


def copy(caller: Caller, params: dict[str, Any]) -> dict[str, Any]:
    """CopyImage: within this region; one of volumes has the same snapshots."""
    _check(caller, params)
    new = tagging.specified(params, "image")
    source = images.find(caller, params["SourceImageId"])
    if source.status != "active":
        raise Fault("InvalidAMIID.Unavailable", f"The image is {source.status}.")
    if images.prefix(source) != "ami":
        raise Fault("UnsupportedOperation", "Kernels and ramdisks are not copied here.")

    def find(image_id: str) -> str | None:
        try:
            return caller.cloud.images.get(image_id, caller.context).id
        except errors.NotFound:
            return None

    def make(image_id: str) -> str:
        caller.cloud.images.create({"id": image_id, **_wanted(caller, params, source)})
        chunks = caller.cloud.images.chunks
        image_transfer.begin(caller, image_id, source.disk_format, lambda: chunks(source.id))
        return image_id

    image_id = client_tokens.once(caller, ("CopyImage", params), ids.new_id(), find, make)
    ec2_id = caller.names.one("ami", image_id)
    tagging.keep(caller, ec2_id, _old_tags(caller, params) | new)
    return {"ImageId": ec2_id}


def _check(caller: Caller, params: Params) -> None:
    check_name(params["Name"])
    for name in UNBUILT:
        if params.get(name):
            raise Fault("UnsupportedOperation", f"{name} of copies is not built here.")
    if params["SourceRegion"] != caller.region:
        told = shown(params["SourceRegion"])
        raise Fault("InvalidParameterValue", f"There is no region '{told}' here.")


def _wanted(caller: Caller, params: Params, source: Image) -> dict[str, Any]:
    """The image in the image service's words."""
    kept = {k: v for k, v in source.properties.items() if not k.startswith(OF_ONE)}
    told = params.get("Description")
    return {
        **kept,
        **({"description": told} if told is not None else {}),
        "name": params["Name"],
        "owner": caller.project_id,
        "visibility": "private",
        "min_disk": source.min_disk_gib,
        "min_ram": source.min_ram_mib,
        image_transfer.STATE: image_transfer.PENDING,
    }


def _old_tags(caller: Caller, params: Params) -> dict[str, str]:
    if not params.get("CopyImageTags"):
        return {}
    with caller.cloud.cells.api.read() as conn:
        return ec2_tags.of_one(conn, caller.project_id, params["SourceImageId"])
