# SPDX-License-Identifier: Apache-2.0
"""Makes of the power that hosts see what Nova makes of it.

Users pay for a guest that is off as for a stopped one; a server that was stopped must not run.
"""

from __future__ import annotations

import datetime as dt
import logging

from nova_appliance.actions.begin import Wanted, begin
from nova_appliance.actions.cloud import Cloud
from nova_appliance.actions.orders import VerbOrder
from nova_appliance.common import context as contexts
from nova_appliance.common import errors
from nova_appliance.db import server_actions, servers
from nova_appliance.db.engines import Connection
from nova_appliance.domain import states
from nova_appliance.domain.guest import PowerState
from nova_appliance.domain.server import Server
from nova_appliance.rpc.orders import PowerSeen

LOG = logging.getLogger(__name__)

FRESH_S = 30.0
"""A row that changed within these seconds knows better than what an agent saw some time ago."""
SKEW_S = 2.0
"""When the agent says at what time it looked, a row that changed before then, by more than clocks
may differ, is older news."""
OFF = frozenset((PowerState.SHUTDOWN, PowerState.CRASHED))
RUNS = "seen on"


def take_in(cloud: Cloud, cell_id: str, order: PowerSeen) -> None:
    """Note the power of servers at rest; stop what is off by itself, or stopped but runs."""
    with cloud.cells.database(cell_id).read() as conn:
        found = servers.some(conn, cell_id, [server_id for server_id, _ in order.seen])
    if order.looked_at is None:
        before = cloud.clock.now() - dt.timedelta(seconds=FRESH_S)
    else:
        before = order.looked_at - dt.timedelta(seconds=SKEW_S)
    for server_id, power in order.seen:
        server = found.get(server_id)
        if server and server.host == order.host and (server.updated_at or before) <= before:
            _correct(cloud, server, power)


def _correct(cloud: Cloud, server: Server, power: int) -> None:
    database = cloud.cells.database(server.cell_id)
    if server.state == "stopped" and power not in OFF | {PowerState.NOSTATE}:
        _stop_again(cloud, server)
    elif power in OFF and states.allows(server, "seen off"):
        LOG.warning("server %s has shut down by itself", server.id)
        database.transact(lambda conn: _note_off(conn, server.id, power))
    elif server.power != power:
        database.transact(lambda conn: servers.note_power(conn, server.id, power))


def _stop_again(cloud: Cloud, server: Server) -> None:
    wanted = Wanted(verb=RUNS, saga="stop", order=VerbOrder(verb=RUNS))
    try:
        begin(cloud, contexts.for_background(), server, wanted)
    except errors.Conflict:
        return  # somebody wants something of it right now
    LOG.warning("server %s is stopped but runs: it is stopped again", server.id)


def _note_off(conn: Connection, server_id: str, power: int) -> None:
    if not servers.settle(conn, server_id, "seen off", power=power):
        servers.note_power(conn, server_id, power)
        return
    context = contexts.for_background()
    server_actions.start(conn, server_id, "stop", context)
    server_actions.finish(conn, server_id, str(context.request_id))
