# SPDX-License-Identifier: Apache-2.0
"""CreateVolume, DeleteVolume, DescribeVolumes, DescribeVolumeStatus."""

from __future__ import annotations

import uuid
from typing import Any

from nova_appliance.ec2 import client_tokens, listing, placement, tagging, volumes
from nova_appliance.ec2.caller import Caller
from nova_appliance.ec2.faults import Fault, coded
from nova_appliance.ec2.listing import Listing
from nova_appliance.ec2.parameters import shown

Row = dict[str, Any]
LISTING = Listing(
    "Volumes", "VolumeId", "vol", "VolumeIds", {
        "attachment.attach-time": "Attachments.AttachTime",
        "attachment.delete-on-termination": "Attachments.DeleteOnTermination",
        "attachment.device": "Attachments.Device",
        "attachment.instance-id": "Attachments.InstanceId",
        "attachment.status": "Attachments.State",
        "availability-zone": "AvailabilityZone",
        "create-time": "CreateTime",
        "encrypted": "Encrypted",
        "multi-attach-enabled": "MultiAttachEnabled",
        "size": "Size",
        "snapshot-id": "SnapshotId",
        "status": "State",
        "tag-value": "Tags.Value",
        "volume-id": "VolumeId",
        "volume-type": "VolumeType",
    },
)  # fmt: skip
STATUSES = Listing(
    "VolumeStatuses", "VolumeId", "vol", "VolumeIds", {
        "availability-zone": "AvailabilityZone",
        "volume-status.status": "VolumeStatus.Status",
    },
)  # fmt: skip
USUAL_TYPES = frozenset(("", "standard", "gp2", "gp3"))
"""EC2's words for what is cheap: the volume service's own choice."""
UNBUILT = ("Encrypted", "KmsKeyId", "Iops", "Throughput", "OutpostArn")
"""Parameters that would change what is made: silently leaving them out would be a lie."""
TOKEN = "ec2_client_token"  # noqa: S105 - the name of a metadatum
LARGEST_GIB = 2**31 - 1


def create(caller: Caller, params: dict[str, Any]) -> dict[str, Any]:
    """CreateVolume: of a size, or of a snapshot; standard, gp2 and gp3 are the usual type."""
    new = tagging.specified(params, "volume")
    body = _wanted(caller, params)
    body["name"] = new.get("Name", "")[:255]

    def find(token: str) -> Row | None:
        found = caller.cloud.volumes.marked(TOKEN, token)
        return found[0].raw if found else None

    def make(token: str) -> Row:
        wanted = {**body, "metadata": {TOKEN: token}}
        with coded(OverQuota="VolumeLimitExceeded", NotFound="InvalidSnapshot.NotFound"):
            return caller.cloud.volumes.create(wanted, caller.context).raw

    row = client_tokens.once(caller, ("CreateVolume", params), uuid.uuid4().hex, find, make)
    tagging.keep(caller, caller.names.one("vol", row["id"]), new)
    return volumes.show(caller, [row])[0]


def delete(caller: Caller, params: dict[str, Any]) -> dict[str, Any]:
    """DeleteVolume."""
    ec2_id = params["VolumeId"]
    row = volumes.find(caller, "vol", ec2_id)
    if row.get("attachments") or volumes.STATES.get(row["status"], "in-use") == "in-use":
        raise Fault("VolumeInUse", f"Volume {ec2_id} is currently attached.")
    with coded(Invalid="IncorrectState", NotFound="InvalidVolume.NotFound"):
        caller.cloud.volumes.ask("DELETE", f"/volumes/{row['id']}", caller.context)
    tagging.forget(caller, ec2_id)
    return {}


def describe(caller: Caller, params: dict[str, Any]) -> dict[str, Any]:
    """DescribeVolumes."""
    return listing.show(LISTING, params, volumes.show(caller, volumes.rows(caller, "volumes")))


def statuses(caller: Caller, params: dict[str, Any]) -> dict[str, Any]:
    """DescribeVolumeStatus: impaired is what the volume service calls an error."""
    shown_ = volumes.show(caller, volumes.rows(caller, "volumes"))
    return listing.show(STATUSES, params, [_status(row) for row in shown_])


def _wanted(caller: Caller, params: dict[str, Any]) -> Row:
    for name in UNBUILT:
        if params.get(name):
            raise Fault("UnsupportedOperation", f"{name} of volumes is not built here.")
    size, snapshot = params.get("Size"), params.get("SnapshotId")
    if size is None and not snapshot:
        raise Fault("MissingParameter", "The request must contain the parameter size or snapshotId")
    body: Row = {"availability_zone": placement.zone(caller, {"Placement": params})}
    if size is not None and not 1 <= size <= LARGEST_GIB:
        raise Fault("InvalidParameterValue", "The size of a volume is 1 GiB or more.")
    if snapshot:
        row = volumes.find(caller, "snap", snapshot)
        body["snapshot_id"] = row["id"]
        size = size or row["size"]
    body["size"] = size
    if (kind := params.get("VolumeType") or "") not in USUAL_TYPES:
        body["volume_type"] = _type(caller, kind)
    if params.get("MultiAttachEnabled"):
        body["multiattach"] = True
    return body


def _type(caller: Caller, name: str) -> str:
    known = caller.cloud.volumes.ask("GET", "/types", caller.context).json()["volume_types"]
    if name not in {row["name"] for row in known}:
        raise Fault("InvalidParameterValue", f"There is no volume type '{shown(name)}' here.")
    return name


def _status(row: Row) -> Row:
    told = "impaired" if row["State"] == "error" else "ok"
    return {
        "VolumeId": row["VolumeId"],
        "AvailabilityZone": row["AvailabilityZone"],
        "VolumeStatus": {
            "Status": told,
            "Details": [{"Name": "io-enabled", "Status": "passed" if told == "ok" else "failed"}],
        },
        "Actions": [],
        "Events": [],
    }
