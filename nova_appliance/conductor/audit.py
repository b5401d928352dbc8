# SPDX-License-Identifier: Apache-2.0
"""Finds what no server holds any more, however it got lost, and gives it back: claims and ports.

What an open saga may be working with is left alone.
"""

from __future__ import annotations

import datetime as dt
import logging
from collections.abc import Collection, Iterator, Mapping

from nova_appliance.actions.cloud import Cloud
from nova_appliance.clients.network_nouns import Port
from nova_appliance.clients.networks import made_for_server
from nova_appliance.db import claims, hosts, sagas, server_mappings, servers
from nova_appliance.db.claims import Claim
from nova_appliance.db.engines import Connection

LOG = logging.getLogger(__name__)

OLD_S = 120.0
"""A claim is left alone for so long."""
LATE_S = 900.0
"""How long after it did not answer the network service may do what it was asked for."""
MOVED = ("resized", "error")
"""States in which a server may have something at the host that it came from."""
PAGE = 500
NICS = tuple(f"nova-nic-{index}" for index in range(32))
"""Names of the ports that Nova makes."""


def release_claims(cloud: Cloud) -> int:
    """Give back claims on hosts where the server is not and where no saga brings it; how many."""
    return sum(give_back(cloud, claim) for claim in stray_claims(cloud))


def stray_claims(cloud: Cloud) -> Iterator[Claim]:
    """Claims on hosts where the server is not and where no saga brings it."""
    before = cloud.clock.now() - dt.timedelta(seconds=OLD_S)
    after = 0
    while True:
        with cloud.cells.api.read() as conn:
            page = claims.older_than(conn, before, after, PAGE)
        if not page:
            return
        after = page[-1].row
        with cloud.cells.api.read() as conn:
            where = server_mappings.cells_of(conn, {claim.server_id for claim in page})
        yield from _strays(cloud, page, where)


def _strays(cloud: Cloud, page: Collection[Claim], where: Mapping[str, str]) -> Iterator[Claim]:
    """`where`: server id > cell, by the mappings."""
    server_ids = {claim.server_id for claim in page}
    busy: set[str] = set()
    moved: set[str] = set()
    places: dict[str, tuple[str | None, str | None]] = {}
    for cell in cloud.cells.all_():
        with cloud.cells.database(cell.id).read() as conn:
            busy |= sagas.busy_among(conn, server_ids)
            moved |= servers.in_states(conn, server_ids, MOVED)
            here = servers.places(conn, server_ids)
        places |= {one: place for one, place in here.items() if where.get(one) == cell.id}
    for claim in page:
        has_moved = claim.server_id in moved
        if claim.server_id not in busy and not _is_right(claim, places, has_moved=has_moved):
            yield claim


def _is_right(
    claim: Claim, places: dict[str, tuple[str | None, str | None]], *, has_moved: bool
) -> bool:
    """Whether the server lives on the claim's host, or may yet go back there."""
    place = places.get(claim.server_id)
    if place is None:
        return False
    return place == (claim.host, claim.node) if claim.purpose == claims.RUN else has_moved


def give_back(cloud: Cloud, claim: Claim) -> bool:
    """Give a stray claim back, unless it is none any more."""

    def work(conn: Connection) -> bool:
        # The scheduler waits for this lock: a saga that claims again either is seen here or comes
        # after us.
        is_known = hosts.lock_server(conn, claim.server_id)
        where = server_mappings.cells_of(conn, {claim.server_id})
        if is_known and not any(_strays(cloud, (claim,), where)):
            return False
        return bool(hosts.release(conn, claim.server_id, claim.host_id, claim.purpose))

    gone = cloud.cells.api.transact(work)
    if gone:
        LOG.warning("server %s held a part of %s for nothing", claim.server_id, claim.host)
    return gone


def recount(cloud: Cloud) -> int:
    """Make the sums of hosts what their claims add up to; how many were wrong."""
    wrong = cloud.cells.api.transact(hosts.recount)
    if wrong:
        LOG.warning("%d hosts had wrong sums of claims", wrong)
    return wrong


def delete_ports(cloud: Cloud) -> int:
    """Delete ports that Nova made for servers that it has deleted; how many.

    The network service may serve others too: ports of servers that we never knew are not ours.
    """
    strays = stray_ports(cloud)
    for port in strays:
        delete_port(cloud, port)
    return len(strays)


def delete_late_ports(cloud: Cloud) -> int:
    """Delete such ports soon after the network service was away; how many.

    What it was asked for then it may do when nobody waits any more, and the server is deleted.
    """
    return delete_ports(cloud) if cloud.networks.doubt.lasts(LATE_S) else 0


def stray_ports(cloud: Cloud) -> tuple[Port, ...]:
    """Ports that Nova made for servers that it has deleted."""
    made = [port for port in cloud.networks.ports(name=NICS) if made_for_server(port)]
    lost = gone(cloud, {port.device_id for port in made})
    return tuple(port for port in made if port.device_id in lost)


def gone(cloud: Cloud, server_ids: Collection[str]) -> frozenset[str]:
    """Those that have a row saying that they were deleted, no mapping and no open saga."""
    deleted: set[str] = set()
    busy: set[str] = set()
    asked = sorted(server_ids)
    for at in range(0, len(asked), PAGE):
        part = asked[at : at + PAGE]
        for cell in cloud.cells.all_():
            with cloud.cells.database(cell.id).read() as conn:
                deleted.update(servers.deleted_among(conn, part))
                busy |= sagas.busy_among(conn, part)
    with cloud.cells.api.read() as conn:
        mapped = server_mappings.cells_of(conn, deleted)
    return frozenset(deleted - busy - mapped.keys())


def delete_port(cloud: Cloud, port: Port) -> None:
    """Delete a stray port."""
    LOG.warning("port %s of the deleted server %s is deleted", port.id, port.device_id)
    cloud.networks.delete_port(port.id)
