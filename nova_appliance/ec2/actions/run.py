# SPDX-License-Identifier: Apache-2.0
"""RunInstances: EC2's words for new servers > a BootRequest."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from typing import Any

import msgspec

from nova_appliance.actions.boot import boot
from nova_appliance.clients.images import Image
from nova_appliance.common import errors
from nova_appliance.db import flavors
from nova_appliance.domain.boot import BlockDevice, BootRequest
from nova_appliance.domain.flavor import Flavor
from nova_appliance.domain.server import Server
from nova_appliance.ec2 import (
    block_devices,
    client_tokens,
    launch_templates,
    metadata_options,
    names,
    placement,
    protection,
    servers,
    tagging,
)
from nova_appliance.ec2.caller import Caller
from nova_appliance.ec2.faults import Fault, coded
from nova_appliance.ec2.parameters import missing, shown
from nova_appliance.ec2.surroundings import look
from nova_appliance.ec2.views import server as view

USUAL_TYPE = "m1.small"
MOST = 1000
Params = Mapping[str, Any]

UNBUILT = {
    "CpuOptions": "CPU options",
    "CapacityReservationSpecification": "Capacity reservations",
    "ElasticGpuSpecification": "Elastic GPUs",
    "ElasticInferenceAccelerators": "Elastic inference",
    "EnclaveOptions": "Enclaves",
    "IamInstanceProfile": "Instance profiles",
    "InstanceMarketOptions": "Spot instances",
    "LicenseSpecifications": "Licenses",
}
"""Parameters that would change what is made: silently leaving them out would be a lie."""


def run(caller: Caller, params: dict[str, Any]) -> dict[str, Any]:
    """RunInstances: what the launch template says, and what the call itself says instead."""
    whole = launch_templates.fill_in(caller, params)
    _check(whole)
    request = _request(caller, whole)

    def find(reservation_id: str) -> tuple[Server, ...] | None:
        return servers.of_reservation(caller, reservation_id) or None

    def make(reservation_id: str) -> tuple[Server, ...]:
        return _boot(caller, request, reservation_id)

    call = ("RunInstances", params)
    new = client_tokens.once(caller, call, _new_reservation_id(), find, make)
    around = look(caller, new)
    return {
        "ReservationId": new[0].reservation_id,
        "OwnerId": caller.project_id,
        "Groups": [],
        "Instances": [view.show(around, server) for server in new],
    }


def _check(params: Params) -> None:
    for name, word in UNBUILT.items():
        if params.get(name):
            raise Fault("UnsupportedOperation", f"{word} are not built here.")
    if params.get("InstanceInitiatedShutdownBehavior") == "terminate":
        raise Fault("UnsupportedOperation", "An instance that shuts down is stopped here.")
    least, most = params["MinCount"], params["MaxCount"]
    if least < 1 or most < 1:
        raise Fault("InvalidParameterValue", "MinCount and MaxCount must be 1 or more.")
    if least > most:
        raise Fault("InvalidParameterCombination", "MinCount must not be greater than MaxCount.")
    if most > MOST:
        raise Fault("InstanceLimitExceeded", f"One call may make at most {MOST} instances.")


def _request(caller: Caller, params: Params) -> BootRequest:
    if not params.get("ImageId"):
        raise missing("ImageId")
    tags = tagging.specified(params, "instance")
    image = _image(caller, params["ImageId"])
    devices = block_devices.read(caller, params, image)
    local = not devices or any(one.destination_type == "local" for one in _roots(devices))
    return BootRequest(
        name=_name(tags),
        block_devices=devices,
        flavor_id=_flavor(caller, params.get("InstanceType")).id,
        image_id=image.id if local else None,
        networks=placement.networks(caller, params),
        security_groups=placement.groups(caller, params),
        key_name=params.get("KeyName") or None,
        user_data=_user_data(params),
        metadata=tags | _attributes(params),
        hints=placement.hints(caller, params),
        min_count=params["MinCount"],
        max_count=params["MaxCount"],
        availability_zone=placement.zone(caller, params),
    )


def _name(tags: Mapping[str, str]) -> str:
    """The name in the Compute API: the tag Name, as EC2's users see names."""
    return (tags.get("Name") or "").strip()[:255] or "ec2"


def _attributes(params: Params) -> dict[str, str]:
    """What EC2 calls attributes, and our metadata hold."""
    found = metadata_options.read(params.get("MetadataOptions") or {})
    return found | ({protection.KEY: "true"} if params.get("DisableApiTermination") else {})


def _flavor(caller: Caller, name: str | None) -> Flavor:
    """A flavor that the project may use, by name. Raises Fault."""
    wanted = name or USUAL_TYPE
    query = flavors.Query(is_public=True, disabled=False, project_id=caller.project_id)
    with caller.cloud.cells.api.read() as conn:
        found = [flavor for flavor in flavors.list_(conn, query) if flavor.name == wanted]
    if not found and name is None:
        raise missing("InstanceType")
    if not found:
        raise Fault(
            "InvalidParameterValue",
            f"Invalid value '{shown(wanted)}' for InstanceType: there is no such type.",
        )
    return found[0]


def _roots(devices: tuple[BlockDevice, ...]) -> list[BlockDevice]:
    return [one for one in devices if one.boot_index == 0]


def _image(caller: Caller, ec2_id: str) -> Image:
    image_id = caller.names.find("ami", ec2_id)
    try:
        image = caller.cloud.images.get(image_id, caller.context)
    except errors.NotFound as error:
        raise names.missing("ami", (ec2_id,)) from error
    if image.status != "active":
        raise Fault("InvalidAMIID.Unavailable", f"The image {ec2_id} is {image.status}.")
    return image


def _user_data(params: Params) -> str | None:
    """Base64 without line breaks; empty is none."""
    return "".join((params.get("UserData") or "").split()) or None


def _boot(caller: Caller, request: BootRequest, reservation_id: str) -> tuple[Server, ...]:
    whole = msgspec.structs.replace(request, reservation_id=reservation_id)
    try:
        with coded(OverQuota="InstanceLimitExceeded"):
            return boot(caller.cloud, caller.context, whole).servers
    except errors.Invalid as error:
        raise Fault(_code(error.message), error.message) from error


def _code(sentence: str) -> str:
    """EC2's code for what the checks of a new server refuse, by their sentences."""
    for part, code in CODES.items():
        if part in sentence:
            return code
    return "InvalidParameterValue"


CODES = {
    "key_name": "InvalidKeyPair.NotFound",
    "User data": "InvalidUserData.Malformed",
    "Security group": "InvalidGroup.NotFound",
    "is not active": "InvalidAMIID.Unavailable",
    "requested image": "InvalidAMIID.NotFound",
    "availability zone": "InvalidParameterValue",
}


def _new_reservation_id() -> str:
    return f"r-{secrets.token_hex(9)[:17]}"
