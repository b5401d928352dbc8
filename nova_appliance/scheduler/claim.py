# SPDX-License-Identifier: Apache-2.0
"""Claims a host for a server in one transaction, in which hard group policies are asked again."""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Sequence

from nova_appliance.common import errors
from nova_appliance.db import candidates as rows
from nova_appliance.db import hosts
from nova_appliance.db.candidates import Candidate
from nova_appliance.db.engines import Connection, Database
from nova_appliance.domain.host import Amounts
from nova_appliance.domain.server_group import ServerGroup
from nova_appliance.rpc.orders import ChooseHosts
from nova_appliance.scheduler.refusals import CLAIM, Refusals

HARD = ("affinity", "anti-affinity")
"""Policies of server groups that must hold."""


@dataclasses.dataclass(frozen=True)
class Asked:
    """For whom, and what it takes of a host."""

    order: ChooseHosts
    takes: Amounts
    group: ServerGroup | None


def claim_first(
    api: Database, asked: Asked, fitting: Sequence[Candidate], refusals: Refusals
) -> str | None:
    """Claim the first host that still has room; id of the host that the server has then."""
    for host in fitting:
        claim = functools.partial(_claim, host_id=host.id, asked=asked)
        host_id = api.transact(claim)
        if host_id is not None:
            return host_id
        refusals.add(CLAIM, "filled up")
    return None


def _claim(conn: Connection, host_id: str, asked: Asked) -> str | None:
    """One transaction: look again for a claim and at the group, then compare and set.

    Nothing is claimed for a server that was deleted while the request waited: nobody would give
    it back.
    """
    order, group = asked.order, asked.group
    if group is not None and group.policy in HARD:
        rows.lock_group(conn, group.id)
    if not hosts.lock_server(conn, order.server_id):
        raise errors.Refused(f"Server {order.server_id} is gone.")
    held = rows.held_by(conn, order.server_id, order.tried, order.purpose)
    if held is not None:
        return held
    if group is not None and not _group_allows(conn, group, host_id, order.server_id):
        return None
    claimed = hosts.claim(conn, host_id, order.server_id, asked.takes, order.purpose)
    return host_id if claimed else None


def _group_allows(conn: Connection, group: ServerGroup, host_id: str, server_id: str) -> bool:
    """Whether the hard policies still hold, now that no other member can be placed."""
    if group.policy not in HARD:
        return True
    members = rows.members_at(conn, group.id, server_id)
    if group.policy == "affinity":
        return not members or host_id in members
    return members.get(host_id, 0) < int(group.rules.get("max_server_per_host", 1))
