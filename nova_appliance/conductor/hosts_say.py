# SPDX-License-Identifier: Apache-2.0
"""What nova-compute tells and asks, answered from the databases it may not open."""

from __future__ import annotations

import datetime as dt
import logging

from nova_appliance.actions import versions
from nova_appliance.actions.begin import Wanted, begin
from nova_appliance.actions.cloud import Cloud
from nova_appliance.actions.orders import VerbOrder
from nova_appliance.common import context as contexts
from nova_appliance.common import errors
from nova_appliance.common.context import RequestContext
from nova_appliance.conductor import guests
from nova_appliance.db import hosts, sagas, server_actions, servers, services
from nova_appliance.db.cells import CELL0
from nova_appliance.db.engines import Connection, Database
from nova_appliance.domain import states
from nova_appliance.domain.guest import PowerState
from nova_appliance.domain.server import Server
from nova_appliance.rpc.orders import (
    CheckedIn,
    CheckIn,
    Empty,
    Expected,
    ExpectedServer,
    ExpectedServers,
    PowerSeen,
    PutInventory,
)

LOG = logging.getLogger(__name__)

RUNS = "seen on"
FRESH_S = 30.0
"""A row that changed within these seconds knows better than what an agent saw before."""

OFF = frozenset((PowerState.SHUTDOWN, PowerState.CRASHED))


class HostsSay:
    """The handlers of one cell's conductor."""

    def __init__(self, cloud: Cloud) -> None:
        self._cloud = cloud

    @property
    def cell_id(self) -> str:
        """The cell whose hosts speak to us: the one of [database]connection, else the first."""
        ours = self._cloud.conf.database.connection
        cells = [cell for cell in self._cloud.cells.all_() if cell.id != CELL0]
        same = [cell.id for cell in cells if cell.database_connection == ours]
        return (same or [cell.id for cell in cells] or [CELL0])[0]

    def check_in(self, _context: RequestContext, order: CheckIn) -> CheckedIn:
        """A daemon of a host lives."""
        database = self._cloud.cells.database(self.cell_id)
        service = database.transact(
            lambda conn: services.check_in(
                conn, order.host, order.binary, order.version, order.started_at
            )
        )
        down_s = self._cloud.conf.service_down_time
        lowest = versions.lowest(self._cloud.cells, down_s)
        return CheckedIn(disabled=service.disabled, versions=lowest)

    def put_inventory(self, _context: RequestContext, order: PutInventory) -> Empty:
        """A host's resources."""
        cell_id = self.cell_id
        self._cloud.cells.api.transact(
            lambda conn: hosts.report(conn, cell_id, order.host, order.inventory, order.limits)
        )
        return Empty()

    def expected_servers(self, _context: RequestContext, order: ExpectedServers) -> Expected:
        """The servers that belong on a host, and which of those seen there are to go."""
        cell_id = self.cell_id
        with self._cloud.cells.database(cell_id).read() as conn:
            here = servers.on_host(conn, cell_id, order.host)
        strangers = set(order.seen) - {server.id for server in here}
        expected = [self._expected(server) for server in here]
        expected += [
            ExpectedServer(id=server_id, state="deleted", task=None, power=0, deleted=True)
            for server_id in sorted(strangers)
            if self._is_to_go(server_id, order.host)
        ]
        return Expected(servers=tuple(expected))

    def power_seen(self, _context: RequestContext, order: PowerSeen) -> Empty:
        """Note the power of servers at rest; stop what is stopped but runs or is off by itself.

        So does Nova: users pay for a guest that is off as for a stopped one, and one that was
        stopped must not run.
        """
        cell_id = self.cell_id
        with self._cloud.cells.database(cell_id).read() as conn:
            found = servers.some(conn, cell_id, [server_id for server_id, _ in order.seen])
        before = self._cloud.clock.now() - dt.timedelta(seconds=FRESH_S)
        for server_id, power in order.seen:
            server = found.get(server_id)
            if server and server.host == order.host and (server.updated_at or before) <= before:
                self._correct(server, power)
        return Empty()

    def _expected(self, server: Server) -> ExpectedServer:
        launched = server.launched_at is not None
        return ExpectedServer(
            id=server.id,
            state=server.state,
            task=server.task,
            power=server.power,
            guest=guests.guest_of(server, self._cloud.conf) if launched else None,
        )

    def _is_to_go(self, server_id: str, host: str) -> bool:
        """Whether a guest's server was deleted, or lives without this host and at rest."""
        known = False
        for cell in self._cloud.cells.all_():
            with self._cloud.cells.database(cell.id).read() as conn:
                if sagas.open_of(conn, server_id):
                    return False
                server = servers.get(conn, cell.id, server_id, deleted=True)
            if server is not None:
                known = True
                if not server.deleted and server.host == host:
                    return False
        return known

    def _correct(self, server: Server, power: int) -> None:
        if server.state == "stopped" and power not in OFF | {PowerState.NOSTATE}:
            self._stop_again(server)
        elif power in OFF and states.allows(server, "seen off"):
            LOG.warning("server %s has shut down by itself", server.id)
            self._database(server).transact(lambda conn: _note_off(conn, server.id, power))
        elif server.power != power:
            self._database(server).transact(
                lambda conn: servers.note_power(conn, server.id, power)
            )

    def _stop_again(self, server: Server) -> None:
        wanted = Wanted(verb=RUNS, saga="stop", order=VerbOrder(verb=RUNS))
        try:
            begin(self._cloud, contexts.for_background(), server, wanted)
        except errors.Conflict:
            return  # somebody wants something of it right now
        LOG.warning("server %s is stopped but runs: it is stopped again", server.id)

    def _database(self, server: Server) -> Database:
        return self._cloud.cells.database(server.cell_id)


def _note_off(conn: Connection, server_id: str, power: int) -> None:
    if not servers.settle(conn, server_id, "seen off", power=power):
        servers.note_power(conn, server_id, power)
        return
    context = contexts.for_background()
    server_actions.start(conn, server_id, "stop", context)
    server_actions.finish(conn, server_id, str(context.request_id))
