# SPDX-License-Identifier: Apache-2.0
"""Chooses a host for a server and claims it: SQL narrows, filters refuse, weighers order.

Asked again for the same server, it finds the claim made before. Two schedulers may run.
"""

from __future__ import annotations

import dataclasses
import logging

from nova_appliance.db import candidates as rows
from nova_appliance.db import hosts, server_groups
from nova_appliance.db.candidates import Candidate, Wanted
from nova_appliance.db.engines import Connection
from nova_appliance.domain import aggregate, pci
from nova_appliance.domain.host import Amounts
from nova_appliance.rpc.orders import ChooseHosts, Chosen, NoHostFits
from nova_appliance.scheduler.claim import Asked, claim_first
from nova_appliance.scheduler.desk import Desk
from nova_appliance.scheduler.narrow import narrow
from nova_appliance.scheduler.refusals import Refusals
from nova_appliance.scheduler.scene import Scene
from nova_appliance.scheduler.weighers.weigh import best_first

ABOUT_IMAGES = (
    "AggregateImagePropertiesIsolation",
    "ImagePropertiesFilter",
    "IsolatedHostsFilter",
)
"""Filters that are asked again when a server stays on its host with another image."""

ABOUT_SERVICES = "ComputeFilter"

LOG = logging.getLogger(__name__)


def choose_hosts(desk: Desk, order: ChooseHosts) -> Chosen | NoHostFits:
    """A host that fits, claimed for the server; or why there is none.

    No connection is held while another one is asked for: many at once would wait for each other.
    """
    sweep = rows.Sweep(desk.conf.scheduler.max_placement_results)
    refusals = Refusals()
    while True:
        with desk.cells.api.read() as conn:
            held = rows.held_by(conn, order.server_id, order.tried, order.purpose)
            if held is not None:
                return _chosen(desk, conn, held)
            group = server_groups.get(conn, order.group) if order.group else None
            scene = Scene(desk.conf, desk.cells, conn, order, group)
            try:
                wanted = narrow(desk.conf, order, scene.aggregates)
            except pci.BadRequest as error:
                return NoHostFits(reason=f"No valid host was found. {error}.")
            scene.takes = wanted.amounts
            scene.show(sweep.page(conn, wanted))
        if not scene.hosts:
            return _nobody(desk, order, wanted, refusals)
        fitting = _fitting(desk, scene, refusals)
        host_id = claim_first(
            desk.cells.api, Asked(order, wanted.amounts, group), fitting, refusals
        )
        if host_id is not None:
            with desk.cells.api.read() as conn:
                return _chosen(desk, conn, host_id)


def check_host(desk: Desk, order: ChooseHosts) -> NoHostFits | None:
    """Why the host where a server is does not suit another image; nothing is claimed.

    A host that takes no new servers now may keep those that it has.
    """
    some = {name: desk.filters[name] for name in ABOUT_IMAGES if name in desk.filters}
    desk = dataclasses.replace(desk, filters=some)
    nothing = Amounts(vcpus=0, memory_mib=0, disk_gib=0)
    wanted = Wanted(amounts=nothing, host=order.host, node=order.node)
    refusals = Refusals()
    with desk.cells.api.read() as conn:
        scene = Scene(desk.conf, desk.cells, conn, order, None)
        scene.show(rows.Sweep(desk.conf.scheduler.max_placement_results).page(conn, wanted))
    fits = not scene.hosts or bool(_fitting(desk, scene, refusals))
    return None if fits else _nobody(desk, order, wanted, refusals)


def _fitting(desk: Desk, scene: Scene, refusals: Refusals) -> list[Candidate]:
    """Hosts of the scene's page that no filter refuses, the best first."""
    if ABOUT_SERVICES in desk.filters:
        scene.see_who_is_up()
    with desk.cells.api.read() as conn:
        scene.ask(conn)
        return best_first(scene, _passed(desk, scene, refusals))


def _passed(desk: Desk, scene: Scene, refusals: Refusals) -> list[Candidate]:
    left = list(scene.hosts)
    if scene.order.unfiltered and scene.order.host is not None:
        return left
    for name, filter_ in desk.filters.items():
        fitting = []
        for host in left:
            reason = filter_(scene, host)
            if reason is None:
                fitting.append(host)
            else:
                refusals.add(name, reason)
        left = fitting
    return left


def _chosen(desk: Desk, conn: Connection, host_id: str) -> Chosen | NoHostFits:
    host = hosts.get(conn, host_id)
    if host is None:
        return NoHostFits(reason="No valid host was found. The chosen one was just removed.")
    zones = rows.aggregate_metadata(conn)
    mine = rows.memberships(conn, [host.host]).get(host.host, ())
    named = (zones[n][aggregate.ZONE_KEY] for n in mine if aggregate.ZONE_KEY in zones.get(n, {}))
    zone = next(named, desk.conf.default_availability_zone)
    return Chosen(host_id=host.id, host=host.host, node=host.node, cell_id=host.cell_id, zone=zone)


def _nobody(desk: Desk, order: ChooseHosts, wanted: Wanted, refusals: Refusals) -> NoHostFits:
    with desk.cells.api.read() as conn:
        answer = refusals.explain(order, wanted, rows.shortfalls(conn, wanted))
    LOG.info("server %s: %s", order.server_id, answer.reason)
    return answer
