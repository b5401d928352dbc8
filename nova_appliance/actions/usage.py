# SPDX-License-Identifier: Apache-2.0
"""How long servers were there during a period, and what they took."""

from __future__ import annotations

import dataclasses
import datetime as dt

from nova_appliance.actions.cloud import Cloud
from nova_appliance.common import errors
from nova_appliance.db import usage
from nova_appliance.db.usage import Place
from nova_appliance.domain.server import Server


@dataclasses.dataclass(frozen=True, kw_only=True)
class Asked:
    """A period, a project or all, and a page."""

    begin: dt.datetime
    end: dt.datetime
    project_id: str | None = None
    limit: int | None = None
    marker: str | None = None


def servers(cloud: Cloud, asked: Asked) -> tuple[Server, ...]:
    """The servers of all cells, by project and id. Raises Invalid for an unknown marker."""
    after = _place(cloud, asked.marker) if asked.marker else None
    period = (asked.begin, asked.end)
    found: dict[str, Server] = {}
    for cell in cloud.cells.all_():
        with cloud.cells.database(cell.id).read() as conn:
            page = (after, asked.limit)
            rows = usage.active(conn, cell.id, period, asked.project_id, page)
        found |= {server.id: server for server in rows}
    ordered = sorted(found.values(), key=lambda server: (server.project_id, server.id))
    return tuple(ordered[: asked.limit])


def hours(server: Server, asked: Asked) -> float:
    """How long it was there within the period."""
    if server.launched_at is None:
        return 0.0
    begin = max(server.launched_at, asked.begin)
    end = min(server.terminated_at or asked.end, asked.end)
    return max(0.0, (end - begin).total_seconds() / 3600)


def _place(cloud: Cloud, server_id: str) -> Place:
    for cell in cloud.cells.all_():
        with cloud.cells.database(cell.id).read() as conn:
            found = usage.place(conn, server_id)
        if found:
            return found
    raise errors.Invalid(f"marker [{server_id}] not found")
