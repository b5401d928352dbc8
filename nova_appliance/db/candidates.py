# SPDX-License-Identifier: Apache-2.0
"""Hosts that could hold a server: what the scheduler reads for one decision, in nova_api.

Reads a window of bounded size, so that a decision costs the same among 100 and 10,000 hosts.
"""

from __future__ import annotations

import random
from collections.abc import Collection, Iterator, Sequence

import msgspec
import sqlalchemy as sa

from nova_appliance.db.tables.api import (
    AGGREGATE_HOSTS,
    AGGREGATES,
    CLAIMS,
    HOSTS,
    SERVER_GROUPS,
    SERVER_MAPPINGS,
)
from nova_appliance.domain.host import Amounts, Inventory


class Candidate(msgspec.Struct, frozen=True, gc=False):
    """A host with room; free amounts are what may still be claimed."""

    row: int
    id: str
    cell_id: str
    host: str
    node: str
    vcpus: int
    memory_mib: int
    disk_gib: int
    free_vcpus: int
    free_memory_mib: int
    free_disk_gib: int
    servers: int
    building: int
    failed_builds: int
    hypervisor_version: int


class Wanted(msgspec.Struct, frozen=True, kw_only=True):
    """What SQL can decide about a host."""

    amounts: Amounts
    host: str | None = None
    node: str | None = None
    cell_id: str | None = None
    tried: tuple[str, ...] = ()
    """Ids of hosts that failed already."""
    inside: tuple[frozenset[int], ...] = ()
    """The host must be in an aggregate of each of these sets."""
    outside: tuple[tuple[frozenset[int], frozenset[int]], ...] = ()
    """Pairs: the host must be in no aggregate of the first set, unless in one of the second."""


class Shortfall(msgspec.Struct, frozen=True, kw_only=True):
    """Hosts that SQL left out for the same reason, and the most that one of them has free."""

    reason: str
    """asked, aggregates, tried, disabled, memory, vcpus, disk; `fits` for those not left out."""
    hosts: int
    free: Amounts


_H = HOSTS.c
_FREE = {
    "free_vcpus": _H.vcpus_limit - _H.vcpus_used,
    "free_memory_mib": _H.memory_limit_mib - _H.memory_used_mib,
    "free_disk_gib": _H.disk_limit_gib - _H.disk_used_gib,
}
_COLUMNS = [
    _FREE[name].label(name) if name in _FREE else _H[name] for name in Candidate.__struct_fields__
]


class Sweep:
    """Hosts with room, `size` at a time, each once, starting at a random one if they are many."""

    def __init__(self, size: int) -> None:
        self._size = size
        self._ranges: list[tuple[int, int]] | None = None

    def page(self, conn: sa.Connection, wanted: Wanted) -> list[Candidate]:
        """The next ones; empty when all were shown."""
        if self._ranges is None:
            self._ranges = self._begin(conn)
        page: list[Candidate] = []
        while self._ranges and len(page) < self._size:
            (low, high), room = self._ranges[0], self._size - len(page)
            found = _window(conn, wanted, low, high, room)
            page += found
            if len(found) < room:
                del self._ranges[0]
            else:
                self._ranges[0] = (found[-1].row, high)
        return page

    def _begin(self, conn: sa.Connection) -> list[tuple[int, int]]:
        last = conn.execute(sa.select(sa.func.max(_H.row))).scalar() or 0
        start = random.randrange(last) if last > self._size else 0  # noqa: S311 - spreads the load
        return [(low, high) for low, high in ((start, last), (0, start)) if low < high]


def _window(conn: sa.Connection, wanted: Wanted, low: int, high: int, size: int) -> list[Candidate]:
    refused = sa.or_(*(condition for _, condition in _refusals(wanted)))
    select = sa.select(*_COLUMNS).where(_H.row > low, _H.row <= high, sa.not_(refused))
    rows = conn.execute(select.order_by(_H.row).limit(size))
    return [Candidate(*row) for row in rows]


def shortfalls(conn: sa.Connection, wanted: Wanted) -> tuple[Shortfall, ...]:
    """Why hosts were left out, counted over all of them; asked only when no host fits."""
    why = sa.case(
        *((condition, sa.literal(reason)) for reason, condition in _refusals(wanted)),
        else_=sa.literal("fits"),
    )
    most = [sa.func.max(free) for free in _FREE.values()]
    label = why.label("why")
    found = conn.execute(sa.select(label, sa.func.count(), *most).group_by(label)).all()
    return tuple(
        Shortfall(
            reason=reason,
            hosts=hosts,
            free=Amounts(vcpus=vcpus, memory_mib=memory, disk_gib=disk),
        )
        for reason, hosts, vcpus, memory, disk in found
    )


def _refusals(wanted: Wanted) -> Iterator[tuple[str, sa.ColumnElement[bool]]]:
    """Reason > condition under which a host is left out, in the order in which they are named."""
    for name in ("host", "node", "cell_id"):
        asked = getattr(wanted, name)
        if asked is not None:
            yield "asked", _H[name] != asked
    for rows in wanted.inside:
        yield "aggregates", sa.not_(_in_any(rows))
    for rows, unless in wanted.outside:
        yield "aggregates", sa.and_(_in_any(rows), sa.not_(_in_any(unless)))
    if wanted.tried:
        yield "tried", _H.id.in_(wanted.tried)
    yield "disabled", _H.disabled.is_(True)
    yield "memory", _FREE["free_memory_mib"] < wanted.amounts.memory_mib
    yield "vcpus", _FREE["free_vcpus"] < wanted.amounts.vcpus
    yield "disk", _FREE["free_disk_gib"] < wanted.amounts.disk_gib


def _in_any(rows: Collection[int]) -> sa.ColumnElement[bool]:
    a = AGGREGATE_HOSTS.c
    return sa.exists().where(a.host == _H.host, a.aggregate_row.in_(sorted(rows)))


def inventories(conn: sa.Connection, rows: Sequence[int]) -> dict[int, Inventory]:
    """Host number > what its driver reported."""
    select = sa.select(_H.row, _H.inventory).where(_H.row.in_(rows))
    return {row: _INVENTORY.decode(text) for row, text in conn.execute(select)}


_INVENTORY = msgspec.json.Decoder(Inventory)


def aggregate_metadata(conn: sa.Connection) -> dict[int, dict[str, str]]:
    """Aggregate number > its metadata, without the hosts."""
    rows = conn.execute(sa.select(AGGREGATES.c.row, AGGREGATES.c.metadata))
    return {row: _METADATA.decode(text) for row, text in rows}


_METADATA = msgspec.json.Decoder(dict[str, str])


def memberships(conn: sa.Connection, hosts: Collection[str]) -> dict[str, tuple[int, ...]]:
    """Host name > numbers of the aggregates it is in; hosts in none are left out."""
    a = AGGREGATE_HOSTS.c
    select = sa.select(a.host, a.aggregate_row).where(a.host.in_(hosts)).order_by(a.aggregate_row)
    found: dict[str, tuple[int, ...]] = {}
    for host, row in conn.execute(select):
        found[host] = (*found.get(host, ()), row)
    return found


def held_by(
    conn: sa.Connection, server_id: str, tried: Collection[str] = (), purpose: str = "run"
) -> str | None:
    """Id of the host on which the server has its claim already, apart from those tried."""
    c = CLAIMS.c
    select = sa.select(c.host_id).where(
        c.server_id == server_id, c.purpose == purpose, c.host_id.not_in(tried)
    )
    return conn.execute(select.order_by(c.row).limit(1)).scalar()


def places(conn: sa.Connection, server_ids: Collection[str]) -> frozenset[str]:
    """Ids of the hosts that hold any of these servers."""
    select = sa.select(CLAIMS.c.host_id).where(CLAIMS.c.server_id.in_(server_ids))
    return frozenset(conn.execute(select).scalars())


def lock_group(conn: sa.Connection, group_id: str) -> None:
    """Let no other transaction claim for the server group until this one ends.

    To be called before the transaction reads anything: its reads then see all earlier claims.
    """
    group = sa.select(SERVER_GROUPS.c.row).where(SERVER_GROUPS.c.id == group_id)
    conn.execute(group.with_for_update())


def members_at(conn: sa.Connection, group_id: str, besides: str) -> dict[str, int]:
    """Host id > how many members of the server group it holds, `besides` one server."""
    m, c = SERVER_MAPPINGS.c, CLAIMS.c
    select = (
        sa.select(c.host_id, sa.func.count().label("members"))
        .join(SERVER_MAPPINGS, m.server_id == c.server_id)
        .where(m.group_id == group_id, c.server_id != besides)
        .group_by(c.host_id)
    )
    return {row.host_id: row.members for row in conn.execute(select)}
