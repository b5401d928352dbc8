# SPDX-License-Identifier: Apache-2.0
"""Gives a server another flavor or, off, another host; then it is confirmed or reverted."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable

import msgspec

from nova_appliance.actions import device_fit, flavors, image_fit, move_quota, moves
from nova_appliance.actions.begin import Wanted, as_read, begin
from nova_appliance.actions.cloud import Cloud
from nova_appliance.actions.orders import EndMoveOrder, MoveOrder
from nova_appliance.common import errors
from nova_appliance.common.context import RequestContext
from nova_appliance.db import server_migrations, servers
from nova_appliance.db.engines import Connection
from nova_appliance.domain import root_image, states
from nova_appliance.domain.flavor import Flavor
from nova_appliance.domain.migration import COLD, FINISHED, RESIZE, Migration
from nova_appliance.domain.server import Server, ServerImage


@dataclasses.dataclass(frozen=True)
class Resize:
    """What the user wants: another flavor, and perhaps another OS-DCF:diskConfig."""

    flavor_id: str
    disk_config: str | None = None


def resize(cloud: Cloud, context: RequestContext, server: Server, wanted: Resize) -> None:
    """Begin to give the server that flavor. Raises Conflict, Invalid, OverQuota."""
    moves.check(cloud, context, server, "resize")
    flavor = _flavor(cloud, context, server, wanted.flavor_id)
    tried = () if cloud.conf.allow_resize_to_same_host else moves.own_host(cloud, server)
    migration = moves.new(cloud, context, server, RESIZE, flavor)
    frozen = msgspec.structs.replace(flavor, row=0)
    order = MoveOrder(verb="resize", migration_id=migration.id, flavor=frozen, tried=tried)

    def count() -> None:
        cloud.cells.api.transact(lambda conn: move_quota.reserve(conn, cloud, server, flavor))

    _begin(cloud, context, server, order, _recorded(server, migration, count))
    _configure_disk(cloud, server, wanted.disk_config)


def migrate(cloud: Cloud, context: RequestContext, server: Server, host: str | None = None) -> None:
    """Begin to move the server, off, to another host. Raises Conflict, Invalid."""
    moves.check(cloud, context, server, "migrate")
    if host is not None:
        moves.check_target(cloud, server, host, errors.Invalid)
    migration = moves.new(cloud, context, server, COLD, server.flavor)
    order = MoveOrder(
        verb="migrate",
        migration_id=migration.id,
        flavor=server.flavor,
        host=host,
        tried=moves.own_host(cloud, server),
    )
    _begin(cloud, context, server, order, _recorded(server, migration))


def confirm(cloud: Cloud, context: RequestContext, server: Server) -> None:
    """Begin to forget what the server was. Raises Conflict, Invalid."""
    migration = _finished(cloud, context, server, "confirmResize")
    moves.check_up(cloud, migration.source_host)
    _end(cloud, context, server, migration, ("confirmResize", "confirm_resize", "confirming"))


def revert(cloud: Cloud, context: RequestContext, server: Server) -> None:
    """Begin to go back to what the server was. Raises Conflict, Invalid."""
    migration = _finished(cloud, context, server, "revertResize")
    moves.check_up(cloud, migration.source_host)
    _end(cloud, context, server, migration, ("revertResize", "revert_resize", "reverting"))


def _configure_disk(cloud: Cloud, server: Server, disk_config: str | None) -> None:
    if disk_config is not None:
        cloud.cells.database(server.cell_id).transact(
            lambda conn: servers.change(conn, server.id, disk_config=disk_config)
        )


def _recorded(
    server: Server, migration: Migration, count: Callable[[], object] = lambda: None
) -> Callable[[Connection], object]:
    """In the transaction that begins it: the move has a record, and last of all it is counted."""

    def also(conn: Connection) -> None:
        as_read(server)(conn)
        server_migrations.add(conn, migration=migration)
        count()

    return also


def _begin(
    cloud: Cloud,
    context: RequestContext,
    server: Server,
    order: MoveOrder,
    also: Callable[[Connection], object],
) -> None:
    begin(cloud, context, server, Wanted(verb=order.verb, saga="resize", order=order, also=also))


def _end(
    cloud: Cloud,
    context: RequestContext,
    server: Server,
    migration: Migration,
    words: tuple[str, str, str],
) -> None:
    verb, saga, status = words

    def also(conn: Connection) -> None:
        if not server_migrations.turn(conn, migration.id, (FINISHED,), status):
            raise errors.Conflict(
                f"Cannot '{verb}' instance {server.id} while its migration is not {FINISHED}"
            )

    order = EndMoveOrder(verb=verb, migration_id=migration.id)
    begin(cloud, context, server, Wanted(verb=verb, saga=saga, order=order, also=also))


def _finished(cloud: Cloud, context: RequestContext, server: Server, verb: str) -> Migration:
    states.check_lock(server, verb, is_admin=bool(context.is_admin))
    states.check(server, verb)
    with cloud.cells.database(server.cell_id).read() as conn:
        statuses = (FINISHED, "confirming", "reverting")
        found = server_migrations.latest(conn, server.cell_id, server.id, statuses)
    if found is None:
        raise errors.Invalid("Instance has not been resized.")
    return found


def _flavor(cloud: Cloud, context: RequestContext, server: Server, flavor_id: str) -> Flavor:
    project_id = None if context.is_admin else context.project_id
    try:
        flavor = flavors.find(cloud, flavor_id, project_id)
    except errors.NotFound as error:
        raise errors.Invalid(error.message) from error
    if flavor.disabled:
        raise errors.Invalid(f"Flavor {flavor_id} could not be found.")
    if flavor.id == server.flavor.id:
        raise errors.Invalid("When resizing, instances must change flavor!")
    if flavor.root_gib == 0 and server.flavor.root_gib != 0 and server.image is not None:
        raise errors.Invalid("Flavor's disk is too small: resize to zero disk is not allowed.")
    image = root_image.of(server)
    image_fit.check_hardware(image or ServerImage(id=""), flavor)
    device_fit.check(cloud, flavor, image)
    return flavor
