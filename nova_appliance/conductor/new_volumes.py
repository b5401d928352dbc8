# SPDX-License-Identifier: Apache-2.0
"""The volumes of a new server: made where they are wanted, waited for, and kept for the server.

A volume that is made carries our id of it, so that it is found again; undone, it goes.
"""

from __future__ import annotations

from typing import Any

import msgspec

from nova_appliance.clients.volumes import Volume
from nova_appliance.common import errors
from nova_appliance.common.context import RequestContext
from nova_appliance.conductor import attachments
from nova_appliance.conductor.saga import Cancelled, Ctx, Done, Out, Wait
from nova_appliance.db import servers
from nova_appliance.domain.attachment import VOLUME, Attachment

MARK = "nova_appliance:attachment"
PAUSE_S = 0.5
"""Between looks whether a volume is ready."""
SOURCES = {"image": "imageRef", "snapshot": "snapshot_id"}
"""What it is made of > Cinder's word for that."""
VERB, TASK = "create", "block_device_mapping"


def make(ctx: Ctx, _out: Out) -> Done:
    """Make what is to be made, wait until it is ready, reserve everything."""
    server = ctx.living()
    wanted = [one for one in server.attachments if one.destination == VOLUME]
    volumes = [_volume(ctx, one) for one in wanted]
    for volume in volumes:
        _check_ready(volume)
    ready = {
        one.id: msgspec.structs.replace(
            one,
            volume_id=volume.id,
            size_gib=volume.size_gib,
            attachment_id=attachments.reserve(ctx.cloud.volumes, server.id, volume.id),
        )
        for one, volume in zip(wanted, volumes, strict=True)
    }
    keep = attachments.change(ctx, lambda known: tuple(ready.get(one.id, one) for one in known))

    def write(conn: Any) -> None:
        if ready:
            keep(conn)
        if not servers.advance(conn, ctx.server_id, VERB, "spawning"):
            raise Cancelled("The server is wanted for something else.")

    return Done(write=write)


def unmake(ctx: Ctx, _out: Out) -> Done | None:
    """Let go of all, and delete what was made."""
    server = ctx.server()
    mine = [one for one in (server.attachments if server else ()) if one.destination == VOLUME]
    if not mine:
        return None
    volumes = ctx.cloud.volumes
    for one in mine:
        made = volumes.marked(MARK, one.id)
        volume_ids = {volume.id for volume in made} | ({one.volume_id} - {None})
        for volume_id in volume_ids:
            attachments.release(volumes, ctx.server_id, str(volume_id))
        if any(volume.status == "creating" for volume in made):
            raise Wait(PAUSE_S)
        for volume in made:
            volumes.delete(volume.id)
    forgotten = {one.id: _as_wanted(one) for one in mine}
    return Done(
        write=attachments.change(
            ctx, lambda known: tuple(forgotten.get(one.id, one) for one in known), must=False
        )
    )


def _as_wanted(one: Attachment) -> Attachment:
    kept = one.volume_id if one.source == VOLUME else None
    return msgspec.structs.replace(one, volume_id=kept, attachment_id=None, connection={})


def _volume(ctx: Ctx, one: Attachment) -> Volume:
    volumes = ctx.cloud.volumes
    if one.source == VOLUME:
        return volumes.get(str(one.volume_id))
    made = volumes.marked(MARK, one.id)
    if made:
        return made[0]
    wanted: dict[str, Any] = {
        "size": one.size_gib,
        "name": "" if one.source != "blank" else f"{ctx.server_id}-blank-vol",
        "description": "",
        "volume_type": one.volume_type,
        "metadata": {MARK: one.id},
    }
    if one.source in SOURCES:
        wanted[SOURCES[one.source]] = one.source_id
    return volumes.create(wanted, caller(ctx))


def caller(ctx: Ctx) -> RequestContext:
    """The user who asked, with the token of that request: what is made is that user's."""
    if not ctx.order.token and not ctx.context.is_admin:
        raise errors.Refused("Volumes and snapshots are made only with the caller's token.")
    return RequestContext(
        auth_token=ctx.order.token or None,
        user_id=ctx.context.user_id,
        project_id=ctx.context.project_id,
        is_admin=ctx.context.is_admin,
        request_id=ctx.context.request_id,
        overwrite=False,
    )


def _check_ready(volume: Volume) -> None:
    if volume.status in {"creating", "downloading"}:
        raise Wait(PAUSE_S)
    if volume.status.startswith("error"):
        raise errors.Refused(
            f"Volume {volume.id} did not finish being created: its status is {volume.status}."
        )
