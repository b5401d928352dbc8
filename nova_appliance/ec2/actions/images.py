# SPDX-License-Identifier: Apache-2.0
"""DescribeImages, DescribeImageAttribute, DeregisterImage."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from nova_appliance.clients.images import Image
from nova_appliance.common import errors
from nova_appliance.ec2 import block_devices, launch_permissions, listing, names, tagging
from nova_appliance.ec2.caller import Caller
from nova_appliance.ec2.faults import Fault, coded
from nova_appliance.ec2.listing import Listing
from nova_appliance.ec2.parameters import shown
from nova_appliance.ec2.surroundings import tag_set, tags

Item = dict[str, Any]
PREFIXES = {"aki": "aki", "ari": "ari"}
TYPES = {"aki": "kernel", "ari": "ramdisk", "ami": "machine"}
STATES = {
    "active": "available",
    "deactivated": "deregistered",
    "deleted": "deregistered",
    "pending_delete": "deregistered",
    "killed": "failed",
}
"""Status of the image service > imageState; all others are pending."""
PERMISSIONS = "LaunchPermissions"
LISTING = Listing(
    "Images", "ImageId", "ami", "ImageIds", {
        "architecture": "Architecture",
        "creation-date": "CreationDate",
        "block-device-mapping.snapshot-id": "BlockDeviceMappings.Ebs.SnapshotId",
        "description": "Description",
        "hypervisor": "Hypervisor",
        "image-id": "ImageId",
        "image-type": "ImageType",
        "is-public": "Public",
        "kernel-id": "KernelId",
        "manifest-location": "ImageLocation",
        "name": "Name",
        "owner-id": "OwnerId",
        "ramdisk-id": "RamdiskId",
        "root-device-name": "RootDeviceName",
        "root-device-type": "RootDeviceType",
        "state": "State",
        "tag-value": "Tags.Value",
        "virtualization-type": "VirtualizationType",
    }, least_page=1,
)  # fmt: skip


def describe(caller: Caller, params: dict[str, Any]) -> dict[str, Any]:
    """DescribeImages."""
    images = caller.cloud.images.list_(caller.context, {"member_status": "all"})
    kept = [image for image in images if _is_wanted(caller, params, image)]
    kept_tags = tags(caller)
    return listing.show(LISTING, params, [_show(caller, image, kept_tags) for image in kept])


def attribute(caller: Caller, params: dict[str, Any]) -> dict[str, Any]:
    """DescribeImageAttribute."""
    name, ec2_id = params["Attribute"], params["ImageId"]
    if name not in READ:
        raise Fault("InvalidParameterValue", f"'{shown(name)}' is not an attribute of images.")
    image = find(caller, ec2_id)
    item = _show(caller, image, {}) | {PERMISSIONS: launch_permissions.show(caller, image)}
    return {"ImageId": ec2_id, **READ[name](item)}


def deregister(caller: Caller, params: dict[str, Any]) -> dict[str, Any]:
    """DeregisterImage."""
    image = find(caller, params["ImageId"])
    if image.owner != caller.project_id:
        raise Fault("AuthFailure", f"Not authorized for image {params['ImageId']}")
    with coded(Conflict="InvalidAMIID.Unavailable"):
        caller.cloud.images.delete(caller.context, image.id)
    tagging.forget(caller, params["ImageId"])
    return {"Return": True}


def find(caller: Caller, ec2_id: str) -> Image:
    """The image of that id. Raises Fault."""
    image_id = caller.names.find("ami", ec2_id)
    try:
        return caller.cloud.images.get(image_id, caller.context)
    except errors.NotFound as error:
        raise names.missing("ami", (ec2_id,)) from error


def prefix(image: Image) -> str:
    """ami, aki or ari."""
    return PREFIXES.get(image.container_format, "ami")


def _is_wanted(caller: Caller, params: dict[str, Any], image: Image) -> bool:
    owners = {caller.project_id if one == "self" else one for one in params.get("Owners") or ()}
    users = params.get("ExecutableUsers") or ()
    mine, public = image.owner == caller.project_id, image.visibility == "public"
    if users and not (("all" in users and public) or ("self" in users and not public)):
        return False
    return not owners or image.owner in owners or ("self" in owners and mine)


def _show(caller: Caller, image: Image, kept: dict[str, dict[str, str]]) -> Item:
    kind = prefix(image)
    ec2_id = caller.names.one(kind, image.id)
    properties, mapping = image.properties, _mapping(caller, image)
    return {
        "ImageId": ec2_id,
        "ImageLocation": properties.get("image_location") or image.name or image.id,
        "State": _state(image),
        "OwnerId": image.owner or "",
        "Public": image.visibility == "public",
        "Architecture": properties.get("hw_architecture") or properties.get("architecture")
        or "x86_64",
        "ImageType": TYPES[kind],
        "KernelId": _part(caller, "aki", properties.get("kernel_id")),
        "RamdiskId": _part(caller, "ari", properties.get("ramdisk_id")),
        "Name": image.name,
        "Description": properties.get("description"),
        "RootDeviceType": "ebs" if mapping else "instance-store",
        "RootDeviceName": properties.get("root_device_name") or "/dev/vda",
        "VirtualizationType": "hvm",
        "Hypervisor": "xen",
        "CreationDate": image.created_at.replace("Z", ".000Z") if image.created_at else None,
        "BlockDeviceMappings": mapping,
        "ProductCodes": [],
        "Tags": tag_set(kept.get(ec2_id)),
    }  # fmt: skip


def _mapping(caller: Caller, image: Image) -> list[Item]:
    """The volumes an image stands for; one whose mapping nobody can read shows none."""
    try:
        return block_devices.show(caller, image)
    except errors.Invalid:
        return []


def _state(image: Image) -> str:
    """As the image service says, or as the transfer of a bundle ended."""
    if image.status in {"queued", "saving"} and "failed" in image.properties.get("image_state", ""):
        return "failed"
    return STATES.get(image.status, "pending")


def _part(caller: Caller, kind: str, image_id: str | None) -> str | None:
    return caller.names.one(kind, image_id) if image_id else None


READ: dict[str, Callable[[Item], Item]] = {
    "blockDeviceMapping": lambda item: {"BlockDeviceMappings": item["BlockDeviceMappings"]},
    "description": lambda item: {"Description": {"Value": item["Description"] or ""}},
    "kernel": lambda item: {"KernelId": {"Value": item["KernelId"]}},
    "launchPermission": lambda item: {PERMISSIONS: item[PERMISSIONS]},
    "productCodes": lambda _item: {"ProductCodes": []},
    "ramdisk": lambda item: {"RamdiskId": {"Value": item["RamdiskId"]}},
}
