# SPDX-License-Identifier: Apache-2.0
"""A server is made anew on its host: image first, then the row, then disks and guest.

What fails before the row tells of the new image leaves the old guest untouched.
"""

from __future__ import annotations

from typing import Any

from nova_appliance.actions.orders import RebuildOrder
from nova_appliance.conductor import attachments, guests
from nova_appliance.conductor.host_choice import NoValidHost
from nova_appliance.conductor.saga import Cancelled, Ctx, Done, Out, Parked, Saga, Step
from nova_appliance.conductor.sagas.boot import check_patience
from nova_appliance.conductor.sagas.power import failed
from nova_appliance.db import servers
from nova_appliance.domain import root_image
from nova_appliance.domain import shelf as shelves
from nova_appliance.domain.guest import PowerState
from nova_appliance.domain.saga import Answer
from nova_appliance.rpc.orders import ChooseHosts, NoHostFits, ServerOrder

TRUSTED = "trusted_certs"


def check_host(ctx: Ctx, _out: Out) -> None:
    """Another image must suit the host too. Raises NoValidHost."""
    server = ctx.living()
    if not ctx.order.check_host:
        return
    wanted = ChooseHosts(
        server_id=server.id,
        project_id=server.project_id,
        flavor=server.flavor,
        image=ctx.order.image,
        host=server.host,
        node=server.node,
        hints=server.hints,
    )
    answer = ctx.cloud.rpc.call("scheduler", "check_host", wanted, ctx.context)
    if isinstance(answer, NoHostFits):
        raise NoValidHost(answer.reason, ())


def fetch_image(ctx: Ctx, _out: Out) -> Parked:
    """Let the host have the image, whole and checked, before anything is lost."""
    server = ctx.living()
    host = server.host or ""
    check_patience(ctx, "fetch_image", host, ctx.cloud.conf.conductor.build_timeout)
    order = ServerOrder(
        ticket=ctx.ticket("fetch_image"), server_id=server.id, image=ctx.order.image
    )
    return Parked(name="fetch_image", host=host, order=order)


def fetched(_ctx: Ctx, _out: Out, _answer: Answer) -> dict[str, Any]:
    """The image is there."""
    return {}


def adopt(ctx: Ctx, _out: Out) -> Done:
    """From now on the server is what it was asked to be."""
    order, on_volume = ctx.order, bool(ctx.order.volume_id)
    fields = {**order.changes, "fault": None} | ({} if on_volume else {"image": order.image})
    about = root_image.remembered(order.image) if on_volume else {}
    if fields.get(TRUSTED) is not None:
        fields[TRUSTED] = tuple(fields[TRUSTED])

    def write(conn: Any) -> None:
        servers.lock(conn, ctx.server_id)
        now = servers.get(conn, ctx.cell_id, ctx.server_id)
        if now is not None:
            fields["system_metadata"] = shelves.made_anew(now.system_metadata) | about
        if not servers.advance(conn, ctx.server_id, ctx.order.verb, "rebuild_spawning", **fields):
            raise Cancelled("The server is wanted for something else.")

    return Done(write=write)


def remake(ctx: Ctx, _out: Out) -> Parked:
    """Let the host make disks and guest anew."""
    server, conf = ctx.living(), ctx.cloud.conf
    host = server.host or ""
    check_patience(ctx, "remake", host, conf.conductor.build_timeout)
    order = ServerOrder(
        ticket=ctx.ticket("remake"),
        server_id=server.id,
        guest=guests.new_guest(ctx.cloud, server, ctx.order.files, ctx.order.password),
        image=server.image,
        power_on=ctx.order.state != "stopped",
        keep_ephemeral=ctx.order.keep_ephemeral,
    )
    return Parked(name="rebuild", host=host, order=order)


def remade(ctx: Ctx, _out: Out, answer: Answer) -> Done:
    """The server is active, or stopped as it was."""
    stopped = ctx.order.state == "stopped"
    usual = PowerState.SHUTDOWN if stopped else PowerState.RUNNING
    fields = {"power": answer.result.get("power", int(usual)), "launched_at": ctx.cloud.clock.now()}
    end = "stopped" if stopped else None
    verb, ways = ctx.order.verb, answer.result.get("connections")

    def write(conn: Any) -> None:
        servers.settle(conn, ctx.server_id, verb, end=end, **fields)
        if ways:
            attachments.connected(ctx, ways)(conn)

    return Done(write=write)


REBUILD = Saga(
    name="rebuild",
    order=RebuildOrder,
    steps=(
        Step(name="check_host", do=check_host),
        Step(name="fetch_image", do=fetch_image, then=fetched),
        Step(name="adopt", do=adopt),
        Step(name="remake", do=remake, then=remade, event="compute_rebuild_instance"),
    ),
    failed=failed,
)
