# SPDX-License-Identifier: Apache-2.0
"""CreateImage, ModifyImageAttribute, ResetImageAttribute."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from nova_appliance.actions.create_image import create_image
from nova_appliance.ec2 import servers, tagging
from nova_appliance.ec2.actions import images
from nova_appliance.ec2.caller import Caller
from nova_appliance.ec2.faults import Fault, coded
from nova_appliance.ec2.parameters import missing, shown

Params = Mapping[str, Any]
SHORTEST, LONGEST = 3, 128


def create(caller: Caller, params: dict[str, Any]) -> dict[str, Any]:
    """CreateImage: of an instance that runs or not; it is never rebooted for it."""
    name = params["Name"]
    if not SHORTEST <= len(name) <= LONGEST:
        raise Fault("InvalidAMIName.Malformed", "The name of an image has 3 to 128 characters.")
    if params.get("BlockDeviceMappings"):
        raise Fault("UnsupportedOperation", "BlockDeviceMappings of images are not built here.")
    new = tagging.specified(params, "image")
    server = servers.find(caller, params["InstanceId"])
    own = caller.cloud.images.list_(caller.context, {"name": name, "owner": caller.project_id})
    if any(image.name == name for image in own):
        raise Fault("InvalidAMIName.Duplicate", f"AMI name {shown(name)} is already in use.")
    told = {"description": params["Description"]} if params.get("Description") else {}
    with coded(Conflict="IncorrectInstanceState"):
        image_id = create_image(caller.cloud, caller.context, server, name, told)
    ec2_id = caller.names.one("ami", image_id)
    tagging.keep(caller, ec2_id, new)
    return {"ImageId": ec2_id}


def modify(caller: Caller, params: dict[str, Any]) -> dict[str, Any]:
    """ModifyImageAttribute: the description, and whether everybody may launch it."""
    image = images.find(caller, params["ImageId"])
    _check_own(caller, params["ImageId"], image.owner)
    put: dict[str, str] = {}
    if (text := _description(params)) is not None:
        put["description"] = text
    if (public := _public(params)) is not None:
        put["visibility"] = "public" if public else "private"
    if not put:
        raise missing("Attribute")
    with coded(Forbidden="AuthFailure"):
        caller.cloud.images.change(caller.context, image.id, put)
    return {}


def reset(caller: Caller, params: dict[str, Any]) -> dict[str, Any]:
    """ResetImageAttribute: launchPermission, so that it is private again."""
    if params["Attribute"] != "launchPermission":
        raise Fault("InvalidParameterValue", "Only launchPermission can be reset.")
    image = images.find(caller, params["ImageId"])
    _check_own(caller, params["ImageId"], image.owner)
    with coded(Forbidden="AuthFailure"):
        caller.cloud.images.change(caller.context, image.id, {"visibility": "private"})
    return {}


def _check_own(caller: Caller, ec2_id: str, owner: str | None) -> None:
    if owner != caller.project_id:
        raise Fault("AuthFailure", f"Not authorized for image {ec2_id}")


def _description(params: Params) -> str | None:
    if params.get("Attribute") == "description":
        return str(params.get("Value") or "")
    told = params.get("Description")
    return str(told.get("Value") or "") if isinstance(told, Mapping) else None


def _public(params: Params) -> bool | None:
    """Whether all get or lose the image; None when nothing is said of that. Raises Fault."""
    told = params.get("LaunchPermission") or {}
    added, removed = (told.get(name) or () for name in ("Add", "Remove"))
    groups, users = params.get("UserGroups") or (), params.get("UserIds") or ()
    if params.get("OperationType") == "remove":
        removed = [*removed, *({"Group": group} for group in groups)]
    else:
        added = [*added, *({"Group": group} for group in groups)]
    if users or any(one.get("Group") != "all" for one in (*added, *removed)):
        raise Fault("UnsupportedOperation", "Images are shared with all or with nobody here.")
    if added and removed:
        raise Fault("InvalidParameterCombination", "Add and Remove may not be given together.")
    return bool(added) if added or removed else None
