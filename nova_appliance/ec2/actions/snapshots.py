# SPDX-License-Identifier: Apache-2.0
"""CreateSnapshot, DeleteSnapshot, DescribeSnapshots: the volume service's snapshots."""

from __future__ import annotations

from typing import Any

from nova_appliance.ec2 import listing, tagging, volumes
from nova_appliance.ec2.caller import Caller
from nova_appliance.ec2.faults import coded
from nova_appliance.ec2.listing import Listing

LISTING = Listing(
    "Snapshots", "SnapshotId", "snap", "SnapshotIds", {
        "description": "Description",
        "encrypted": "Encrypted",
        "owner-id": "OwnerId",
        "progress": "Progress",
        "snapshot-id": "SnapshotId",
        "start-time": "StartTime",
        "status": "State",
        "storage-tier": "StorageTier",
        "tag-value": "Tags.Value",
        "volume-id": "VolumeId",
        "volume-size": "VolumeSize",
    },
)  # fmt: skip


def create(caller: Caller, params: dict[str, Any]) -> dict[str, Any]:
    """CreateSnapshot: of volumes in use too, where the volume service can."""
    new = tagging.specified(params, "snapshot")
    volume = volumes.find(caller, "vol", params["VolumeId"])
    wanted = {
        "volume_id": volume["id"],
        "force": True,
        "name": new.get("Name", "")[:255],
        "description": params.get("Description") or "",
    }
    with coded(Invalid="IncorrectState", OverQuota="SnapshotLimitExceeded"):
        row = caller.cloud.volumes.snapshot(wanted, caller.context)
    tagging.keep(caller, caller.names.one("snap", row["id"]), new)
    return volumes.show_snapshots(caller, [row])[0]


def delete(caller: Caller, params: dict[str, Any]) -> dict[str, Any]:
    """DeleteSnapshot."""
    row = volumes.find(caller, "snap", params["SnapshotId"])
    with coded(Invalid="InvalidSnapshot.InUse", NotFound="InvalidSnapshot.NotFound"):
        caller.cloud.volumes.delete_snapshot(row["id"], caller.context)
    tagging.forget(caller, params["SnapshotId"])
    return {}


def describe(caller: Caller, params: dict[str, Any]) -> dict[str, Any]:
    """DescribeSnapshots: those of the project."""
    owners = {
        caller.project_id if one == "self" else one
        for name in ("OwnerIds", "RestorableByUserIds")
        for one in params.get(name) or ()
    }
    found = [] if owners and caller.project_id not in owners else volumes.rows(caller, "snapshots")
    return listing.show(LISTING, params, volumes.show_snapshots(caller, found))
