# SPDX-License-Identifier: Apache-2.0
"""Attributes of volumes and snapshots: what is always so here, and may be told so."""

from __future__ import annotations

from typing import Any

from nova_appliance.ec2 import volumes
from nova_appliance.ec2.caller import Caller
from nova_appliance.ec2.faults import Fault
from nova_appliance.ec2.parameters import missing, shown

Params = dict[str, Any]
PERMISSION, CODES = "createVolumePermission", "productCodes"
NOT_SHARED = "Snapshots are their project's own: the volume service shares them with nobody."


def describe(caller: Caller, params: Params) -> dict[str, Any]:
    """DescribeVolumeAttribute: autoEnableIO is true, since nothing ever stops a volume's I/O."""
    name = params["Attribute"]
    told: dict[str, Any] = {
        "autoEnableIO": {"AutoEnableIO": {"Value": True}},
        CODES: {"ProductCodes": []},
    }
    if name not in told:
        raise Fault("InvalidParameterValue", f"'{shown(name)}' is not an attribute of volumes.")
    volumes.find(caller, "vol", params["VolumeId"])
    return {"VolumeId": params["VolumeId"], **told[name]}


def modify(caller: Caller, params: Params) -> dict[str, Any]:
    """ModifyVolumeAttribute: autoEnableIO may be told that it is true."""
    wanted = (params.get("AutoEnableIO") or {}).get("Value")
    if wanted is None:
        raise missing("AutoEnableIO.Value")
    volumes.find(caller, "vol", params["VolumeId"])
    if not wanted:
        raise Fault("UnsupportedOperation", "The I/O of a volume is never stopped here.")
    return {}


def describe_snapshot(caller: Caller, params: Params) -> dict[str, Any]:
    """DescribeSnapshotAttribute: createVolumePermission is nobody else's."""
    name = params["Attribute"]
    told: dict[str, Any] = {
        PERMISSION: {"CreateVolumePermissions": []},
        CODES: {"ProductCodes": []},
    }
    if name not in told:
        raise Fault("InvalidParameterValue", f"'{shown(name)}' is not an attribute of snapshots.")
    volumes.find(caller, "snap", params["SnapshotId"])
    return {"SnapshotId": params["SnapshotId"], **told[name]}


def modify_snapshot(caller: Caller, params: Params) -> dict[str, Any]:
    """ModifySnapshotAttribute: permissions may be taken away, which nobody has."""
    told = params.get("CreateVolumePermission") or {}
    listed = bool(params.get("UserIds") or params.get("GroupNames"))
    if not told and not listed:
        raise missing("CreateVolumePermission")
    volumes.find(caller, "snap", params["SnapshotId"])
    if told.get("Add") or (listed and params.get("OperationType") != "remove"):
        raise Fault("UnsupportedOperation", NOT_SHARED)
    return {}


def reset_snapshot(caller: Caller, params: Params) -> dict[str, Any]:
    """ResetSnapshotAttribute: createVolumePermission, which nobody else has anyhow."""
    if params["Attribute"] != PERMISSION:
        raise Fault("InvalidParameterValue", f"Only {PERMISSION} can be reset.")
    volumes.find(caller, "snap", params["SnapshotId"])
    return {}
