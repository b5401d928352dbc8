# SPDX-License-Identifier: Apache-2.0
"""A server goes back to its old flavor and host: the target forgets it, the source takes back what
it kept. There is no way forward again: what cannot be done leaves the server in error, but for a
source that is away before anything was begun: then it waits for its confirmation again.
"""

from __future__ import annotations

from typing import Any

import msgspec

from nova_appliance.actions.orders import EndMoveOrder
from nova_appliance.conductor import attachments, guests, ports, targets
from nova_appliance.conductor.saga import (
    Ctx,
    Done,
    HostFailed,
    Out,
    Parked,
    Saga,
    Step,
    Write,
)
from nova_appliance.conductor.sagas.boot import check_patience
from nova_appliance.conductor.sagas.resize import COPY_S
from nova_appliance.db import claims, hosts, server_mappings, servers
from nova_appliance.db.engines import Connection
from nova_appliance.domain.guest import PowerState, Vif
from nova_appliance.domain.journey import Journey
from nova_appliance.domain.migration import FINISHED, Migration
from nova_appliance.domain.saga import Answer, SagaError
from nova_appliance.domain.server import Server
from nova_appliance.rpc.orders import ServerOrder


class SourceAway(HostFailed):
    """The host that kept what the server was does not report itself."""


def withdraw(ctx: Ctx, _out: Out) -> Parked:
    """Let the target forget the guest, if the source is there to take it back."""
    migration = targets.migration_of(ctx)
    source = migration.source_host or ""
    if ctx.saga.parked != "withdraw" and not ctx.is_up(source):
        raise SourceAway(f"Host {source} went down.", source, retryable=False)
    guest = guests.guest_of(ctx.living(), ctx.cloud.conf)
    order = _order(ctx, "withdraw", migration, guest=guest)
    return _send(ctx, "withdraw", migration.target_host, order)


def withdrawn(_ctx: Ctx, _out: Out, _answer: Answer) -> None:
    """Nothing of the server is at the target, but for what the source keeps."""


def let_volumes_go(ctx: Ctx, _out: Out) -> Done | None:
    """Let the source ask for its way to the volumes."""
    migration = targets.migration_of(ctx)
    if migration.source_host == migration.target_host:
        return None
    attachments.wait_for_others(ctx)
    return Done(write=attachments.renew(ctx, ctx.living()))


def bind_ports(ctx: Ctx, _out: Out) -> Any:
    """Bind the ports to the source."""
    migration = targets.migration_of(ctx)
    host, zone = migration.source_host or "", str(migration.facts.get("zone") or "")
    return msgspec.to_builtins(ports.rebind(ctx.cloud.networks, ctx.living(), host, zone))


def take_back(ctx: Ctx, out: Out) -> Parked:
    """Let the source have its disks again, and start the guest if it ran."""
    migration = targets.migration_of(ctx)
    before = _before(ctx.living(), migration, out)
    order = _order(
        ctx,
        "take_back",
        migration,
        guest=guests.guest_of(before, ctx.cloud.conf),
        power_on=bool(migration.facts["runs"]),
    )
    return _send(ctx, "take_back", migration.source_host, order)


def is_back(_ctx: Ctx, _out: Out, answer: Answer) -> dict[str, Any]:
    """The guest is as it was."""
    power = answer.result.get("power", int(PowerState.NOSTATE))
    return {"power": power, "ways": answer.result.get("connections", {})}


def settle(ctx: Ctx, out: Out) -> Done:
    """The server lives at the source with its old flavor."""
    server, migration = ctx.living(), targets.migration_of(ctx)
    source_id, target_id = migration.facts["source_id"], migration.facts["target_id"]
    old = migration.old_flavor

    def release(conn: Connection) -> None:
        claims.depart(conn, server.id, source_id, target_id)
        hosts.release(conn, server.id, target_id, claims.MOVE)
        server_mappings.resize(conn, server.id, old.vcpus, old.memory_mib)

    ctx.cloud.cells.api.transact(release)
    before = _before(server, migration, out)
    kept = ("host", "node", "zone", "flavor", "system_metadata")
    fields = {name: getattr(before, name) for name in kept} | {"power": out["take_back"]["power"]}
    end = "active" if migration.facts["runs"] else "stopped"

    def write(conn: Connection) -> None:
        if not servers.settle(conn, server.id, ctx.order.verb, end=end, **fields):
            servers.change(conn, server.id, **fields)  # who deletes it finds it there
        servers.change(conn, server.id, host=before.host)  # its consoles are elsewhere now
        attachments.connected(ctx, out["take_back"]["ways"])(conn)
        targets.turn(conn, migration.id, "reverted")

    return Done(write=write)


def failed(ctx: Ctx, error: SagaError) -> Write:
    """The server is in error: a part of it is at each host. Its deletion clears both."""
    fault = targets.fault(ctx, error)

    def write(conn: Connection) -> None:
        if error.family == SourceAway.__name__:
            targets.turn(conn, ctx.order.migration_id, FINISHED)
            servers.call_off(conn, ctx.server_id, ctx.order.verb, fault)
            return
        targets.turn(conn, ctx.order.migration_id, "error")
        servers.give_up(conn, ctx.server_id, ctx.order.verb, fault)

    return write


def _before(server: Server, migration: Migration, out: Out) -> Server:
    """The server as it will be."""
    vifs = msgspec.convert(out["bind_ports"], tuple[Vif, ...])
    return msgspec.structs.replace(
        server,
        host=migration.source_host,
        node=migration.source_node,
        zone=migration.facts.get("zone"),
        flavor=migration.old_flavor,
        system_metadata=targets.remembered(server, vifs, migration.old_flavor),
    )


def _order(ctx: Ctx, step: str, migration: Migration, **fields: Any) -> ServerOrder:
    journey = msgspec.convert(migration.facts["journey"], Journey)
    ticket, server_id = ctx.ticket(step), ctx.living().id
    return ServerOrder(ticket=ticket, server_id=server_id, journey=journey, **fields)


def _send(ctx: Ctx, name: str, host: str | None, order: ServerOrder) -> Parked:
    check_patience(ctx, name, host or "", COPY_S)
    return Parked(name=name, host=host or "", order=order)


REVERT_RESIZE = Saga(
    name="revert_resize",
    order=EndMoveOrder,
    steps=(
        Step(name="withdraw", do=withdraw, then=withdrawn, event="compute_revert_resize"),
        Step(name="let_volumes_go", do=let_volumes_go),
        Step(name="bind_ports", do=bind_ports),
        Step(
            name="take_back",
            do=take_back,
            then=is_back,
            event="compute_finish_revert_resize",
        ),
        Step(name="settle", do=settle),
    ),
    failed=failed,
)
