# SPDX-License-Identifier: Apache-2.0
"""A volume joins a server, leaves it, or moves to another place under it.

The server's row has it from the request on; undone, the row and the volume are as before.
"""

from __future__ import annotations

import contextlib
from typing import Any

import msgspec

from nova_appliance.actions.orders import AttachVolumeOrder, DetachVolumeOrder, SwapVolumeOrder
from nova_appliance.common import errors
from nova_appliance.conductor import attachments, guests, volumes_counted
from nova_appliance.conductor.saga import Cancelled, Ctx, Done, Out, Parked, Saga, Step
from nova_appliance.conductor.sagas.boot import check_patience
from nova_appliance.conductor.sagas.suspension import not_interrupted as unchanged
from nova_appliance.db.engines import Connection
from nova_appliance.domain.attachment import Attachment
from nova_appliance.domain.guest import Volume
from nova_appliance.domain.saga import Answer
from nova_appliance.domain.server import Server
from nova_appliance.rpc.orders import ServerOrder

SWAP_S = 24 * 3600.0
"""A host may take so long to copy a large volume."""


def reserve(ctx: Ctx, _out: Out) -> Done:
    """Keep the volume for the server."""
    one = _living(ctx)
    volumes = ctx.cloud.volumes
    reserved = attachments.reserve(volumes, ctx.server_id, str(one.volume_id))
    one = msgspec.structs.replace(one, attachment_id=reserved)
    return Done(result={"attachment_id": reserved}, write=attachments.keep(ctx, one))


def let_go(ctx: Ctx, _out: Out) -> Done:
    """The volume is free again, and the row does not know it."""
    attachments.release(ctx.cloud.volumes, ctx.server_id, ctx.order.volume_id)
    return Done(write=attachments.drop(ctx, ctx.order.id))


def plug(ctx: Ctx, _out: Out) -> Parked | Done:
    """Let the host plug the volume in; a server without a host has it from now on, in use, and plugged
    in at its next start.
    """
    one = _living(ctx)
    if ctx.living().host is None:
        ctx.cloud.volumes.complete(str(one.attachment_id))
    return _send(ctx, "plug", "attach_volume", guests.volume_of(one))


def plugged(ctx: Ctx, _out: Out, answer: Answer) -> Done:
    """The guest has the disk; how the host reaches it is remembered."""
    return Done(result={}, write=attachments.connected(ctx, answer.result.get("connections", {})))


def pull(ctx: Ctx, _out: Out) -> Parked | None:
    """Let the host take the disk out again; one that is down has none at its next start."""
    server = ctx.server()
    one = _of(server, ctx.order.id) if server else None
    if server is None or one is None or not server.host or not ctx.is_up(server.host):
        return None
    sent = _send(ctx, "plug", "detach_volume", guests.volume_of(one))
    return sent if isinstance(sent, Parked) else None


def unplug(ctx: Ctx, _out: Out) -> Parked | Done:
    """Let the host take the disk out of the guest."""
    one = _of(ctx.living(), ctx.order.id)
    if one is None:
        return Done(result={})
    return _send(ctx, "unplug", "detach_volume", guests.volume_of(one))


def unplugged(ctx: Ctx, _out: Out, answer: Answer) -> Done:
    """The guest has let go; from now on no start plugs the volume in."""
    told = answer.result.get("count")
    drop = attachments.drop(ctx, ctx.order.id)
    count = volumes_counted.ended(ctx, ctx.order.volume_id, told)

    def write(conn: Connection) -> None:
        drop(conn)
        count(conn)

    return Done(result={"counted_by": answer.host} if told else {}, write=write)


def give_back(ctx: Ctx, out: Out) -> Done:
    """The volume is free."""
    host = out["unplug"].get("counted_by")
    if host is not None:
        volumes_counted.tell(ctx.cloud, ctx.cell_id, host, (ctx.order.volume_id,))
    attachments.release(ctx.cloud.volumes, ctx.server_id, ctx.order.volume_id)
    return Done(write=attachments.drop(ctx, ctx.order.id))


def show_size(ctx: Ctx, _out: Out) -> Parked | Done:
    """Let the host show the guest how large the volume is now."""
    return _send(ctx, "show_size", "resize_volume", guests.volume_of(_living(ctx)))


def shown(_ctx: Ctx, _out: Out, _answer: Answer) -> dict[str, Any]:
    """The guest sees it, or will at its next start."""
    return {}


def reserve_new(ctx: Ctx, _out: Out) -> dict[str, Any]:
    """Keep the new volume for the server."""
    volumes, new = ctx.cloud.volumes, ctx.order.new_volume_id
    reserved = attachments.reserve(volumes, ctx.server_id, new)
    return {"attachment_id": reserved, "old": _living(ctx).attachment_id}


def let_new_go(ctx: Ctx, _out: Out) -> None:
    """The new volume is free again, and the volume service moves the old one no more; fine if it
    knows of no such move.
    """
    volumes, order = ctx.cloud.volumes, ctx.order
    attachments.release(volumes, ctx.server_id, order.new_volume_id)
    with contextlib.suppress(errors.NotFound, errors.Invalid):
        volumes.moved(order.volume_id, order.new_volume_id, failed=True)


def copy(ctx: Ctx, out: Out) -> Parked | Done:
    """Let the host copy one to the other while the guest runs on."""
    old = guests.volume_of(_living(ctx))
    new = msgspec.structs.replace(
        old,
        volume_id=ctx.order.new_volume_id,
        attachment_id=out["reserve_new"]["attachment_id"],
        connection={},
    )
    return _send(ctx, "copy", "swap_volume", old, new)


def copied(ctx: Ctx, out: Out, answer: Answer) -> Done:
    """The guest uses the new place."""
    attachment_id = out["reserve_new"]["attachment_id"]
    ways = answer.result.get("connections", {})
    one = _living(ctx)
    moved = msgspec.structs.replace(
        one, attachment_id=attachment_id, connection=ways.get(attachment_id, one.connection)
    )
    return Done(result={}, write=attachments.keep(ctx, moved))


def finish(ctx: Ctx, out: Out) -> Done:
    """Let the volume service give one of the two the name of the old; release the old place."""
    volumes, order, kept = ctx.cloud.volumes, ctx.order, ctx.order.volume_id
    if volumes.get(kept).is_moving:
        kept = volumes.moved(kept, order.new_volume_id)
    volumes.release(out["reserve_new"]["old"])
    one = msgspec.structs.replace(_living(ctx), volume_id=kept)
    return Done(result={"volume_id": kept}, write=attachments.keep(ctx, one))


def _living(ctx: Ctx) -> Attachment:
    one = _of(ctx.living(), ctx.order.id)
    if one is None:
        raise Cancelled("The volume is wanted no more.")
    return one


def _of(server: Server, attachment_id: str) -> Attachment | None:
    return next((one for one in server.attachments if one.id == attachment_id), None)


def _send(
    ctx: Ctx, step: str, name: str, volume: Volume, new: Volume | None = None
) -> Parked | Done:
    server, conf = ctx.living(), ctx.cloud.conf
    if server.host is None:
        if new is not None:
            raise errors.Refused(f"Server {server.id} has no host.")
        return Done(result={})
    check_patience(ctx, step, server.host, SWAP_S if new else conf.conductor.build_timeout)
    order = ServerOrder(ticket=ctx.ticket(step), server_id=server.id, volume=volume, new_volume=new)
    return Parked(name=name, host=server.host, order=order)


ATTACH_VOLUME = Saga(
    name="attach_volume",
    order=AttachVolumeOrder,
    steps=(
        Step(name="reserve", do=reserve, undo=let_go),
        Step(name="plug", do=plug, then=plugged, undo=pull, event="compute_attach_volume"),
    ),
    failed=unchanged,
)

DETACH_VOLUME = Saga(
    name="detach_volume",
    order=DetachVolumeOrder,
    steps=(
        Step(name="unplug", do=unplug, then=unplugged, event="compute_detach_volume"),
        Step(name="give_back", do=give_back, no_way_back=True),
    ),
    failed=unchanged,
)

EXTEND_VOLUME = Saga(
    name="extend_volume",
    order=AttachVolumeOrder,
    steps=(Step(name="show_size", do=show_size, then=shown, event="compute_extend_volume"),),
    failed=unchanged,
)

SWAP_VOLUME = Saga(
    name="swap_volume",
    order=SwapVolumeOrder,
    steps=(
        Step(name="reserve_new", do=reserve_new, undo=let_new_go),
        Step(name="copy", do=copy, then=copied, event="compute_swap_volume"),
        Step(name="finish", do=finish, no_way_back=True),
    ),
    failed=unchanged,
)
