# SPDX-License-Identifier: Apache-2.0
"""A shelved server that never left its host is started there again."""

from __future__ import annotations

import contextlib
from typing import Any

from nova_appliance.actions.orders import VerbOrder
from nova_appliance.common import errors
from nova_appliance.conductor.saga import Cancelled, Ctx, Done, Out, Parked, Saga, Step
from nova_appliance.conductor.sagas.power import failed
from nova_appliance.conductor.sagas.suspension import send
from nova_appliance.db import servers
from nova_appliance.domain import shelf as shelves
from nova_appliance.domain.attachment import root
from nova_appliance.domain.guest import PowerState
from nova_appliance.domain.saga import Answer
from nova_appliance.domain.server import Server, ServerImage


def power_on(ctx: Ctx, _out: Out) -> Parked:
    """Let the host where the server still is start it."""
    return send(ctx, "power_on")


def taken_down(ctx: Ctx, _out: Out, answer: Answer) -> Done:
    """The server is active; the shelf's image was not needed."""
    power, verb = answer.result.get("power", int(PowerState.RUNNING)), ctx.order.verb
    fields = {"power": power, "launched_at": ctx.cloud.clock.now()}
    discard(ctx, ctx.living())

    def write(conn: Any) -> None:
        settle(ctx, conn, verb, fields, came_back=False)

    return Done(write=write)


def settle(ctx: Ctx, conn: Any, verb: str, fields: dict[str, Any], *, came_back: bool) -> None:
    """End the move; whether its root disk was made from the shelf's image."""
    servers.lock(conn, ctx.server_id)
    server = servers.get(conn, ctx.cell_id, ctx.server_id)
    if server is None:
        raise Cancelled("The server is gone.")
    forget = shelves.came_back if came_back else shelves.taken_down
    known = forget(server.system_metadata)
    servers.settle(conn, server.id, verb, system_metadata=known, **fields)


def image_of(ctx: Ctx, server: Server) -> ServerImage | None:
    """The image that holds the root disk; None when that is a volume. Raises Refused."""
    shelf = shelves.of(server.system_metadata)
    if shelf is None:
        if root(server.attachments) is not None:
            return None
        raise errors.Refused("The server's image is not known any more.")
    try:
        return ctx.cloud.images.get(shelf.image_id).remembered
    except errors.NotFound as error:
        raise errors.Refused(f"{error.message} It held the server's disk.") from error


def discard(ctx: Ctx, server: Server) -> None:
    """An image that cannot be deleted now stays; it is its owner's to delete."""
    shelf = shelves.of(server.system_metadata)
    if shelf is not None:
        with contextlib.suppress(errors.ApplianceError):
            ctx.cloud.images.discard(shelf.image_id)


TAKE_DOWN = Saga(
    name="take_down",
    order=VerbOrder,
    steps=(Step(name="power_on", do=power_on, then=taken_down, event="compute_unshelve_instance"),),
    failed=failed,
)
