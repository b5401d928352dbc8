# SPDX-License-Identifier: Apache-2.0
"""What nova-manage doctor finds beside audits and sick rows: ports that are kept for nobody, servers
without a claim, mappings without a server, images that nobody fills, and sagas that nobody will wake.
"""

from __future__ import annotations

import datetime as dt
import functools
from collections.abc import Callable, Iterator

from nova_appliance.actions.cloud import Cloud
from nova_appliance.common import clock, errors
from nova_appliance.conductor import audit, chores, kept_volumes
from nova_appliance.conductor.at_rest import at_rest
from nova_appliance.conductor.sickness import Sick
from nova_appliance.db import claims, hosts, sagas
from nova_appliance.db.engines import Connection
from nova_appliance.domain import root_image
from nova_appliance.domain.host import amounts_of
from nova_appliance.domain.server import Server

EMPTY_S = 3600.0
"""An image without data is left alone for so long."""
IMAGE_TYPES = ("snapshot", "backup")
"""What Nova calls images that it makes of servers."""
ASLEEP_S = 3600.0
"""Nobody writes a saga's next look further ahead."""
NOWHERE = frozenset(("shelved_offloaded", "building", "error", "deleted"))
"""States in which a server may have a host's name and no claim."""


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
    for server in at_rest(cloud):
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


def images(cloud: Cloud) -> Iterator[Sick]:
    """Images that were made for a server's disk and got no data: nova-api died before it asked for them."""
    before = cloud.clock.now() - dt.timedelta(seconds=EMPTY_S)
    empty = {
        image.id: image.properties["instance_uuid"]
        for kind in IMAGE_TYPES
        for image in cloud.images.of_nova({"status": "queued", "image_type": kind})
        if image.properties.get("instance_uuid") and clock.parse_time(image.created_at) < before
    }
    busy: set[str] = set()
    for cell in cloud.cells.all_():
        with cloud.cells.database(cell.id).read() as conn:
            busy |= sagas.busy_among(conn, set(empty.values()))
    for image_id, server_id in empty.items():
        if server_id not in busy:
            mend = functools.partial(cloud.images.discard, image_id)
            yield _sick("empty image", server_id, image_id, "Nobody fills it.", mend)


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


ALL = (kept_volumes.look, ports, servers_without_claim, reservations, images, sleepers)
