# SPDX-License-Identifier: Apache-2.0
"""Limits, quota sets and quota classes as the Compute API shows them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from nova_appliance.actions.quotas import Standing
from nova_appliance.api.schemas.quotas import INJECTION, NETWORK
from nova_appliance.api.versioned import Schema, Version, Versioned, add, drop
from nova_appliance.domain.quota import RESOURCES

_GROUPS = ("server_groups", "server_group_members")


def _names(*names: str) -> Schema:
    return {"properties": {name: name for name in names}}


SET = Versioned(_names(*RESOURCES), v2_36=drop(*NETWORK), v2_57=drop(*INJECTION))


def _class_2_50(shape: Schema) -> None:
    drop(*NETWORK)(shape)
    add(**{name: name for name in _GROUPS})(shape)


CLASS = Versioned(
    _names(*(name for name in RESOURCES if name not in _GROUPS)),
    v2_50=_class_2_50,
    v2_57=drop(*INJECTION),
)

LIMITS = Versioned(
    {
        "properties": {
            "maxTotalRAMSize": "ram",
            "maxTotalInstances": "instances",
            "maxTotalCores": "cores",
            "maxTotalKeypairs": "key_pairs",
            "maxTotalFloatingIps": "floating_ips",
            "maxServerMeta": "metadata_items",
            "maxImageMeta": "metadata_items",
            "maxPersonality": "injected_files",
            "maxPersonalitySize": "injected_file_content_bytes",
            "maxSecurityGroups": "security_groups",
            "maxSecurityGroupRules": "security_group_rules",
            "maxServerGroups": "server_groups",
            "maxServerGroupMembers": "server_group_members",
        }
    },
    v2_36=drop("maxTotalFloatingIps", "maxSecurityGroups", "maxSecurityGroupRules"),
    v2_39=drop("maxImageMeta"),
    v2_57=drop("maxPersonality", "maxPersonalitySize"),
)
"""Name in GET /limits > resource."""

USED = Versioned(
    {
        "properties": {
            "totalRAMUsed": "ram",
            "totalCoresUsed": "cores",
            "totalInstancesUsed": "instances",
            "totalFloatingIpsUsed": "floating_ips",
            "totalSecurityGroupsUsed": "security_groups",
            "totalServerGroupsUsed": "server_groups",
        }
    },
    v2_36=drop("totalFloatingIpsUsed", "totalSecurityGroupsUsed"),
)


def quota_set(
    version: Version, limits: Mapping[str, int], project_id: str | None = None
) -> dict[str, Any]:
    """The limits of a project; an answer to PUT has no id."""
    view: dict[str, Any] = {"id": project_id} if project_id else {}
    return {"quota_set": view | _pick(SET, version, limits)}


def quota_detail(version: Version, standing: Standing, project_id: str) -> dict[str, Any]:
    """Limits and use; nothing is ever reserved: use is counted, not booked."""
    rows = {
        name: {"limit": limit, "in_use": standing.used[name], "reserved": 0}
        for name, limit in standing.limits.items()
    }
    return {"quota_set": {"id": project_id} | _pick(SET, version, rows)}


def quota_class(
    version: Version, limits: Mapping[str, int], class_name: str | None = None
) -> dict[str, Any]:
    """The limits of a class; an answer to PUT has no id."""
    view: dict[str, Any] = {"id": class_name} if class_name else {}
    return {"quota_class_set": view | _pick(CLASS, version, limits)}


def absolute(version: Version, standing: Standing) -> dict[str, Any]:
    """GET /limits; rate limits are a thing of the past."""
    limits = _pick(LIMITS, version, standing.limits) | _pick(USED, version, standing.used)
    return {"limits": {"rate": [], "absolute": limits}}


def _pick(view: Versioned, version: Version, values: Mapping[str, Any]) -> dict[str, Any]:
    table: dict[str, str] = view.at(version)["properties"]
    return {name: values[resource] for name, resource in table.items()}
