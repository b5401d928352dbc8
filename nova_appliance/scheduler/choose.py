# SPDX-License-Identifier: Apache-2.0
"""Chooses a host for a server and claims it: SQL narrows, filters refuse, weighers order.

Asked again for the same server, it finds the claim made before. Two schedulers may run.
"""

from __future__ import annotations

import dataclasses
import functools
import logging
from collections.abc import Mapping, Sequence

from oslo_config import cfg

from nova_appliance.db import candidates as rows
from nova_appliance.db import hosts, server_groups
from nova_appliance.db.candidates import Candidate, Wanted
from nova_appliance.db.cells import Cells
from nova_appliance.db.engines import Connection
from nova_appliance.domain.aggregate import ZONE_KEY
from nova_appliance.domain.host import Amounts
from nova_appliance.domain.server_group import ServerGroup
from nova_appliance.rpc.orders import ChooseHosts, Chosen, NoHostFits
from nova_appliance.scheduler.filters.registry import Filter
from nova_appliance.scheduler.narrow import amounts, narrow
from nova_appliance.scheduler.refusals import CLAIM, Refusals
from nova_appliance.scheduler.scene import Scene
from nova_appliance.scheduler.weighers.weigh import best_first

LOG = logging.getLogger(__name__)
HARD = ("affinity", "anti-affinity")
"""Policies of server groups that must hold."""


@dataclasses.dataclass(frozen=True)
class Desk:
    """What decisions are made with; one a scheduler."""

    conf: cfg.ConfigOpts
    cells: Cells
    filters: Mapping[str, Filter]


def choose_hosts(desk: Desk, order: ChooseHosts) -> Chosen | NoHostFits:
    """A host that fits, claimed for the server; or why there is none."""
    with desk.cells.api.read() as conn:
        held = rows.held_by(conn, order.server_id, order.tried)
        if held is not None:
            return _chosen(desk, conn, held)
        group = server_groups.get(conn, order.group) if order.group else None
        scene = Scene(desk.conf, desk.cells, conn, order, group)
        wanted = narrow(desk.conf, order, scene.aggregates)
        refusals = Refusals()
        for page in rows.pages(conn, wanted, desk.conf.scheduler.max_placement_results):
            scene.show(page)
            host_id = _claim_best(desk, scene, _fitting(desk, scene, refusals), refusals)
            if host_id is not None:
                return _chosen(desk, conn, host_id)
    return _nobody(desk, order, wanted, refusals)


def _fitting(desk: Desk, scene: Scene, refusals: Refusals) -> list[Candidate]:
    """Hosts that no filter refuses."""
    left = list(scene.hosts)
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


def _claim_best(
    desk: Desk, scene: Scene, fitting: Sequence[Candidate], refusals: Refusals
) -> str | None:
    """Claim the best host that still has room; id of the host that the server has then."""
    order, group = scene.order, scene.group
    takes = amounts(order.flavor, with_root=order.image is not None)
    for host in best_first(scene, fitting):
        claim = functools.partial(_claim, host_id=host.id, order=order, takes=takes, group=group)
        host_id = desk.cells.api.transact(claim)
        if host_id is not None:
            return host_id
        refusals.add(CLAIM, "filled up")
    return None


def _claim(
    conn: Connection,
    host_id: str,
    order: ChooseHosts,
    takes: Amounts,
    group: ServerGroup | None,
) -> str | None:
    """One transaction: look again for a claim and at the group, then compare and set."""
    if group is not None and group.policy in HARD:
        rows.lock_group(conn, group.id)
    hosts.lock_server(conn, order.server_id)
    held = rows.held_by(conn, order.server_id, order.tried)
    if held is not None:
        return held
    if group is not None and not _group_allows(conn, group, host_id, order.server_id):
        return None
    return host_id if hosts.claim(conn, host_id, order.server_id, takes) else None


def _group_allows(conn: Connection, group: ServerGroup, host_id: str, server_id: str) -> bool:
    """Whether the hard policies still hold, now that no other member can be placed."""
    if group.policy not in HARD:
        return True
    members = rows.members_at(conn, group.id, server_id)
    if group.policy == "affinity":
        return not members or host_id in members
    return members.get(host_id, 0) < int(group.rules.get("max_server_per_host", 1))


def _chosen(desk: Desk, conn: Connection, host_id: str) -> Chosen | NoHostFits:
    host = hosts.get(conn, host_id)
    if host is None:
        return NoHostFits(reason="No valid host was found. The chosen one was just removed.")
    zones = rows.aggregate_metadata(conn)
    mine = rows.memberships(conn, [host.host]).get(host.host, ())
    named = (zones[n][ZONE_KEY] for n in mine if ZONE_KEY in zones.get(n, {}))
    zone = next(named, desk.conf.default_availability_zone)
    return Chosen(host_id=host.id, host=host.host, node=host.node, cell_id=host.cell_id, zone=zone)


def _nobody(desk: Desk, order: ChooseHosts, wanted: Wanted, refusals: Refusals) -> NoHostFits:
    with desk.cells.api.read() as conn:
        answer = refusals.explain(order, wanted, rows.shortfalls(conn, wanted))
    LOG.info("server %s: %s", order.server_id, answer.reason)
    return answer
