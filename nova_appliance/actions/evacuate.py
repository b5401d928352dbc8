# SPDX-License-Identifier: Apache-2.0
"""Brings servers to life again whose host is down."""

from __future__ import annotations

import dataclasses

from nova_appliance.actions import moves, shares
from nova_appliance.actions.begin import Wanted, as_read, begin
from nova_appliance.actions.cloud import Cloud
from nova_appliance.actions.notices import servers as notices
from nova_appliance.actions.notices.about import About
from nova_appliance.actions.orders import MoveOrder
from nova_appliance.common import errors
from nova_appliance.common.context import RequestContext
from nova_appliance.db import server_migrations
from nova_appliance.db.engines import Connection
from nova_appliance.domain import states
from nova_appliance.domain.migration import EVACUATION
from nova_appliance.domain.server import Server

VERB = "evacuate"


@dataclasses.dataclass(frozen=True, kw_only=True)
class Evacuation:
    """What the administrator wants."""

    host: str | None = None
    unfiltered: bool = False
    """The host is taken whatever filters say (2.29 to 2.67)."""
    stops: bool = False
    """A server that ran is stopped afterwards (from 2.95 on)."""
    password: str = ""
    """For the config drive, if one is made."""


def evacuate(cloud: Cloud, context: RequestContext, server: Server, wanted: Evacuation) -> None:
    """Begin to make the server anew elsewhere. Raises Conflict, Invalid, NotFound."""
    states.check(server, VERB)
    shares.refuse(server, VERB)
    if server.host is None:
        raise errors.Conflict(f"Instance {server.id} is not ready")
    if wanted.host is not None:
        moves.check_target(cloud, server, wanted.host, errors.NotFound)
    if moves.is_up(cloud, server.host):
        raise errors.Invalid(f"Compute service of {server.host} is still in use.")
    migration = moves.new(cloud, context, server, EVACUATION, server.flavor)
    order = MoveOrder(
        verb=VERB,
        migration_id=migration.id,
        flavor=server.flavor,
        host=wanted.host,
        unfiltered=wanted.unfiltered,
        ends=_end(server, wanted),
        password=wanted.password if server.config_drive else "",
        tried=moves.own_host(cloud, server),
    )

    def also(conn: Connection) -> None:
        as_read(server)(conn)
        going = server_migrations.open_among(conn, server.cell_id, (server.id,))
        if any(one.kind == EVACUATION for one in going):
            raise errors.Conflict(f"Instance {server.id} is being evacuated already.")
        server_migrations.end_all(conn, server.id, "error")
        server_migrations.add(conn, migration)

    begin(cloud, context, server, Wanted(verb=VERB, saga=VERB, order=order, also=also))
    notices.tell(cloud, context, About(server=server, action=VERB))


def _end(server: Server, wanted: Evacuation) -> str:
    if server.state == "error":
        return "active"
    return "stopped" if wanted.stops else server.state
