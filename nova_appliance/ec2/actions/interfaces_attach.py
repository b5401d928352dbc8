# SPDX-License-Identifier: Apache-2.0
"""AttachNetworkInterface, DetachNetworkInterface: ports join and leave servers that run."""

from __future__ import annotations

from typing import Any

from nova_appliance.actions import interfaces as actions
from nova_appliance.domain.boot import NetworkRequest
from nova_appliance.domain.server import Server
from nova_appliance.ec2 import names, servers
from nova_appliance.ec2.caller import Caller
from nova_appliance.ec2.faults import Fault, coded
from nova_appliance.ec2.parameters import shown

Row = dict[str, Any]
ATTACHMENT = "eni-attach-"


def attach(caller: Caller, params: dict[str, Any]) -> dict[str, Any]:
    """AttachNetworkInterface: the guest sees it after the others, whatever DeviceIndex says."""
    if not params["DeviceIndex"]:
        raise Fault("InvalidParameterValue", "The device index 0 is taken already.")
    ec2_id = params["NetworkInterfaceId"]
    server = servers.find(caller, params["InstanceId"])
    port = _port(caller, ec2_id)
    if port["device_id"]:
        raise Fault("InvalidNetworkInterface.InUse", f"Interface {ec2_id} is in use.")
    wanted = NetworkRequest(port_id=port["id"])
    with coded(Conflict="IncorrectState", NotFound="InvalidNetworkInterfaceID.NotFound"):
        actions.begin_attach(caller.cloud, caller.context, server, wanted)
    return {"AttachmentId": ec2_id.replace("eni-", ATTACHMENT, 1), "NetworkCardIndex": 0}


def detach(caller: Caller, params: dict[str, Any]) -> dict[str, Any]:
    """DetachNetworkInterface: not the one that the instance was made with."""
    told = params["AttachmentId"]
    if not told.startswith(ATTACHMENT):
        raise Fault("InvalidAttachmentID.NotFound", f"'{shown(told)}' does not exist")
    port = _port(caller, told.replace(ATTACHMENT, "eni-", 1))
    server = _holder(caller, port, told)
    first = next((one.port_id for one in server.addresses if one.kind == "fixed"), None)
    if first == port["id"]:
        raise Fault("OperationNotPermitted", "The primary interface cannot be detached.")
    with coded(Conflict="IncorrectState", NotFound="InvalidAttachmentID.NotFound"):
        actions.detach(caller.cloud, caller.context, server, port["id"])
    return {}


def _port(caller: Caller, ec2_id: str) -> Row:
    thing = caller.names.find("eni", ec2_id)
    found = caller.rows.list_(caller.context, "ports", id=thing, project_id=caller.project_id)
    if not found:
        raise names.missing("eni", (ec2_id,))
    return found[0]


def _holder(caller: Caller, port: Row, told: str) -> Server:
    owner = str(port["device_id"])
    found = list(servers.by_ids(caller, [owner], gone=False)) if owner else []
    if not found:
        raise Fault("InvalidAttachmentID.NotFound", f"'{shown(told)}' is attached to no instance.")
    return found[0]
