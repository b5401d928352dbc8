# SPDX-License-Identifier: Apache-2.0
"""Migrations as the Compute API shows them: in os-migrations, and below their servers."""

from __future__ import annotations

import dataclasses
from typing import Any

from nova_appliance.api.versioned import Version, Versioned, add
from nova_appliance.api.views.table import fields, render, same, stamp
from nova_appliance.domain.migration import Migration

HOSTS = ("dest_compute", "dest_host", "dest_node", "source_compute", "source_node")


@dataclasses.dataclass(frozen=True)
class Sight:
    """The eyes of a request: its version, whether it may see hosts, the start of links."""

    version: Version
    hosts: bool
    base: str = ""
    bookmarks: str = ""


_SHARED: dict[str, Any] = {
    "id": lambda one: one.row,
    "status": lambda one: one.status,
    "created_at": lambda one: stamp(one.created_at),
    "updated_at": lambda one: stamp(one.updated_at),
    "dest_compute": lambda one: one.target_host,
    "dest_host": lambda one: one.target_address,
    "dest_node": lambda one: one.target_node,
    "source_compute": lambda one: one.source_host,
    "source_node": lambda one: one.source_node,
}

VIEW = Versioned(
    fields(
        **_SHARED,
        instance_uuid=lambda one: one.server_id,
        old_instance_type_id=lambda one: one.old_flavor.row,
        new_instance_type_id=lambda one: one.new_flavor.row,
    ),
    v2_23=add(migration_type=lambda one: one.kind),
    v2_59=add(uuid=lambda one: one.id),
    v2_80=add(**same("user_id", "project_id")),
)
OF_SERVER = Versioned(
    fields(
        **_SHARED,
        server_uuid=lambda one: one.server_id,
        memory_total_bytes=lambda one: one.memory.total,
        memory_processed_bytes=lambda one: one.memory.processed,
        memory_remaining_bytes=lambda one: one.memory.remaining,
        disk_total_bytes=lambda one: one.disk.total,
        disk_processed_bytes=lambda one: one.disk.processed,
        disk_remaining_bytes=lambda one: one.disk.remaining,
    ),
    v2_59=add(uuid=lambda one: one.id),
    v2_80=add(**same("user_id", "project_id")),
)


def entry(migration: Migration, sight: Sight) -> dict[str, Any]:
    """One of GET /os-migrations; live ones that go on have links from 2.23 on."""
    view = _veiled(render(VIEW, sight.version, migration), sight)
    if sight.version >= (2, 23) and migration.is_live_under_way:
        tail = f"/servers/{migration.server_id}/migrations/{migration.row}"
        view["links"] = [
            {"rel": "self", "href": sight.base + tail},
            {"rel": "bookmark", "href": sight.bookmarks + tail},
        ]
    return view


def of_server(migration: Migration, sight: Sight) -> dict[str, Any]:
    """One of /servers/{server_id}/migrations."""
    return _veiled(render(OF_SERVER, sight.version, migration), sight)


def _veiled(view: dict[str, Any], sight: Sight) -> dict[str, Any]:
    return view if sight.hosts else view | dict.fromkeys(HOSTS)
