# SPDX-License-Identifier: Apache-2.0
"""The root disk of a server becomes an image: copied on its host, then uploaded.

Undone, there is neither copy nor image.
"""

from __future__ import annotations

from typing import Any

from nova_appliance.actions.orders import CreateImageOrder
from nova_appliance.conductor import guests
from nova_appliance.conductor.saga import Cancelled, Ctx, Done, Out, Parked, Saga, Step
from nova_appliance.conductor.sagas.boot import check_patience
from nova_appliance.conductor.sagas.power import failed
from nova_appliance.db import servers
from nova_appliance.domain.saga import Answer
from nova_appliance.domain.server import ServerImage
from nova_appliance.rpc.orders import ServerOrder

COPY_S = 3600.0
"""A host may take so long for a large disk."""


def find_image(ctx: Ctx, _out: Out) -> dict[str, Any]:
    """See that the image is still there; the host is remembered for the undo."""
    ctx.cloud.images.get(ctx.order.image_id)
    return {"host": ctx.living().host}


def discard_image(ctx: Ctx, _out: Out) -> None:
    """Delete the half-made image."""
    ctx.cloud.images.discard(ctx.order.image_id)


def snapshot(ctx: Ctx, _out: Out) -> Parked:
    """Let the host copy the root disk."""
    return send(ctx, "snapshot", "image_snapshot")


def copied(ctx: Ctx, _out: Out, answer: Answer) -> Done:
    """The copy is there."""
    return Done(result=answer.result, write=_advance(ctx, "image_pending_upload"))


def drop_copy(ctx: Ctx, out: Out) -> Parked | None:
    """Let the host remove the copy; one that is down has it until the server is deleted."""
    host = (out.get("find_image") or {}).get("host")
    if host is None or not ctx.is_up(host):
        return None
    image = ServerImage(id=ctx.order.image_id)
    ticket = ctx.ticket("snapshot")
    order = ServerOrder(ticket=ticket, server_id=ctx.server_id, image=image)
    return Parked(name="drop_snapshot", host=host, order=order)


def upload(ctx: Ctx, _out: Out) -> Parked:
    """Let the host upload the copy."""
    return send(ctx, "upload_snapshot", "image_uploading")


def uploaded(ctx: Ctx, _out: Out, _answer: Answer) -> Done:
    """The image is whole; the server's state is as before."""
    return Done(write=lambda conn: servers.settle(conn, ctx.server_id, ctx.order.verb))


def send(ctx: Ctx, name: str, task: str | None) -> Parked:
    """Send the host an order about the copy; the server shows this task meanwhile."""
    server = ctx.living()
    host = server.host or ""
    check_patience(ctx, name, host, COPY_S)
    image = ServerImage(id=ctx.order.image_id)
    guest = guests.guest_of(server, ctx.cloud.conf)
    order = ServerOrder(ticket=ctx.ticket(name), server_id=server.id, guest=guest, image=image)
    return Parked(name=name, host=host, order=order, write=_advance(ctx, task) if task else None)


def _advance(ctx: Ctx, task: str) -> Any:
    def write(conn: Any) -> None:
        if not servers.advance(conn, ctx.server_id, ctx.order.verb, task):
            raise Cancelled("The server is wanted for something else.")

    return write


CREATE_IMAGE = Saga(
    name="create_image",
    order=CreateImageOrder,
    steps=(
        Step(name="find_image", do=find_image, undo=discard_image),
        Step(
            name="snapshot",
            do=snapshot,
            then=copied,
            undo=drop_copy,
            event="compute_snapshot_instance",
        ),
        Step(name="upload_snapshot", do=upload, then=uploaded),
    ),
    failed=failed,
)
