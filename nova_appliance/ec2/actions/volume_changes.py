# SPDX-License-Identifier: Apache-2.0
"""ModifyVolume, DescribeVolumesModifications: a volume grows; its metadata say from where and when."""

from __future__ import annotations

import datetime as dt
from typing import Any

import msgspec

from nova_appliance.ec2 import listing, names, volumes
from nova_appliance.ec2.caller import Caller
from nova_appliance.ec2.faults import Fault, coded
from nova_appliance.ec2.listing import Listing

Row = dict[str, Any]
LISTING = Listing(
    "VolumesModifications", "VolumeId", "vol", "VolumeIds", {
        "modification-state": "ModificationState",
        "original-size": "OriginalSize",
        "start-time": "StartTime",
        "target-size": "TargetSize",
        "volume-id": "VolumeId",
    }, least_page=1,
)  # fmt: skip
MARK = "ec2_modification"
UNBUILT = ("VolumeType", "Iops", "Throughput", "MultiAttachEnabled")


class Change(msgspec.Struct, frozen=True):
    """What the last ModifyVolume asked for; times are naive UTC."""

    old_gib: int
    new_gib: int
    began_at: dt.datetime


def modify(caller: Caller, params: dict[str, Any]) -> dict[str, Any]:
    """ModifyVolume: it may grow, nothing else."""
    ec2_id, size = params["VolumeId"], params.get("Size")
    if size is None or any(params.get(name) for name in UNBUILT):
        raise Fault("UnsupportedOperation", "Only the Size of a volume can be changed here.")
    row = volumes.find(caller, "vol", ec2_id)
    if size <= row["size"]:
        raise Fault("InvalidParameterValue", "The new size must be greater than the present one.")
    change = Change(row["size"], size, caller.cloud.clock.now())
    path = f"/volumes/{row['id']}"
    with coded(Invalid="IncorrectState", OverQuota="VolumeLimitExceeded"):
        grow = {"os-extend": {"new_size": size}}
        caller.cloud.volumes.ask("POST", f"{path}/action", caller.context, json=grow)
        note = {"metadata": {MARK: msgspec.json.encode(change).decode()}}
        caller.cloud.volumes.ask("POST", f"{path}/metadata", caller.context, json=note)
    return {"VolumeModification": _show(ec2_id, {**row, "status": "extending"}, change)}


def describe(caller: Caller, params: dict[str, Any]) -> dict[str, Any]:
    """DescribeVolumesModifications: the last one of each volume that was ever modified."""
    rows = {row["id"]: row for row in volumes.rows(caller, "volumes")}
    ids = caller.names.give("vol", rows)
    changes = {thing: _change(row) for thing, row in rows.items()}
    asked = params.get("VolumeIds") or ()
    for one in asked:
        names.check("vol", one)
        if one not in ids.values():
            raise names.missing("vol", (one,))
    items = [
        _show(ids[thing], rows[thing], change)
        for thing, change in changes.items()
        if change and (not asked or ids[thing] in asked)
    ]
    return listing.show(LISTING, {**params, "VolumeIds": ()}, items)


def _change(row: Row) -> Change | None:
    """What the volume's metadata say, where they are ours."""
    text = (row.get("metadata") or {}).get(MARK)
    try:
        return msgspec.json.decode(text, type=Change) if text else None
    except msgspec.MsgspecError:
        return None


def _show(ec2_id: str, row: Row, change: Change) -> Row:
    done = row["size"] >= change.new_gib
    state = "completed" if done else "modifying" if row["status"] == "extending" else "failed"
    return {
        "VolumeId": ec2_id,
        "ModificationState": state,
        "TargetSize": change.new_gib,
        "TargetVolumeType": row.get("volume_type") or "standard",
        "OriginalSize": change.old_gib,
        "OriginalVolumeType": row.get("volume_type") or "standard",
        "Progress": 100 if done else 0,
        "StartTime": change.began_at,
    }
