# SPDX-License-Identifier: Apache-2.0
"""A server whose root disk is a volume is made anew: the guest is off, and the volume service
writes the image over the volume, which nobody but the server may have meanwhile.

Undone before the volume service took the order, the guest runs as before.
"""

from __future__ import annotations

import datetime as dt
from typing import Any

import msgspec

from nova_appliance.actions.orders import RebuildOrder
from nova_appliance.clients.volumes import reimage
from nova_appliance.common import errors
from nova_appliance.conductor import attachments, guests
from nova_appliance.conductor.saga import Cancelled, Ctx, Done, Out, Parked, Saga, Step, Wait
from nova_appliance.conductor.sagas.boot import check_patience
from nova_appliance.conductor.sagas.power import failed
from nova_appliance.conductor.sagas.rebuild import adopt, check_host, remade, remake
from nova_appliance.domain.attachment import Attachment, root
from nova_appliance.domain.saga import Answer
from nova_appliance.rpc.orders import ServerOrder

WRITING = "downloading"
"""Status of a volume while an image is written over it."""
PAUSE_S = 2.0
"""Between looks; the event volume-reimaged ends the wait at once."""
BEFORE = ("stop_guest", "unplug", "set_free", "ask")
"""Steps whose failure leaves the volume's content as it was."""


def stop_guest(ctx: Ctx, _out: Out) -> Parked | Done:
    """Let the host cut the guest's power: its disk is to be lost."""
    if not ctx.order.reimage:
        return Done(result={})
    return _send(ctx, "stop_guest", "power_off")


def start_again(ctx: Ctx, _out: Out) -> Parked | None:
    """Let a guest run again that ran before, if its disk is as it was."""
    server, error = ctx.server(), ctx.saga.error
    untouched = ctx.order.reimage and error is not None and error.step in BEFORE
    if server is None or not untouched or ctx.order.state != "active":
        return None
    if not ctx.is_up(server.host or ""):
        return None
    guest = guests.guest_of(server, ctx.cloud.conf)
    order = ServerOrder(ticket=ctx.ticket("stop_guest"), server_id=server.id, guest=guest)
    return Parked(name="power_on", host=server.host or "", order=order)


def unplug(ctx: Ctx, _out: Out) -> Parked | Done:
    """Let the host give back its way to the volume."""
    if not ctx.order.reimage:
        return Done(result={})
    return _send(ctx, "unplug", "detach_volume", volume=guests.volume_of(_root(ctx)))


def reported(_ctx: Ctx, _out: Out, _answer: Answer) -> dict[str, Any]:
    """It is done."""
    return {}


def set_free(ctx: Ctx, _out: Out) -> Done:
    """Let the volume be reserved for the server, and connected to no host."""
    if not ctx.order.reimage or not _root(ctx).connection:
        return Done(result={})
    return Done(result={}, write=attachments.renew(ctx, ctx.living(), (_root(ctx),)))


def ask(ctx: Ctx, _out: Out) -> dict[str, Any]:
    """Have the volume service write the image; what it does already is not asked for again."""
    if ctx.order.reimage and _status(ctx) != WRITING:
        reimage(ctx.cloud.volumes, ctx.order.volume_id, ctx.order.image.id)
    return {"at": ctx.cloud.clock.now().isoformat()}


def written(ctx: Ctx, out: Out) -> dict[str, Any]:
    """Wait until the image is on the volume."""
    if not ctx.order.reimage:
        return {}
    status = _status(ctx)
    if status == WRITING:
        if _is_late(ctx, out):
            raise errors.Refused(f"Volume {ctx.order.volume_id} did not get its image in time.")
        raise Wait(PAUSE_S)
    if status.startswith("error"):
        raise errors.Refused(
            f"Volume {ctx.order.volume_id} did not get image {ctx.order.image.id}: its status is "
            f"{status}."
        )
    return {}


def let_write(ctx: Ctx, out: Out) -> None:
    """Nobody may delete the volume while it is written: wait for the end, but not for ever."""
    try:
        writing = ctx.order.reimage and _status(ctx) == WRITING
    except errors.NotFound:
        return
    if writing and not _is_late(ctx, out):
        raise Wait(PAUSE_S)


def _is_late(ctx: Ctx, out: Out) -> bool:
    began = dt.datetime.fromisoformat(out["ask"]["at"])
    limit_s = ctx.cloud.conf.reimage_timeout_per_gb * (_root(ctx).size_gib or 1)
    return bool((ctx.cloud.clock.now() - began).total_seconds() > limit_s)


def _status(ctx: Ctx) -> str:
    return ctx.cloud.volumes.get(ctx.order.volume_id).status


def _root(ctx: Ctx) -> Attachment:
    found = root(ctx.living().attachments)
    if found is None:
        raise Cancelled("The server has no root volume any more.")
    return found


def _send(ctx: Ctx, step: str, name: str, **fields: Any) -> Parked:
    server = ctx.living()
    host = server.host or ""
    check_patience(ctx, step, host, ctx.cloud.conf.conductor.build_timeout)
    order = ServerOrder(ticket=ctx.ticket(step), server_id=server.id, timeout_s=0.0)
    return Parked(name=name, host=host, order=msgspec.structs.replace(order, **fields))


REBUILD_VOLUME = Saga(
    name="rebuild_volume",
    order=RebuildOrder,
    steps=(
        Step(name="check_host", do=check_host),
        Step(name="stop_guest", do=stop_guest, then=reported, undo=start_again),
        Step(name="unplug", do=unplug, then=reported),
        Step(name="set_free", do=set_free),
        Step(name="ask", do=ask),
        Step(name="written", do=written, undo=let_write),
        Step(name="adopt", do=adopt),
        Step(name="remake", do=remake, then=remade, event="compute_rebuild_instance"),
    ),
    failed=failed,
)
