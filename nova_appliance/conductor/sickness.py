# SPDX-License-Identifier: Apache-2.0
"""Rows of servers, mappings, migrations and sagas that contradict each other, and what mends each."""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Callable, Iterator

from nova_appliance.actions.cloud import Cloud
from nova_appliance.db import (
    sagas,
    server_mappings,
    server_migrations,
    server_sweep,
    servers,
)
from nova_appliance.db.cells import Cell
from nova_appliance.db.engines import Connection
from nova_appliance.domain.server import Server

PAGE = 500


@dataclasses.dataclass(frozen=True, kw_only=True)
class Sick:
    """One contradiction."""

    kind: str
    server_id: str
    where: str
    why: str
    mend: Callable[[], object]


def of_servers(cloud: Cloud) -> Iterator[Sick]:
    """Servers at rest whose task, mapping, quota or migration says otherwise."""
    for cell in cloud.cells.all_():
        after = 0
        while page := _page(cloud, cell, after):
            after = page[-1].row
            yield from _of_page(cloud, cell, page)


def of_sagas(cloud: Cloud) -> Iterator[Sick]:
    """Open sagas of servers that are nowhere."""
    for cell in cloud.cells.all_():
        database = cloud.cells.database(cell.id)
        with database.read() as conn:
            open_ = server_sweep.servers_of_open_sagas(conn)
        living = _living(cloud, open_)
        for server_id in sorted(open_ - living):
            cancel = functools.partial(sagas.cancel_others, server_id=server_id, but="")
            yield Sick(
                kind="saga",
                server_id=server_id,
                where=cell.name,
                why="It is open, and its server is nowhere.",
                mend=functools.partial(database.transact, cancel),
            )


def _living(cloud: Cloud, server_ids: frozenset[str]) -> frozenset[str]:
    found: set[str] = set()
    for cell in cloud.cells.all_():
        with cloud.cells.database(cell.id).read() as conn:
            found.update(servers.places(conn, server_ids))
    return frozenset(found)


def _page(cloud: Cloud, cell: Cell, after: int) -> tuple[Server, ...]:
    with cloud.cells.database(cell.id).read() as conn:
        return server_sweep.page(conn, cell.id, after, PAGE)


def _of_page(cloud: Cloud, cell: Cell, page: tuple[Server, ...]) -> Iterator[Sick]:
    server_ids = [server.id for server in page]
    busy: set[str] = set()
    for one in cloud.cells.all_():
        with cloud.cells.database(one.id).read() as conn:
            busy |= sagas.busy_among(conn, server_ids)
    with cloud.cells.database(cell.id).read() as conn:
        moving = {m.server_id for m in server_migrations.open_among(conn, cell.id, server_ids)}
    with cloud.cells.api.read() as conn:
        mapped = {one: server_mappings.get(conn, one) for one in server_ids}
    for server in page:
        mapping = mapped[server.id]
        if server.id in busy or (mapping is not None and mapping.cell_id != cell.id):
            continue
        if mapping is None:
            yield _sick(server, "mapping", "It has none.", _map(cloud, server))
            continue
        if server.task is not None:
            reset = functools.partial(servers.reset, server_id=server.id, state=server.state)
            put = _in_cell(cloud, server, reset)
            yield _sick(server, "task", f"{server.task}, and nobody does it.", put)
        if server.id in moving and server.state != "resized":
            close = functools.partial(
                server_migrations.end_all, server_id=server.id, status="error"
            )
            end = _in_cell(cloud, server, close)
            yield _sick(server, "migration", "It is open, and the server is at rest.", end)
        counted = (mapping.vcpus, mapping.memory_mib)
        wanted = (server.flavor.vcpus, server.flavor.memory_mib)
        if server.id not in moving and counted != wanted:
            why = f"{counted} is counted, {wanted} is right."
            yield _sick(server, "quota", why, _count(cloud, server))


def _sick(server: Server, kind: str, why: str, mend: Callable[[], object]) -> Sick:
    return Sick(kind=kind, server_id=server.id, where=server.host or "", why=why, mend=mend)


def _in_cell(
    cloud: Cloud, server: Server, change: Callable[[Connection], object]
) -> Callable[[], object]:
    return functools.partial(cloud.cells.database(server.cell_id).transact, change)


def _map(cloud: Cloud, server: Server) -> Callable[[], object]:
    mapping = server_mappings.Mapping(
        server_id=server.id,
        cell_id=server.cell_id,
        project_id=server.project_id,
        user_id=server.user_id,
        vcpus=server.flavor.vcpus,
        memory_mib=server.flavor.memory_mib,
        group_id=server.group_id,
    )
    add = functools.partial(server_mappings.add, mappings=(mapping,))
    return functools.partial(cloud.cells.api.transact, add)


def _count(cloud: Cloud, server: Server) -> Callable[[], object]:
    flavor = server.flavor
    count = functools.partial(
        server_mappings.resize,
        server_id=server.id,
        vcpus=flavor.vcpus,
        memory_mib=flavor.memory_mib,
    )
    return functools.partial(cloud.cells.api.transact, count)
