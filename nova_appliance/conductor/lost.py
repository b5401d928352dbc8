# SPDX-License-Identifier: Apache-2.0
"""What nova-manage doctor finds beside audits and sick rows: volumes and ports that are kept for
nobody, servers without a claim, mappings without a server, and sagas that nobody will wake.
"""

from __future__ import annotations

import datetime as dt
import functools
from collections.abc import Callable, Collection, Iterator

import msgspec

from nova_appliance.actions.cloud import Cloud
from nova_appliance.clients import volumes as volume_service
from nova_appliance.common import errors
from nova_appliance.conductor import audit, chores
from nova_appliance.conductor.sickness import Sick
from nova_appliance.db import claims, hosts, sagas, server_sweep, servers
from nova_appliance.db.engines import Connection
from nova_appliance.domain import attachment as attachments
from nova_appliance.domain import root_image
from nova_appliance.domain.attachment import Attachment
from nova_appliance.domain.host import amounts_of
from nova_appliance.domain.server import Server

ASLEEP_S = 3600.0
"""Nobody writes a saga's next look further ahead."""
PAGE = 500
NOWHERE = frozenset(("shelved_offloaded", "building", "error", "deleted"))
"""States in which a server may have a host's name and no claim."""


def volumes(cloud: Cloud) -> Iterator[Sick]:
    """Attachments that the volume service has for nobody, and such that it has no more."""
    told = volume_service.all_attachments(cloud.volumes)
    known = {one.id for one in told}
    named: set[str] = set()
    for server in _at_rest(cloud):
        for mine in server.attachments:
            named.add(mine.attachment_id or "")
            if mine.is_volume and mine.attachment_id and mine.attachment_id not in known:
                why = "The volume service does not know that the server has this volume."
                mend = functools.partial(_attach_again, cloud, server, mine)
                yield _sick("attachment", server.id, mine.volume_id or "", why, mend)
    resting = {server.id for server in _at_rest(cloud)}
    gone = audit.gone(cloud, {one.server_id for one in told})
    for one in told:
        if one.id not in named and one.server_id in resting | gone:
            why = "The volume is kept for a server that does not have it."
            mend = functools.partial(cloud.volumes.release, one.id)
            yield _sick("kept volume", one.server_id, one.volume_id, why, mend)


def ports(cloud: Cloud) -> Iterator[Sick]:
    """Ports of users that still bear the name of a deleted server."""
    given = [port for port in cloud.networks.ports() if port.device_owner.startswith("compute:")]
    gone = audit.gone(cloud, {port.device_id for port in given})
    made = {port.id for port in audit.stray_ports(cloud)}
    for port in given:
        if port.device_id in gone and port.id not in made:
            mend = functools.partial(cloud.networks.unbind_port, port.id)
            yield _sick("bound port", port.device_id, port.id, "Its server is deleted.", mend)


def servers_without_claim(cloud: Cloud) -> Iterator[Sick]:
    """Servers at rest on a host of which they hold nothing."""
    for server in _at_rest(cloud):
        if server.host is None or server.launched_at is None or server.state in NOWHERE:
            continue
        with cloud.cells.api.read() as conn:
            held = server.host in claims.hosts_of(conn, server.id)
        if not held:
            mend = functools.partial(_claim, cloud, server)
            yield _sick("server", server.id, server.host, "It holds nothing of its host.", mend)


def reservations(cloud: Cloud) -> Iterator[Sick]:
    """Mappings, which count in quotas, of servers that are nowhere."""
    for cell in cloud.cells.all_():
        for server_id in chores.orphans(cloud, cell.id):
            mend = functools.partial(chores.forget, cloud, server_id, cell.id)
            why = "It counts in its project's quota, and is nowhere."
            yield _sick("reservation", server_id, cell.name, why, mend)


def sleepers(cloud: Cloud) -> Iterator[Sick]:
    """Open sagas at which nobody will look in the next hour."""
    until = cloud.clock.now() + dt.timedelta(seconds=ASLEEP_S)
    for cell in cloud.cells.all_():
        database = cloud.cells.database(cell.id)
        with database.read() as conn:
            found = sagas.asleep(conn, until)
        for saga_id, name, server_id in found:
            wake = functools.partial(sagas.wake, saga_id=saga_id)
            mend = functools.partial(database.transact, wake)
            yield _sick("sleeping saga", server_id, name, "Nobody will look at it.", mend)


def _sick(kind: str, server_id: str, where: str, why: str, mend: Callable[[], object]) -> Sick:
    return Sick(kind=kind, server_id=server_id, where=where, why=why, mend=mend)


def _at_rest(cloud: Cloud) -> Iterator[Server]:
    """Living servers with which nobody works now."""
    for cell in cloud.cells.all_():
        after = 0
        while True:
            with cloud.cells.database(cell.id).read() as conn:
                page = server_sweep.page(conn, cell.id, after, PAGE)
            if not page:
                break
            after = page[-1].row
            busy = _busy(cloud, [server.id for server in page])
            yield from (one for one in page if one.task is None and one.id not in busy)


def _busy(cloud: Cloud, server_ids: Collection[str]) -> frozenset[str]:
    found: set[str] = set()
    for cell in cloud.cells.all_():
        with cloud.cells.database(cell.id).read() as conn:
            found |= sagas.busy_among(conn, server_ids)
    return frozenset(found)


def _attach_again(cloud: Cloud, server: Server, mine: Attachment) -> None:
    """A volume that is gone leaves the row; another is kept for the server anew.

    The host asks for its way to it when the guest starts next. Raises Invalid when another server
    has it.
    """
    volume_id = mine.volume_id or ""
    try:
        cloud.volumes.get(volume_id)
    except errors.NotFound:
        after = attachments.without(server.attachments, mine.id)
    else:
        kept = cloud.volumes.reserve(volume_id, server.id)
        new = msgspec.structs.replace(mine, attachment_id=kept, connection={})
        after = attachments.with_(server.attachments, new)
    database = cloud.cells.database(server.cell_id)
    database.transact(lambda conn: servers.change(conn, server.id, attachments=after))


def _claim(cloud: Cloud, server: Server) -> None:
    """Give the server what it uses of its host. Raises Conflict when that has too little left."""
    weight, image = root_image.weight(server), root_image.of(server)
    takes = amounts_of(weight, with_root=image is not None)

    def work(conn: Connection) -> bool:
        here = [
            one for one in hosts.list_(conn, hosts=[str(server.host)]) if one.node == server.node
        ]
        return bool(here) and hosts.claim(conn, here[0].id, server.id, takes)

    if not cloud.cells.api.transact(work):
        raise errors.Conflict(f"{server.host} has too little left, or takes no servers now.")
    cloud.cells.api.transact(lambda conn: hosts.settle(conn, server.id))


ALL = (volumes, ports, servers_without_claim, reservations, sleepers)
