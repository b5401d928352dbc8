# SPDX-License-Identifier: Apache-2.0
"""Volumes and snapshots as the oldest Compute API showed them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def volume(raw: Mapping[str, Any]) -> dict[str, Any]:
    """A volume of the volume service in the old words."""
    seen = {
        "id": raw["id"],
        "status": raw["status"],
        "size": raw["size"],
        "availabilityZone": raw.get("availability_zone"),
        "createdAt": raw.get("created_at"),
        "displayName": raw.get("name"),
        "displayDescription": raw.get("description"),
        "volumeType": raw.get("volume_type"),
        "snapshotId": raw.get("snapshot_id"),
        "metadata": raw.get("metadata") or {},
    }
    attached = raw.get("attachments") or [{}]
    return seen | {"attachments": [_attachment(raw, one) for one in attached]}


def _attachment(raw: Mapping[str, Any], one: Mapping[str, Any]) -> dict[str, Any]:
    """A volume that nobody has shows one empty attachment."""
    if not one:
        return {}
    seen = {"id": raw["id"], "volumeId": raw["id"], "serverId": one["server_id"]}
    return seen | ({"device": one["device"]} if one.get("device") else {})


def snapshot(raw: Mapping[str, Any]) -> dict[str, Any]:
    """A snapshot of the volume service in the old words."""
    return {
        "id": raw["id"],
        "volumeId": raw["volume_id"],
        "status": raw["status"],
        "size": raw["size"],
        "createdAt": raw.get("created_at"),
        "displayName": raw.get("name"),
        "displayDescription": raw.get("description"),
    }
