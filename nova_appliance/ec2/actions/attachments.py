# SPDX-License-Identifier: Apache-2.0
"""AttachVolume, DetachVolume: the same actions as the Compute API's volume attachments."""

from __future__ import annotations

from typing import Any

from nova_appliance.actions import volumes as actions
from nova_appliance.actions.volumes import VolumeWanted
from nova_appliance.domain.server import Server
from nova_appliance.ec2 import servers, volumes
from nova_appliance.ec2.caller import Caller
from nova_appliance.ec2.faults import Fault, coded
from nova_appliance.ec2.parameters import shown

Row = dict[str, Any]


def attach(caller: Caller, params: dict[str, Any]) -> dict[str, Any]:
    """AttachVolume: the device is the next free one, whatever name is asked for."""
    ec2_id = params["VolumeId"]
    server = servers.find(caller, params["InstanceId"])
    row = volumes.find(caller, "vol", ec2_id)
    if row["status"] != "available" and not (row.get("multiattach") and row["status"] == "in-use"):
        word = "VolumeInUse" if row.get("attachments") else "IncorrectState"
        raise Fault(word, f"{ec2_id} is {row['status']}.")
    device = params.get("Device") or None
    if device and device in actions.names_of(server):
        raise Fault("InvalidParameterValue", f"Attachment point {shown(device)} is already in use")
    if server.zone and row["availability_zone"] != server.zone and not _may_cross(caller):
        raise Fault("InvalidVolume.ZoneMismatch", f"The volume '{ec2_id}' is in another zone.")
    wanted = VolumeWanted(volume_id=row["id"], device=device)
    with coded(Conflict="IncorrectState", NotFound="InvalidVolume.NotFound"):
        made = actions.attach(caller.cloud, caller.context, server, wanted)
    return volumes.attachment(
        ec2_id, params["InstanceId"], "attaching", {"device": made.device}
    ) | {"AttachTime": caller.cloud.clock.now()}


def detach(caller: Caller, params: dict[str, Any]) -> dict[str, Any]:
    """DetachVolume: the guest lets go of it first; Force does not hurry it."""
    ec2_id = params["VolumeId"]
    row = volumes.find(caller, "vol", ec2_id)
    server = _holder(caller, params, row)
    one = actions.find(server, row["id"])
    if params.get("Device") and params["Device"] != one.device:
        raise Fault(
            "InvalidAttachment.NotFound", f"{ec2_id} is not attached as {shown(params['Device'])}"
        )
    if one.is_root:
        raise Fault("OperationNotPermitted", f"{ec2_id} is the root volume of its instance.")
    with coded(Conflict="IncorrectState", NotFound="IncorrectState"):
        actions.detach(caller.cloud, caller.context, server, row["id"])
    told = {
        "device": one.device,
        "delete_on_termination": one.delete_on_termination,
        "attached_at": _since(row, server),
    }
    return volumes.attachment(ec2_id, caller.names.one("i", server.id), "detaching", told)


def _since(row: Row, server: Server) -> str | None:
    own = [one for one in row.get("attachments") or () if one["server_id"] == server.id]
    return own[0].get("attached_at") if own else None


def _may_cross(caller: Caller) -> bool:
    return bool(caller.cloud.conf.cinder.cross_az_attach)


def _holder(caller: Caller, params: dict[str, Any], row: Row) -> Server:
    """The server that has the volume. Raises Fault unless it is the one that is told, if any is."""
    ec2_id = params["VolumeId"]
    if params.get("InstanceId"):
        candidates = [servers.find(caller, params["InstanceId"])]
    else:
        ids = [one["server_id"] for one in row.get("attachments") or ()]
        candidates = list(servers.by_ids(caller, ids, gone=False))
    for server in candidates:
        if any(one.volume_id == row["id"] for one in server.attachments):
            return server
    raise Fault("IncorrectState", f"Volume '{ec2_id}' is in the 'available' state.")
