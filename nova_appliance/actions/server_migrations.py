# SPDX-License-Identifier: Apache-2.0
"""Finds migrations: of all cells for administrators, of one server while they go on."""

from __future__ import annotations

import msgspec

from nova_appliance.actions.cloud import Cloud
from nova_appliance.common import errors
from nova_appliance.db import server_migrations
from nova_appliance.db.server_migrations import Query
from nova_appliance.domain.migration import LIVE, Migration
from nova_appliance.domain.server import Server


def page(cloud: Cloud, query: Query, marker: str | None = None) -> tuple[Migration, ...]:
    """Migrations of all cells, newest first. Raises Invalid for an unknown marker."""
    if marker is not None:
        last = _by_id(cloud, marker)
        query = msgspec.structs.replace(query, behind=(last.created_at, last.row))
    found: list[Migration] = []
    for cell in cloud.cells.all_():
        with cloud.cells.database(cell.id).read() as conn:
            found += server_migrations.list_(conn, cell.id, query)
    found.sort(key=lambda one: (one.created_at, one.row), reverse=True)
    return tuple(found[: query.limit])


def under_way(cloud: Cloud, server: Server) -> tuple[Migration, ...]:
    """The server's live migrations that go on."""
    with cloud.cells.database(server.cell_id).read() as conn:
        return server_migrations.under_way(conn, server.cell_id, server.id)


def find(cloud: Cloud, server: Server, number: int) -> Migration:
    """The server's live migration of that number, going on or over. Raises NotFound."""
    with cloud.cells.database(server.cell_id).read() as conn:
        found = server_migrations.get(conn, server.cell_id, number)
    if found is None or found.server_id != server.id:
        raise errors.NotFound(f"Migration {number} for server {server.id} not found.")
    return found


def find_under_way(cloud: Cloud, server: Server, number: int) -> Migration:
    """The server's live migration of that number while it goes on. Raises NotFound."""
    found = find(cloud, server, number)
    if found.kind != LIVE:
        raise errors.NotFound(f"Migration {number} for server {server.id} is not live-migration.")
    if not found.is_live_under_way:
        raise errors.NotFound(f"Live migration {number} for server {server.id} is not in progress.")
    return found


def _by_id(cloud: Cloud, migration_id: str) -> Migration:
    for cell in cloud.cells.all_():
        with cloud.cells.database(cell.id).read() as conn:
            found = server_migrations.get(conn, cell.id, migration_id)
        if found is not None:
            return found
    raise errors.Invalid(f"Marker {migration_id} could not be found.")
