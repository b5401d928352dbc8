# SPDX-License-Identifier: Apache-2.0
"""What all moves check first: state, lock, whether hosts are up; and the record of a new one."""

from __future__ import annotations

import msgspec

from nova_appliance.actions import shares
from nova_appliance.actions.cloud import Cloud
from nova_appliance.common import errors, ids
from nova_appliance.common.context import RequestContext
from nova_appliance.db import flavors, hosts, services
from nova_appliance.domain import states
from nova_appliance.domain.flavor import Flavor
from nova_appliance.domain.migration import Migration
from nova_appliance.domain.server import Server


def check(cloud: Cloud, context: RequestContext, server: Server, verb: str) -> None:
    """Raise Conflict unless the move may start and the server's host is up."""
    check_allowed(context, server, verb)
    check_up(cloud, server.host)


def check_allowed(context: RequestContext, server: Server, verb: str) -> None:
    """Raise Conflict unless the move may start."""
    states.check_lock(server, verb, is_admin=bool(context.is_admin))
    states.check(server, verb)
    shares.refuse(server, verb)


def check_up(cloud: Cloud, host: str | None) -> None:
    """Raise Conflict unless the host's nova-compute reports itself."""
    if host is None or not is_up(cloud, host):
        raise errors.Conflict("Service is unavailable at this time.")


def is_up(cloud: Cloud, host: str) -> bool:
    """Whether the host's nova-compute reports itself and is not forced down."""
    now, down_s = cloud.clock.now(), cloud.conf.service_down_time
    for cell in cloud.cells.all_():
        with cloud.cells.database(cell.id).read() as conn:
            found = services.list_(conn, host=host, binary=services.COMPUTE)
        if found:
            return services.is_up(found[0], now, down_s)
    return False


def check_target(
    cloud: Cloud, server: Server, host: str, unknown: type[errors.ApplianceError]
) -> None:
    """Raise Invalid for the server's own host, `unknown` for one that there is not."""
    if host == server.host:
        raise errors.Invalid(f"The target host can't be the same one: {host}.")
    with cloud.cells.api.read() as conn:
        known = hosts.list_(conn, hosts=[host])
    if not any(one.cell_id == server.cell_id for one in known):
        raise unknown(f"Compute host {host} could not be found.")


def own_host(cloud: Cloud, server: Server) -> tuple[str, ...]:
    """Ids of the nodes of the server's host."""
    with cloud.cells.api.read() as conn:
        return tuple(one.id for one in hosts.list_(conn, hosts=[server.host or ""]))


def new(
    cloud: Cloud, context: RequestContext, server: Server, kind: str, flavor: Flavor
) -> Migration:
    """The record of a move that begins now; flavors keep the numbers that users see there."""
    with cloud.cells.api.read() as conn:
        rows = {
            one.id: found.row if (found := flavors.get(conn, one.id)) else 0
            for one in (server.flavor, flavor)
        }
    old, wanted = (
        msgspec.structs.replace(one, row=rows[one.id]) for one in (server.flavor, flavor)
    )
    return Migration(
        id=ids.new_id(),
        cell_id=server.cell_id,
        server_id=server.id,
        kind=kind,
        status="accepted",
        project_id=server.project_id,
        user_id=str(context.user_id or server.user_id),
        source_host=server.host,
        source_node=server.node,
        old_flavor=old,
        new_flavor=wanted,
        created_at=cloud.clock.now(),
    )
