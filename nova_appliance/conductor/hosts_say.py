# SPDX-License-Identifier: Apache-2.0
"""What nova-compute tells and asks, answered from the databases it may not open."""

from __future__ import annotations

import functools
import logging

from nova_appliance.actions import versions
from nova_appliance.actions.cloud import Cloud
from nova_appliance.actions.notices import things
from nova_appliance.common.context import RequestContext
from nova_appliance.conductor import guests, power_seen, strangers_say, volumes_counted
from nova_appliance.db import hosts, sagas, server_migrations, servers, services
from nova_appliance.db.cells import CELL0
from nova_appliance.db.engines import Connection
from nova_appliance.domain.server import Server
from nova_appliance.domain.service import Service
from nova_appliance.rpc.orders import (
    CheckedIn,
    CheckIn,
    Empty,
    Expected,
    ExpectedServer,
    ExpectedServers,
    HowFar,
    PowerSeen,
    PutInventory,
    VolumesCounted,
    Wish,
)

LOG = logging.getLogger(__name__)


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
        with database.read() as conn:
            known = services.list_(conn, host=order.host, binary=order.binary)
        service = database.transact(functools.partial(self._note, order))
        if not known:
            things.service(self._cloud, "create", service)
        if service.started_at not in [one.started_at for one in known]:
            self._send_orders_again(order)
        down_s = self._cloud.conf.service_down_time
        lowest = versions.lowest(self._cloud.cells, down_s)
        return CheckedIn(disabled=service.disabled, versions=lowest)

    def _send_orders_again(self, order: CheckIn) -> None:
        """A daemon that began anew knows nothing of the orders that the one before had got."""
        with self._cloud.cells.database(self.cell_id).read() as conn:
            here = [server.id for server in servers.on_host(conn, self.cell_id, order.host)]
        for cell_id in (CELL0, self.cell_id):
            woken = self._cloud.cells.database(cell_id).transact(
                lambda conn: sagas.wake_parked(conn, here, order.started_at)
            )
            if woken:
                LOG.info("%s began anew: %d orders are sent again", order.host, woken)

    def _note(self, order: CheckIn, conn: Connection) -> Service:
        down_s = self._cloud.conf.service_down_time
        services.note_gap(conn, order.host, order.binary, order.started_at, down_s)
        return services.check_in(conn, order.host, order.binary, order.version, order.started_at)

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
        gone = (strangers_say.of(self._cloud, one, order.host) for one in sorted(strangers))
        expected += [one for one in gone if one is not None]
        strangers_say.end_evacuations(self._cloud, cell_id, order)
        return Expected(servers=tuple(expected))

    def how_far(self, _context: RequestContext, order: HowFar) -> Wish:
        """How far a live migration is; what somebody wants of it."""
        progress = {"memory": order.progress.memory, "disk": order.progress.disk}
        database = self._cloud.cells.database(order.cell_id)
        database.transact(
            lambda conn: server_migrations.change(conn, order.migration_id, **progress)
        )
        with database.read() as conn:
            found = server_migrations.get(conn, order.cell_id, order.migration_id)
        return Wish(wanted=found.wanted if found else None)

    def power_seen(self, _context: RequestContext, order: PowerSeen) -> Empty:
        """What a host sees of its guests, see power_seen.py."""
        power_seen.take_in(self._cloud, self.cell_id, order)
        return Empty()

    def volumes_counted(self, _context: RequestContext, order: VolumesCounted) -> Empty:
        """What was read from volumes and written, see volumes_counted.py."""
        volumes_counted.take_in(self._cloud, self.cell_id, order)
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
