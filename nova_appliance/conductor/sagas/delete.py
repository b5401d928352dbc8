# SPDX-License-Identifier: Apache-2.0
"""A server goes, whatever it is doing: other sagas turn back, then guest, ports, claims, row."""

from __future__ import annotations

from typing import Any

from nova_appliance.actions import shares
from nova_appliance.actions.orders import VerbOrder
from nova_appliance.clients.networks import made_for_server
from nova_appliance.conductor import attachments, guests
from nova_appliance.conductor.saga import Ctx, Done, Out, Parked, Saga, Step, Wait, Write
from nova_appliance.conductor.sagas import shares as share_sagas
from nova_appliance.conductor.sagas.power import failed as power_failed
from nova_appliance.db import (
    claims,
    hosts,
    request_specs,
    sagas,
    server_mappings,
    server_migrations,
    servers,
)
from nova_appliance.db.cells import CELL0
from nova_appliance.domain import own_ports
from nova_appliance.domain import share as kept
from nova_appliance.domain import shelf as shelves
from nova_appliance.domain.saga import Answer, SagaError
from nova_appliance.rpc.orders import ServerOrder

PAUSE_S = 0.2
"""Between looks whether the server's other sagas have ended."""


def stop_others(ctx: Ctx, _out: Out) -> dict[str, Any]:
    """Turn back what else goes on with the server, and wait until it has ended."""
    cells = {CELL0, ctx.saga.cell_id, ctx.look_where()}
    going = 0
    for cell_id in sorted(cells):
        database = ctx.cloud.cells.database(cell_id)
        going += database.transact(
            lambda conn: sagas.cancel_others(conn, ctx.server_id, but="delete")
        )
    if going:
        raise Wait(PAUSE_S)
    server = ctx.server()
    return {
        "cell_id": ctx.look_where(),
        "host": server.host if server else None,
        "made": sorted(own_ports.of(server)) if server else [],
        "volumes": [
            [one.volume_id, one.delete_on_termination]
            for one in (server.attachments if server else ())
            if one.is_volume
        ],
        "shares": [one.share_id for one in kept.of(server.system_metadata)] if server else [],
    }


def destroy(ctx: Ctx, out: Out) -> Parked | Done:
    """Let the host remove guest and disks; one that is down does so when it is back."""
    host = out["stop_others"]["host"]
    if host is None or not ctx.is_up(host):
        return Done(result={"locally": True})
    server = ctx.server()
    order = ServerOrder(
        ticket=ctx.ticket("destroy"),
        server_id=ctx.server_id,
        guest=guests.guest_of(server, ctx.cloud.conf) if server else None,
    )
    return Parked(name="destroy", host=host, order=order)


def destroyed(_ctx: Ctx, _out: Out, _answer: Answer) -> dict[str, Any]:
    """Nothing of the server is on its host."""
    return {"locally": False}


def destroy_elsewhere(ctx: Ctx, out: Out) -> Parked | Done:
    """Let the host from or to which the server was moving forget it too."""
    with ctx.cloud.cells.api.read() as conn:
        held = claims.hosts_of(conn, ctx.server_id) - {out["stop_others"]["host"]}
    up = [host for host in sorted(held) if ctx.is_up(host)]
    if not up:
        return Done(result={"locally": bool(held)})
    order = ServerOrder(ticket=ctx.ticket("destroy_elsewhere"), server_id=ctx.server_id)
    return Parked(name="destroy", host=up[0], order=order)


def give_ports_back(ctx: Ctx, out: Out) -> None:
    """Delete the ports that Nova made, let go of those that the user made."""
    made = set(out["stop_others"]["made"])
    networks = ctx.cloud.networks
    for port in networks.ports(device_id=ctx.server_id):
        if port.id in made or made_for_server(port):
            networks.delete_port(port.id)
        else:
            networks.unbind_port(port.id)


def discard_shelf(ctx: Ctx, _out: Out) -> None:
    """Delete the image that holds the disk of a server on the shelf."""
    server = ctx.server()
    shelf = shelves.of(server.system_metadata) if server else None
    if shelf is not None:
        ctx.cloud.images.discard(shelf.image_id)


def give_volumes_back(ctx: Ctx, out: Out) -> None:
    """Let go of all volumes, and delete those that go with the server."""
    for volume_id, goes in out["stop_others"].get("volumes", ()):
        attachments.release(ctx.cloud.volumes, ctx.server_id, volume_id)
        if goes:
            attachments.remove(ctx.cloud.volumes, volume_id)


def give_shares_back(ctx: Ctx, out: Out) -> None:
    """Let the host have the shares no more."""
    wanted = out["stop_others"].get("shares", ())
    server = ctx.server()
    if wanted and server is not None:
        share_sagas.give_back(ctx, wanted, shares.address_of(ctx.cloud, server))


def erase(ctx: Ctx, out: Out) -> Done:
    """Give back claims and quota; the row stays, marked as deleted."""

    def forget(conn: Any) -> None:
        hosts.release(conn, ctx.server_id)
        request_specs.remove(conn, ctx.server_id)
        server_mappings.remove(conn, ctx.server_id)

    ctx.cloud.cells.api.transact(forget)
    ctx.moved_to(out["stop_others"]["cell_id"])

    def write(conn: Any) -> None:
        server_migrations.end_all(conn, ctx.server_id, "deleted")
        servers.erase(conn, ctx.server_id, attachments=())

    return Done(write=write)


def failed(ctx: Ctx, error: SagaError) -> Write:
    """The server is in error; its deletion may be asked for again."""
    return power_failed(ctx, error)


DELETE = Saga(
    name="delete",
    order=VerbOrder,
    steps=(
        Step(name="stop_others", do=stop_others),
        Step(name="destroy", do=destroy, then=destroyed, event="compute_terminate_instance"),
        Step(name="destroy_elsewhere", do=destroy_elsewhere, then=destroyed),
        Step(name="give_ports_back", do=give_ports_back),
        Step(name="discard_shelf", do=discard_shelf),
        Step(name="give_volumes_back", do=give_volumes_back),
        Step(name="give_shares_back", do=give_shares_back),
        Step(name="erase", do=erase),
    ),
    failed=failed,
    stubborn=True,
)
