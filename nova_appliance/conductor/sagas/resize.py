# SPDX-License-Identifier: Apache-2.0
"""A server gets another flavor, another host, or both: it is stopped, its disks are set aside and
fetched, and it starts as it was. What it was is kept until the user confirms or reverts.
"""

from __future__ import annotations

from typing import Any

import msgspec

from nova_appliance.actions.orders import MoveOrder
from nova_appliance.conductor import attachments, guests, ports, targets
from nova_appliance.conductor.saga import Cancelled, Ctx, Done, Out, Parked, Saga, Step, Write
from nova_appliance.conductor.sagas.boot import check_patience
from nova_appliance.db import claims, hosts, server_mappings, servers
from nova_appliance.db.engines import Connection
from nova_appliance.domain.guest import Guest, PowerState, Vif
from nova_appliance.domain.journey import Journey
from nova_appliance.domain.migration import FINISHED
from nova_appliance.domain.saga import Answer, SagaError
from nova_appliance.domain.server import Server
from nova_appliance.rpc.orders import ServerOrder

COPY_S = 4 * 3600.0
"""A host may take so long for large disks."""


def choose_target(ctx: Ctx, _out: Out) -> Done:
    """Ask the scheduler, which claims room for the new flavor."""
    return targets.choose(ctx, "pre-migrating")


def stop_guest(ctx: Ctx, _out: Out) -> Parked | Done:
    """Let the source stop the guest, politely first."""
    server = ctx.living()
    write = _advance(ctx, "resize_migrating", "migrating")
    if server.state == "stopped":
        return Done(result={"runs": False}, write=write)
    timeout_s = ctx.cloud.conf.shutdown_timeout
    order = _order(ctx, "stop_guest", server, timeout_s=float(timeout_s))
    return _send(ctx, "power_off", server.host, order, write)


def stopped(_ctx: Ctx, _out: Out, _answer: Answer) -> dict[str, Any]:
    """The guest is off."""
    return {"runs": True}


def start_again(ctx: Ctx, _out: Out) -> Parked | None:
    """Let the source start the guest as it was; a host that is down does so when it is back."""
    server = ctx.server()
    if server is None or server.state != "active" or not ctx.is_up(server.host or ""):
        return None
    order = _order(ctx, "stop_guest", server)
    return Parked(name="power_on", host=server.host or "", order=order)


def set_aside(ctx: Ctx, out: Out) -> Parked:
    """Let the source keep the disks for the target."""
    server = ctx.living()
    order = _order(ctx, "set_aside", server, journey=_journey(server, out))
    return _send(ctx, "set_aside", server.host, order)


def is_aside(ctx: Ctx, _out: Out, answer: Answer) -> Done:
    """The target may fetch them."""
    result = {"journey": answer.result.get("journey")}
    return Done(result=result, write=_advance(ctx, "resize_migrated", "post-migrating"))


def put_back(ctx: Ctx, out: Out) -> Parked | None:
    """Let the source have its disks again."""
    server = ctx.server()
    if server is None or not ctx.is_up(server.host or ""):
        return None
    order = _order(ctx, "set_aside", server, journey=_journey(server, out), power_on=False)
    return Parked(name="take_back", host=server.host or "", order=order)


def let_volumes_go(ctx: Ctx, out: Out) -> Done | None:
    """Let another host ask for its way to the volumes."""
    attachments.wait_for_others(ctx)
    server = ctx.server()
    if server is None or out["choose_target"]["host"] == out["choose_target"]["source"]["host"]:
        return None
    return Done(write=attachments.renew(ctx, server))


def bind_ports(ctx: Ctx, out: Out) -> Done:
    """Bind the ports to the target."""
    chosen = out["choose_target"]
    vifs = ports.rebind(ctx.cloud.networks, ctx.living(), chosen["host"], chosen["zone"])
    return Done(result=msgspec.to_builtins(vifs), write=_advance(ctx, "resize_finish"))


def bind_back(ctx: Ctx, _out: Out) -> None:
    """Bind the ports to the source again."""
    server = ctx.server()
    if server is not None:
        ports.rebind(ctx.cloud.networks, server, server.host or "", server.zone or "")


def arrive(ctx: Ctx, out: Out) -> Parked:
    """Let the target fetch the disks and start the guest, if it ran."""
    server, host = ctx.living(), out["choose_target"]["host"]
    order = ServerOrder(
        ticket=ctx.ticket("arrive"),
        server_id=server.id,
        guest=_guest_there(ctx, server, out),
        image=server.image,
        journey=msgspec.convert(out["set_aside"]["journey"], Journey),
        power_on=out["stop_guest"]["runs"],
    )
    return _send(ctx, "arrive", host, order)


def arrived(_ctx: Ctx, _out: Out, answer: Answer) -> dict[str, Any]:
    """The guest is there."""
    power = answer.result.get("power", int(PowerState.RUNNING))
    return {"power": power, "ways": answer.result.get("connections", {})}


def withdraw(ctx: Ctx, out: Out) -> Parked | None:
    """Let the target forget the guest; a host that is down does so when it is back."""
    server, host = ctx.server(), out["choose_target"]["host"]
    if server is None or not ctx.is_up(host):
        return None
    order = _order(ctx, "arrive", server, journey=_journey(server, out))
    return Parked(name="withdraw", host=host, order=order)


def finish(ctx: Ctx, out: Out) -> Done:
    """The server lives at the target; the user says whether it stays there."""
    server, chosen = ctx.living(), out["choose_target"]

    def claim(conn: Connection) -> None:
        claims.arrive(conn, server.id, chosen["source_id"], chosen["host_id"])
        hosts.settle(conn, server.id)
        old, new = server.flavor, ctx.order.flavor
        most = (max(old.vcpus, new.vcpus), max(old.memory_mib, new.memory_mib))
        server_mappings.resize(conn, server.id, *most)

    ctx.cloud.cells.api.transact(claim)
    vifs = msgspec.convert(out["bind_ports"], tuple[Vif, ...])
    facts = {
        "source_id": chosen["source_id"],
        "target_id": chosen["host_id"],
        "runs": out["stop_guest"]["runs"],
        "zone": server.zone,
        "journey": out["set_aside"]["journey"],
    }
    fields = {
        "host": chosen["host"],
        "node": chosen["node"],
        "zone": chosen["zone"],
        "flavor": ctx.order.flavor,
        "system_metadata": targets.remembered(server, vifs, ctx.order.flavor),
        "power": out["arrive"]["power"],
    }

    def write(conn: Connection) -> None:
        if not servers.settle(conn, server.id, ctx.order.verb, **fields):
            raise Cancelled("The server is wanted for something else.")
        servers.change(conn, server.id, host=chosen["host"])  # its consoles are elsewhere now
        attachments.connected(ctx, out["arrive"]["ways"])(conn)
        targets.turn(conn, ctx.order.migration_id, FINISHED, facts=facts)

    return Done(write=write)


def unfinish(ctx: Ctx, out: Out) -> None:
    """The server lives at the source, as far as claims tell."""
    chosen = out["choose_target"]

    def work(conn: Connection) -> None:
        claims.depart(conn, ctx.server_id, chosen["source_id"], chosen["host_id"])

    ctx.cloud.cells.api.transact(work)


def failed(ctx: Ctx, error: SagaError) -> Write:
    """The server is as it was; the fault says why it did not move."""
    server = ctx.server()
    if server is not None:
        count = (server.id, server.flavor.vcpus, server.flavor.memory_mib)
        ctx.cloud.cells.api.transact(lambda conn: server_mappings.resize(conn, *count))
    fault = targets.fault(ctx, error)

    def write(conn: Connection) -> None:
        targets.turn(conn, ctx.order.migration_id, "error")
        servers.give_up(conn, ctx.server_id, ctx.order.verb, fault)

    return write


def _guest_there(ctx: Ctx, server: Server, out: Out) -> Guest:
    vifs = msgspec.convert(out["bind_ports"], tuple[Vif, ...])
    there = msgspec.structs.replace(
        server, flavor=ctx.order.flavor, system_metadata=ports.remember(server, vifs)
    )
    return guests.guest_of(there, ctx.cloud.conf)


def _journey(server: Server, out: Out) -> Journey:
    return Journey(source=server.host or "", target=out["choose_target"]["host"])


def _order(ctx: Ctx, step: str, server: Server, **fields: Any) -> ServerOrder:
    guest = guests.guest_of(server, ctx.cloud.conf)
    return ServerOrder(ticket=ctx.ticket(step), server_id=server.id, guest=guest, **fields)


def _send(
    ctx: Ctx, name: str, host: str | None, order: ServerOrder, write: Write | None = None
) -> Parked:
    check_patience(ctx, order.ticket.step, host or "", COPY_S)
    return Parked(name=name, host=host or "", order=order, write=write)


def _advance(ctx: Ctx, task: str, status: str | None = None) -> Write:
    def write(conn: Connection) -> None:
        if not servers.advance(conn, ctx.server_id, ctx.order.verb, task):
            raise Cancelled("The server is wanted for something else.")
        if status is not None:
            targets.turn(conn, ctx.order.migration_id, status)

    return write


RESIZE = Saga(
    name="resize",
    order=MoveOrder,
    steps=(
        Step(
            name="choose_target",
            do=choose_target,
            undo=targets.leave,
            event="conductor_migrate_server",
        ),
        Step(name="stop_guest", do=stop_guest, then=stopped, undo=start_again),
        Step(
            name="set_aside",
            do=set_aside,
            then=is_aside,
            undo=put_back,
            event="compute_resize_instance",
        ),
        Step(name="let_volumes_go", do=let_volumes_go, undo=let_volumes_go),
        Step(name="bind_ports", do=bind_ports, undo=bind_back),
        Step(
            name="arrive",
            do=arrive,
            then=arrived,
            undo=withdraw,
            event="compute_finish_resize",
        ),
        Step(name="finish", do=finish, undo=unfinish),
    ),
    failed=failed,
    learn=targets.learn,
)
