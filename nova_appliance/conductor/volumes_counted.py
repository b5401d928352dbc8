# SPDX-License-Identifier: Apache-2.0
"""Keeps running totals of what hosts count of volumes, and tells listeners outside of them."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

import msgspec

from nova_appliance.actions.cloud import Cloud
from nova_appliance.actions.notices import things
from nova_appliance.conductor.saga import Ctx, Write
from nova_appliance.db import servers, volume_usages
from nova_appliance.db.engines import Connection
from nova_appliance.domain import attachment as attachments
from nova_appliance.domain.server import Server
from nova_appliance.domain.volume_usage import VolumeCount
from nova_appliance.rpc.orders import VolumesCounted


def take_in(cloud: Cloud, cell_id: str, order: VolumesCounted) -> None:
    """Write the counts of volumes that servers of the host have, and tell of each."""
    wanted = {count.server_id for count in order.counts}
    now = cloud.clock.now()

    def work(conn: Connection) -> tuple[VolumeCount, ...]:
        found = servers.some(conn, cell_id, wanted)
        has = [one for one in order.counts if _has(found.get(one.server_id), order.host, one)]
        for one in has:
            volume_usages.note(conn, found[one.server_id], one, now)
        return tuple(has)

    counted = cloud.cells.database(cell_id).transact(work)
    tell(cloud, cell_id, order.host, [one.volume_id for one in counted])


def ended(ctx: Ctx, volume_id: str, told: Mapping[str, Any] | None) -> Write:
    """What writes the last count of a volume that left its server, or that there is none."""
    server, now = ctx.server(), ctx.cloud.clock.now()

    def write(conn: Connection) -> None:
        if told is None or server is None:
            volume_usages.close(conn, volume_id, ctx.server_id)
        else:
            count = msgspec.convert(dict(told), VolumeCount)
            volume_usages.note(conn, server, count, now, final=True)

    return write


def tell(cloud: Cloud, cell_id: str, host: str, volume_ids: Collection[str]) -> None:
    """Tell listeners outside of the totals of these volumes."""
    if cloud.notifier is None or not cloud.notifier.is_on:
        return
    with cloud.cells.database(cell_id).read() as conn:
        found = volume_usages.of(conn, volume_ids)
    for usage in found:
        things.volume_usage(cloud, host, usage)


def _has(server: Server | None, host: str, count: VolumeCount) -> bool:
    if server is None or server.host != host:
        return False
    return attachments.find(server.attachments, count.volume_id) is not None
