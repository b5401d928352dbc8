# SPDX-License-Identifier: Apache-2.0
"""The volume service's rows for EC2's actions: found by EC2 ids, shown in EC2's words."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from nova_appliance.common import clock, errors
from nova_appliance.db import ec2_tags
from nova_appliance.ec2 import names
from nova_appliance.ec2.caller import Caller
from nova_appliance.ec2.surroundings import tag_set

Row = dict[str, Any]
PAGE = 500
STATES = {
    "available": "available",
    "creating": "creating",
    "deleting": "deleting",
    "downloading": "creating",
    "error": "error",
    "error_deleting": "error",
    "error_extending": "error",
    "extending": "available",
    "uploading": "available",
}
"""Status of the volume service > of EC2; all others are in-use, as somebody has them."""
ATTACHING = {"attaching": "attaching", "reserved": "attaching", "detaching": "detaching"}
BEFORE = frozenset(("attaching", "reserved"))
SNAPSHOTS = {"available": "completed", "creating": "pending", "deleting": "pending"}
"""All others are error."""


def rows(caller: Caller, plural: str) -> Iterator[Row]:
    """Every volume or snapshot of the project, page by page."""
    query = {"limit": str(PAGE), "sort": "created_at:asc"}
    while True:
        path = f"/{plural}/detail"
        answer = caller.cloud.volumes.ask("GET", path, caller.context, params=query).json()
        yield from answer[plural]
        if not answer.get(f"{plural}_links") or not answer[plural]:
            return
        query["marker"] = answer[plural][-1]["id"]


def find(caller: Caller, kind: str, ec2_id: str) -> Row:
    """The volume (`vol`) or snapshot (`snap`) of that id. Raises Fault."""
    thing = caller.names.find(kind, ec2_id)
    one = {"vol": "volume", "snap": "snapshot"}[kind]
    try:
        path = f"/{one}s/{thing}"
        found: Row = caller.cloud.volumes.ask("GET", path, caller.context).json()[one]
    except errors.NotFound as error:
        raise names.missing(kind, (ec2_id,)) from error
    return found


def show(caller: Caller, found: Iterable[Row]) -> list[Row]:
    """Volumes in EC2's words."""
    volumes = list(found)
    servers = {one["server_id"] for row in volumes for one in row.get("attachments") or ()}
    ids = {
        "vol": caller.names.give("vol", (row["id"] for row in volumes)),
        "snap": caller.names.give("snap", (r["snapshot_id"] for r in volumes if r["snapshot_id"])),
        "i": caller.names.give("i", servers),
    }
    kept = _tags(caller)
    return [_volume(row, ids, kept) for row in volumes]


def show_snapshots(caller: Caller, found: Iterable[Row]) -> list[Row]:
    """Snapshots in EC2's words."""
    snapshots = list(found)
    ids = caller.names.give("snap", (row["id"] for row in snapshots))
    volumes = caller.names.give("vol", (row["volume_id"] for row in snapshots if row["volume_id"]))
    kept = _tags(caller)
    return [
        {
            "SnapshotId": ids[row["id"]],
            "VolumeId": volumes.get(row["volume_id"]),
            "State": SNAPSHOTS.get(row["status"], "error"),
            "StartTime": when(row["created_at"]),
            "Progress": "100%" if row["status"] == "available" else "0%",
            "OwnerId": caller.project_id,
            "Description": row.get("description") or "",
            "VolumeSize": row["size"],
            "Encrypted": False,
            "StorageTier": "standard",
            "Tags": tag_set(kept.get(ids[row["id"]])),
        }
        for row in snapshots
    ]


def attachment(ec2_id: str, server: str, state: str, one: Mapping[str, Any]) -> Row:
    """One attachment as volumes and the calls that make and end it show it."""
    return {
        "VolumeId": ec2_id,
        "InstanceId": server,
        "Device": one.get("device") or "",
        "State": state,
        "AttachTime": when(one.get("attached_at")),
        "DeleteOnTermination": bool(one.get("delete_on_termination")),
    }


def when(text: str | None) -> dt.datetime | None:
    """A time of the volume service, naive UTC."""
    return clock.parse_time(text) if text else None


def _tags(caller: Caller) -> dict[str, dict[str, str]]:
    with caller.cloud.cells.api.read() as conn:
        return ec2_tags.of_project(conn, caller.project_id)


def _state(row: Row) -> str:
    """One that is only reserved is not in use yet: waiters for that go on to its attachment."""
    if row["status"] in BEFORE and not row.get("attachments"):
        return "available"
    return STATES.get(row["status"], "in-use")


def _volume(row: Row, ids: Mapping[str, Mapping[str, str]], kept: Mapping[str, Any]) -> Row:
    ec2_id = ids["vol"][row["id"]]
    state = ATTACHING.get(row["status"], "attached")
    return {
        "VolumeId": ec2_id,
        "Size": row["size"],
        "SnapshotId": ids["snap"].get(row["snapshot_id"], ""),
        "AvailabilityZone": row["availability_zone"],
        "State": _state(row),
        "CreateTime": when(row["created_at"]),
        "VolumeType": row["volume_type"] or "standard",
        "Encrypted": bool(row.get("encrypted")),
        "MultiAttachEnabled": bool(row.get("multiattach")),
        "Attachments": [
            attachment(ec2_id, ids["i"][one["server_id"]], state, one)
            for one in row.get("attachments") or ()
        ],
        "Tags": tag_set(kept.get(ec2_id)),
    }
