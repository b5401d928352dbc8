# SPDX-License-Identifier: Apache-2.0
"""CreateImage, ModifyImageAttribute, ResetImageAttribute, UpdateImage."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from nova_appliance.actions.create_image import create_image
from nova_appliance.ec2 import launch_permissions, servers, tagging
from nova_appliance.ec2.actions import images
from nova_appliance.ec2.caller import Caller
from nova_appliance.ec2.faults import Fault, coded
from nova_appliance.ec2.parameters import missing, shown

Params = Mapping[str, Any]
SHORTEST, LONGEST = 3, 128


def create(caller: Caller, params: dict[str, Any]) -> dict[str, Any]:
    """CreateImage: of an instance that runs or not; it is never rebooted for it."""
    name = check_name(params["Name"])
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
    """ModifyImageAttribute: the description, and who may launch it: all, or single accounts."""
    image = images.find(caller, params["ImageId"])
    _check_own(caller, params["ImageId"], image.owner)
    text, change = _description(params), launch_permissions.read(params)
    if text is None and change.is_empty:
        raise missing("Attribute")
    launch_permissions.apply(caller, image, change)
    if text is not None:
        with coded(Forbidden="AuthFailure"):
            caller.cloud.images.change(caller.context, image.id, {"description": text})
    return {}


def update(caller: Caller, params: dict[str, Any]) -> dict[str, Any]:
    """UpdateImage: Nova's own; name, description, and whether everybody may launch it."""
    image = images.find(caller, params["ImageId"])
    _check_own(caller, params["ImageId"], image.owner)
    put: dict[str, str] = {}
    if (name := params.get("Name")) is not None:
        put["name"] = check_name(name)
    if (text := params.get("Description")) is not None:
        put["description"] = text
    if (public := params.get("IsPublic")) is not None:
        put["visibility"] = "public" if public else "private"
    with coded(Forbidden="AuthFailure"):
        caller.cloud.images.change(caller.context, image.id, put)
    return {"Return": True}


def reset(caller: Caller, params: dict[str, Any]) -> dict[str, Any]:
    """ResetImageAttribute: launchPermission, so that nobody else may launch it."""
    if params["Attribute"] != "launchPermission":
        raise Fault("InvalidParameterValue", "Only launchPermission can be reset.")
    image = images.find(caller, params["ImageId"])
    _check_own(caller, params["ImageId"], image.owner)
    launch_permissions.reset(caller, image)
    return {}


def check_name(text: str) -> str:
    """The name of an image. Raises Fault."""
    if not SHORTEST <= len(text) <= LONGEST:
        raise Fault("InvalidAMIName.Malformed", "The name of an image has 3 to 128 characters.")
    return text


def _check_own(caller: Caller, ec2_id: str, owner: str | None) -> None:
    if owner != caller.project_id:
        raise Fault("AuthFailure", f"Not authorized for image {ec2_id}")


def _description(params: Params) -> str | None:
    if params.get("Attribute") == "description":
        return str(params.get("Value") or "")
    told = params.get("Description")
    return str(told.get("Value") or "") if isinstance(told, Mapping) else None
