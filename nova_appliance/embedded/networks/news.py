# SPDX-License-Identifier: Apache-2.0
"""What the compute service is told of servers' ports: network-changed, network-vif-deleted."""

from __future__ import annotations

import dataclasses
from typing import Any

from nova_appliance.embedded.networks.nouns import Noun
from nova_appliance.embedded.news import Event
from nova_appliance.embedded.store import Transaction

OWNER = "compute:"

_FLOATING = """
SELECT ports.id, device_id, device_owner, floating_ip_address || fixed_ip_address AS facts
FROM floatingips JOIN ports ON ports.id = floatingips.port_id WHERE floatingips.id = ?
"""
_PORT = """
SELECT id, device_id, device_owner,
    (SELECT coalesce(group_concat(ip), '') FROM addresses WHERE port_id = ports.id) || '/'
    || (SELECT coalesce(group_concat(group_id), '') FROM port_groups WHERE port_id = ports.id)
    AS facts
FROM ports WHERE id = ?
"""
_SQL = {"floatingip": _FLOATING, "port": _PORT}


@dataclasses.dataclass(frozen=True)
class Sight:
    """A server's port, and what of it the server's addresses and groups depend on."""

    port_id: str
    server_id: str
    facts: str


def look(tx: Transaction, noun: Noun, row_id: str, caller: Any) -> Sight | None:
    """What servers depend on in this row; None when nothing, or when Nova itself is at work."""
    if noun.one not in _SQL or "service" in caller.roles:
        return None
    row = tx.one(_SQL[noun.one], row_id)
    if row is None or not row["device_owner"].startswith(OWNER):
        return None
    return Sight(row["id"], row["device_id"], row["facts"])


def events(noun: Noun, before: Sight | None, after: Sight | None) -> tuple[Event, ...]:
    """What is to be told of a row that was changed."""
    if noun.one == "port" and (before is None or after is None):
        return ()
    if before == after:
        return ()
    seen = [sight for sight in (before, after) if sight]
    return tuple(dict.fromkeys(("network-changed", s.server_id, s.port_id) for s in seen))


def removed(noun: Noun, before: Sight | None) -> tuple[Event, ...]:
    """What is to be told of a row that is gone."""
    if before is None:
        return ()
    name = "network-vif-deleted" if noun.one == "port" else "network-changed"
    return ((name, before.server_id, before.port_id),)
