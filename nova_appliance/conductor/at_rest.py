# SPDX-License-Identifier: Apache-2.0
"""All living servers with which nobody works now, for nova-manage doctor."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from nova_appliance.actions.cloud import Cloud
from nova_appliance.db import sagas, server_sweep
from nova_appliance.domain.server import Server

PAGE = 500


def at_rest(cloud: Cloud) -> Iterator[Server]:
    """Living servers with which nobody works now."""
    for cell in cloud.cells.all_():
        after = 0
        while True:
            with cloud.cells.database(cell.id).read() as conn:
                page = server_sweep.page(conn, cell.id, after, PAGE)
            if not page:
                break
            after = page[-1].row
            busy = _busy(cloud, [server.id for server in page])
            yield from (one for one in page if one.task is None and one.id not in busy)


def _busy(cloud: Cloud, server_ids: Collection[str]) -> frozenset[str]:
    found: set[str] = set()
    for cell in cloud.cells.all_():
        with cloud.cells.database(cell.id).read() as conn:
            found |= sagas.busy_among(conn, server_ids)
    return frozenset(found)
