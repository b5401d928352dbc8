# SPDX-License-Identifier: Apache-2.0
"""Volumes of a server as sagas see them: kept in its row, reserved at the volume service, let go.

The volume service cannot be told our own names: of one volume a server has one attachment, but
while it moves between hosts.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from nova_appliance.clients.volumes import Volumes
from nova_appliance.common import errors
from nova_appliance.conductor.saga import Cancelled, Ctx, HostFailed, Wait, Write
from nova_appliance.db import sagas, servers
from nova_appliance.db.engines import Connection
from nova_appliance.domain import attachment as attachments
from nova_appliance.domain.attachment import Attachment
from nova_appliance.domain.server import Server
from nova_appliance.rpc.calls.compute import CALLS
from nova_appliance.rpc.orders import Connector, Empty

LOG = logging.getLogger(__name__)
OF_VOLUMES = frozenset(
    (
        "attach_volume",
        "detach_volume",
        "swap_volume",
        "extend_volume",
        "snapshot_volume",
        "merge_volume",
    )
)
"""Sagas that need no task, so that a move may begin while they are at work."""
PAUSE_S = 0.5

All = tuple[Attachment, ...]


def wait_for_others(ctx: Ctx) -> None:
    """Raise Wait while another saga works with a volume of the server that is about to move; none
    begins any more, for the server has a task. Called before the server is read.
    """
    for cell in ctx.cloud.cells.all_():
        with ctx.cloud.cells.database(cell.id).read() as conn:
            if any(name in OF_VOLUMES for _, name in sagas.open_of(conn, ctx.server_id)):
                raise Wait(PAUSE_S)


def change(ctx: Ctx, deed: Callable[[All], All], *, must: bool = True) -> Write:
    """What changes the row's attachments, nobody in between. Raises Cancelled when it is gone."""

    def write(conn: Connection) -> None:
        found = servers.lock(conn, ctx.server_id)
        server = servers.get(conn, ctx.cell_id, ctx.server_id) if found else None
        if server is not None:
            servers.change(conn, server.id, attachments=deed(server.attachments))
        elif must:
            raise Cancelled(f"Server {ctx.server_id} is gone.")

    return write


def keep(ctx: Ctx, one: Attachment) -> Write:
    """Keep an attachment; one that was taken away meanwhile stays away."""

    def deed(known: All) -> All:
        return tuple(one if other.id == one.id else other for other in known)

    return change(ctx, deed)


def drop(ctx: Ctx, attachment_id: str) -> Write:
    """Forget one, by the id of ours; fine if it is not known."""
    return change(ctx, lambda known: attachments.without(known, attachment_id), must=False)


def connected(ctx: Ctx, ways: Mapping[str, Any], *, must: bool = True) -> Write:
    """Remember how hosts reach volumes; `ways` is attachment id > connection, as a host reports."""

    def deed(known: All) -> All:
        return tuple(
            msgspec.structs.replace(
                one, connection=ways.get(one.attachment_id or "", one.connection)
            )
            for one in known
        )

    return change(ctx, deed, must=must)


def reserve(volumes: Volumes, server_id: str, volume_id: str) -> str:
    """Keep the volume for the server; done again, it finds what it made."""
    known = volumes.reserved(volume_id, server_id)
    return known[0] if known else volumes.reserve(volume_id, server_id)


def renew(ctx: Ctx, server: Server, of: All | None = None) -> Write:
    """Let another host ask how it reaches the volumes: each gets a new attachment for the old one.

    `of` are the server's, unless only some of them are meant.

    The new one is there before the old one goes, so that nobody else takes the volume meanwhile.
    """
    new = reserve_beside(ctx, server, of)
    for one in server.attachments:
        if one.id in new and one.attachment_id:
            ctx.cloud.volumes.release(one.attachment_id)
    return change(ctx, lambda known: replaced(known, new, {}))


def reserve_beside(
    ctx: Ctx, server: Server, of: All | None = None, host: str | None = None
) -> dict[str, str]:
    """Have a second attachment of each volume for the host to which the server goes: ours > new.

    Done again, it finds what it made. `host` is to have them while the source has them too: it is
    asked for its connector. Raises Unavailable when it does not answer, HostFailed when it is down.
    """
    volumes, new = ctx.cloud.volumes, {}
    wanted = [one for one in (server.attachments if of is None else of) if one.is_volume]
    facts = _connector(ctx, host) if host and wanted else None
    for one in wanted:
        known = volumes.reserved(str(one.volume_id), server.id)
        fresh = [each for each in known if each != one.attachment_id]
        told = facts and facts | {"mountpoint": one.device}
        new[one.id] = fresh[0] if fresh else volumes.reserve(str(one.volume_id), server.id, told)
    return new


def _connector(ctx: Ctx, host: str) -> dict[str, Any] | None:
    """What the volume service is told of the host; None while hosts of the release before are there."""
    client = ctx.cloud.rpc.at(ctx.cloud.cells.get(ctx.cell_id).transport_url)
    if client.pins.of("compute") < CALLS["connector"].since:
        return None
    try:
        found: Connector = client.call("compute", "connector", Empty(), ctx.context, host=host)
    except errors.Unavailable as error:
        if ctx.is_up(host):
            raise
        raise HostFailed(f"Host {host} did not answer.", host, retryable=True) from error
    return found.facts


def replaced(known: All, new: Mapping[str, str], ways: Mapping[str, Any]) -> All:
    """Them with the attachments of another host, each with its way."""
    return tuple(
        msgspec.structs.replace(
            one, attachment_id=new[one.id], connection=ways.get(new[one.id], {})
        )
        if one.id in new
        else one
        for one in known
    )


def release(volumes: Volumes, server_id: str, volume_id: str) -> None:
    """Let go of the volume; nothing there is fine."""
    for attachment_id in volumes.reserved(volume_id, server_id):
        volumes.release(attachment_id)


def remove(volumes: Volumes, volume_id: str) -> None:
    """Delete a volume that goes with its server; one that cannot go (it has snapshots) stays."""
    try:
        volumes.delete(volume_id)
    except (errors.Invalid, errors.Conflict, errors.Forbidden) as error:
        LOG.warning("volume %s stays: %s", volume_id, error.message)
