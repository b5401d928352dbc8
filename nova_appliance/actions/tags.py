# SPDX-License-Identifier: Apache-2.0
"""The tags that users put on a server."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import msgspec

from nova_appliance.actions import find_server
from nova_appliance.actions.cloud import Cloud
from nova_appliance.actions.notices import servers as notices
from nova_appliance.common import context as contexts
from nova_appliance.common import errors
from nova_appliance.db import servers
from nova_appliance.db.engines import Connection
from nova_appliance.domain import states
from nova_appliance.domain.server import Server

MOST = 50
Tags = tuple[str, ...]


def put(cloud: Cloud, server: Server, tag: str) -> bool:
    """Add a tag; False if it is there already. Raises Conflict, Invalid when there are too many."""
    old: list[Tags] = []

    def with_it(tags: Tags) -> Tags:
        old.append(tags)
        return tags if tag in tags else (*tags, tag)

    _change(cloud, server, with_it)
    return tag not in old[-1]


def replace(cloud: Cloud, server: Server, tags: Sequence[str]) -> Tags:
    """Have these tags and no others. Raises Conflict."""
    return _change(cloud, server, lambda _: tuple(dict.fromkeys(tags)))


def remove(cloud: Cloud, server: Server, tag: str) -> None:
    """Take a tag away. Raises NotFound, Conflict."""

    def without(tags: Tags) -> Tags:
        if tag not in tags:
            raise missing(server, tag)
        return tuple(other for other in tags if other != tag)

    _change(cloud, server, without)


def missing(server: Server, tag: str) -> errors.NotFound:
    """What is said of a tag that the server does not have."""
    return errors.NotFound(f"Server {server.id} has no tag '{tag}'")


def _change(cloud: Cloud, server: Server, change: Callable[[Tags], Tags]) -> Tags:
    states.check(server, "tags")

    def work(conn: Connection) -> Tags:
        here = servers.lock(conn, server.id)
        now = servers.get(conn, server.cell_id, server.id) if here else None
        if now is None:
            raise find_server.missing(server.id)
        states.check(now, "tags")
        new = change(now.tags)
        if len(new) > MOST:
            raise errors.Invalid(f"The number of tags exceeded the per-server limit {MOST}")
        if new != now.tags:
            servers.change(conn, server.id, tags=new)
        return new

    tags = cloud.cells.database(server.cell_id).transact(work)
    after = msgspec.structs.replace(server, tags=tags)
    notices.edited(cloud, contexts.current(), server, after, always=True)
    return tags
