# SPDX-License-Identifier: Apache-2.0
"""Finds servers for EC2's actions: by their EC2 ids, in the caller's project only."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Iterator, Sequence

from nova_appliance.common import errors
from nova_appliance.db import server_lists
from nova_appliance.db.server_query import ServerQuery, Sort
from nova_appliance.domain.server import Server
from nova_appliance.ec2 import names
from nova_appliance.ec2.caller import Caller

AT_ONCE = 500
_ORDER = (Sort("created_at", descending=False), Sort("id", descending=False))


def find(caller: Caller, ec2_id: str, *, gone: bool = False) -> Server:
    """The server of that id. Raises Fault."""
    return find_all(caller, (ec2_id,), gone=gone)[0]


def find_all(caller: Caller, ec2_ids: Sequence[str], *, gone: bool = False) -> list[Server]:
    """The servers of these ids, each once, in that order. Raises Fault unless all are there.

    With `gone` those that were terminated a short while ago are found too.
    """
    things = caller.names.find_all("i", list(dict.fromkeys(ec2_ids)))
    found = {server.id: server for server in by_ids(caller, things.values(), gone=gone)}
    missing = [ec2_id for ec2_id, thing in things.items() if thing not in found]
    if missing:
        raise names.missing("i", missing)
    return [found[thing] for thing in things.values()]


def by_ids(caller: Caller, server_ids: Collection[str], *, gone: bool) -> Iterator[Server]:
    """Those of the caller's project with these ids."""
    ordered = list(server_ids)
    for at in range(0, len(ordered), AT_ONCE):
        for life in _lives(caller, gone=gone):
            query = _query(caller, life, ids=tuple(ordered[at : at + AT_ONCE]))
            yield from _page(caller, query)


def of_reservation(caller: Caller, reservation_id: str) -> tuple[Server, ...]:
    """What one RunInstances made, also what has ended."""
    equal = {"project_id": (caller.project_id,), "reservation_id": (reservation_id,)}
    return _page(caller, ServerQuery(equal=equal, deleted=None, sort=_ORDER))


def after(caller: Caller, marker: str | None) -> Iterator[Server]:
    """All servers of the project, oldest first, behind one; those that ended lately too."""
    while True:
        found: list[Server] = []
        for life in _lives(caller, gone=True):
            query = _query(caller, life, marker=marker, limit=AT_ONCE)
            found += _page(caller, query)
        found.sort(key=lambda server: (server.created_at, server.id))
        yield from found[:AT_ONCE]
        if len(found) < AT_ONCE:
            return
        marker = found[AT_ONCE - 1].id


Life = tuple[bool, dt.datetime | None]


def _lives(caller: Caller, *, gone: bool) -> list[Life]:
    """The living, and those that changed last when they ended a short while ago."""
    lives: list[Life] = [(False, None)]
    if gone:
        shown_s = caller.cloud.conf.ec2.show_terminated
        lives.append((True, caller.cloud.clock.now() - dt.timedelta(seconds=shown_s)))
    return lives


def _query(
    caller: Caller,
    life: Life,
    *,
    ids: tuple[str, ...] | None = None,
    marker: str | None = None,
    limit: int | None = None,
) -> ServerQuery:
    deleted, since = life
    return ServerQuery(
        equal={"project_id": (caller.project_id,)},
        ids=ids,
        deleted=deleted,
        changed_since=since,
        sort=_ORDER,
        marker=marker,
        limit=limit,
    )


def _page(caller: Caller, query: ServerQuery) -> tuple[Server, ...]:
    found = server_lists.page(caller.cloud.cells, query)
    if found.down:
        raise errors.Unavailable("Some servers cannot be seen at the moment; try again.")
    return found.servers
