# SPDX-License-Identifier: Apache-2.0
"""Moves servers that run; hastens and aborts such moves."""

from __future__ import annotations

import dataclasses

from nova_appliance.actions import device_fit, image_fit, moves
from nova_appliance.actions.begin import Wanted, begin
from nova_appliance.actions.cloud import Cloud
from nova_appliance.actions.notices import servers as notices
from nova_appliance.actions.orders import MoveOrder
from nova_appliance.common import clock, errors
from nova_appliance.common.context import RequestContext
from nova_appliance.db import server_actions, server_migrations, servers
from nova_appliance.db.engines import Connection
from nova_appliance.domain import states
from nova_appliance.domain.migration import ABORT, FORCE, LIVE, Migration
from nova_appliance.domain.server import Server

VERB = "os-migrateLive"
UNCHECKED = frozenset(("accepted", "queued", "preparing"))
"""Statuses in which it is not known yet whether the hosts agree."""
RUNNING = frozenset(("running",))
EARLY = frozenset(("queued", "preparing", "running"))
TOLD = {ABORT: "live_migration_abort", FORCE: "live_migration_force_complete"}
"""What is wanted of a move > what listeners outside are told."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class LiveMigration:
    """What the administrator wants."""

    host: str | None = None
    unfiltered: bool = False
    """The host is taken whatever filters say (2.30 to 2.67)."""
    block: bool | None = None
    """Whether disks are copied; None lets the hosts find out."""
    over_commit: bool | None = None
    """How disks that are copied are measured; None does not measure (see conductor.host_pair)."""
    waits: bool = False
    """The answer comes when the hosts have checked (below 2.34)."""


def migrate(cloud: Cloud, context: RequestContext, server: Server, wanted: LiveMigration) -> None:
    """Begin to move the server. Raises Conflict, Invalid.

    Whether its host is up the saga asks: as with all that hosts check, the answer is 400 for who
    waits for it, and a migration in status error for the others.
    """
    moves.check_allowed(context, server, VERB)
    _check_volumes(server)
    device_fit.check_stays(cloud, server)
    image_fit.check_moves_running(server)
    if wanted.host is not None:
        moves.check_target(cloud, server, wanted.host, errors.Invalid)
    migration = moves.new(cloud, context, server, LIVE, server.flavor)
    order = MoveOrder(
        verb=VERB,
        migration_id=migration.id,
        flavor=server.flavor,
        host=wanted.host,
        unfiltered=wanted.unfiltered,
        block=wanted.block,
        over_commit=wanted.over_commit,
        tried=moves.own_host(cloud, server),
    )

    def also(conn: Connection) -> None:
        server_migrations.add(conn, migration)

    begin(cloud, context, server, Wanted(verb=VERB, saga="live_migrate", order=order, also=also))
    if wanted.waits:
        _wait(cloud, migration)


def _check_volumes(server: Server) -> None:
    """Those that are on their way to or from the server must have arrived."""
    for one in server.attachments:
        if one.is_volume and not one.connection:
            raise errors.Conflict(
                f"Volume {one.volume_id} is just being attached to server {server.id}."
            )


def force(cloud: Cloud, context: RequestContext, server: Server, migration: Migration) -> None:
    """Let the move end soon. Raises Conflict, Invalid when it does not copy now."""
    _want(cloud, context, (server, migration), ("force complete", FORCE), RUNNING)


def abort(
    cloud: Cloud, context: RequestContext, server: Server, migration: Migration, *, early: bool
) -> None:
    """Let the server stay where it is. Raises Conflict, Invalid when it is too late."""
    _want(cloud, context, (server, migration), ("abort", ABORT), EARLY if early else RUNNING)


def _want(
    cloud: Cloud,
    context: RequestContext,
    whom: tuple[Server, Migration],
    words: tuple[str, str],
    statuses: frozenset[str],
) -> None:
    server, migration = whom
    verb, wanted = words
    states.check_lock(server, verb, is_admin=bool(context.is_admin))
    states.check(server, verb)

    def work(conn: Connection) -> bool:
        now = server_migrations.get(conn, server.cell_id, migration.id)
        if now is None or now.kind != LIVE or now.status not in statuses:
            return False
        if not server_migrations.turn(conn, now.id, (now.status,), now.status, wanted=wanted):
            return False
        action = states.MOVES[verb].action or verb
        server_actions.start(conn, server.id, action, context)
        server_actions.finish(conn, server.id, str(context.request_id))
        return True

    if not cloud.cells.database(server.cell_id).transact(work):
        raise errors.Invalid(
            f"Migration {migration.row} state of instance {server.id} is {migration.status}."
            f" Cannot {verb} while the migration is in this state."
        )
    notices.tell_whole(cloud, context, server, TOLD[wanted])


def _wait(cloud: Cloud, migration: Migration) -> None:
    """Raise Invalid when the hosts do not agree. They are given as long as an RPC."""
    seen: list[Migration] = []

    def is_checked() -> bool:
        with cloud.cells.database(migration.cell_id).read() as conn:
            found = server_migrations.get(conn, migration.cell_id, migration.id)
        seen[:] = [found] if found else []
        return not seen or seen[0].status not in UNCHECKED

    clock.wait_for(is_checked, cloud.conf.conductor.order_timeout, 0.1)
    if seen and seen[0].status == "error":
        with cloud.cells.database(migration.cell_id).read() as conn:
            server = servers.get(conn, migration.cell_id, migration.server_id)
        why = server.fault.message if server and server.fault else "The hosts do not agree."
        raise errors.Invalid(f"Migration pre-check error: {why}")
