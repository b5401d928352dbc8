# SPDX-License-Identifier: Apache-2.0
"""Queries of GET /servers and /servers/detail, and of the actions of a server."""

from __future__ import annotations

from nova_appliance.api import paging
from nova_appliance.api.schemas.types import TEXT, list_of, query, single
from nova_appliance.api.versioned import Schema, Versioned, add, both, closed

SORT_KEYS = [
    "access_ip_v4",
    "access_ip_v6",
    "auto_disk_config",
    "availability_zone",
    "config_drive",
    "created_at",
    "display_description",
    "display_name",
    "host",
    "hostname",
    "image_ref",
    "instance_type_id",
    "kernel_id",
    "key_name",
    "launch_index",
    "launched_at",
    "locked_by",
    "node",
    "power_state",
    "progress",
    "project_id",
    "ramdisk_id",
    "root_device_name",
    "task_state",
    "terminated_at",
    "updated_at",
    "user_id",
    "uuid",
    "vm_state",
]
IGNORED_SORT_KEYS = [
    "architecture",
    "cell_name",
    "cleaned",
    "default_ephemeral_device",
    "default_swap_device",
    "deleted",
    "deleted_at",
    "disable_terminate",
    "ephemeral_gb",
    "ephemeral_key_uuid",
    "id",
    "key_data",
    "launched_on",
    "locked",
    "memory_mb",
    "os_type",
    "reservation_id",
    "root_gb",
    "shutdown_terminate",
    "user_data",
    "vcpus",
    "vm_mode",
]
"""Accepted and ignored below 2.75."""

PLAIN = [
    "user_id",
    "project_id",
    "tenant_id",
    "launch_index",
    "image_ref",
    "image",
    "vm_state",
    "task_state",
    "host",
    "uuid",
    "sort_dir",
    "all_tenants",
    "soft_deleted",
    "deleted",
    "status",
]
PATTERNS = [
    "kernel_id",
    "ramdisk_id",
    "hostname",
    "key_name",
    "power_state",
    "node",
    "flavor",
    "reservation_id",
    "launched_at",
    "terminated_at",
    "availability_zone",
    "name",
    "display_name",
    "description",
    "display_description",
    "locked_by",
    "root_device_name",
    "config_drive",
    "access_ip_v4",
    "access_ip_v6",
    "auto_disk_config",
    "progress",
    "ip",
    "ip6",
    "created_at",
]
NESTED = [
    "block_device_mapping",
    "services",
    "metadata",
    "system_metadata",
    "info_cache",
    "security_groups",
    "pci_devices",
]
"""Known words that are refused with a sentence of their own."""

TAG_FILTERS = ("tags", "tags-any", "not-tags", "not-tags-any")

_TIME: Schema = {"type": "string", "format": "date-time"}
_PATTERN: Schema = {"type": "string", "format": "regex"}


def _words(names: list[str]) -> Schema:
    return list_of({"type": "string", "enum": names})


def _base() -> Schema:
    base = query()
    base["properties"] |= {
        **dict.fromkeys([*PLAIN, *NESTED], list_of(TEXT)),
        **dict.fromkeys(PATTERNS, list_of(_PATTERN)),
        "changes-since": list_of(_TIME),
        **paging.QUERY,
        "sort_key": _words([*SORT_KEYS, *IGNORED_SORT_KEYS]),
    }
    return base


LIST = Versioned(
    _base(),
    v2_26=add(**dict.fromkeys(TAG_FILTERS, list_of(_PATTERN))),
    v2_66=add(**{"changes-before": list_of(_TIME)}),
    v2_73=add(locked=list_of(TEXT)),
    v2_75=both(closed, add(sort_key=_words([*SORT_KEYS, "locked"]))),
)

_ONE_LIMIT: Schema = {**paging.LIMIT, "maxItems": 1}
ACTIONS = Versioned(
    query(),
    v2_58=both(
        closed,
        add(limit=_ONE_LIMIT, marker=single(TEXT), **{"changes-since": single(_TIME)}),
    ),
    v2_66=add(**{"changes-before": single(_TIME)}),
)
