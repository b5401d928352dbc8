# SPDX-License-Identifier: Apache-2.0
"""A server changes hosts while it runs: both hosts check, the guest is sent, and only when it runs
there does anything else follow. Undone, it runs where it was.
"""

from __future__ import annotations

from typing import Any

import msgspec

from nova_appliance.actions.orders import MoveOrder
from nova_appliance.common import errors
from nova_appliance.conductor import attachments, guests, host_pair, ports, targets
from nova_appliance.conductor.saga import (
    Cancelled,
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
from nova_appliance.db import claims, hosts, servers
from nova_appliance.db.engines import Connection
from nova_appliance.domain.guest import Guest
from nova_appliance.domain.journey import Journey
from nova_appliance.domain.passport import Passport, Welcome
from nova_appliance.domain.saga import Answer, SagaError
from nova_appliance.rpc.orders import ServerOrder

VERB = "os-migrateLive"


def choose_target(ctx: Ctx, _out: Out) -> Done:
    """Ask the scheduler, which claims; not for a server whose own host is down."""
    source = ctx.living().host or ""
    if not ctx.is_up(source):
        raise errors.Refused(f"Compute service of {source} is unavailable at this time.")
    return targets.choose(ctx, "queued")


def check_source(ctx: Ctx, out: Out) -> Parked:
    """Let the source say what the target must know."""
    _check_wish(ctx)
    return _send(ctx, out, "check_source", "show_passport")


def is_known(_ctx: Ctx, _out: Out, answer: Answer) -> Any:
    """The guest's passport."""
    return answer.result["passport"]


def reserve_there(ctx: Ctx, out: Out) -> dict[str, Any]:
    """Have each volume for the target too; the old attachments are told as the source has them."""
    attachments.wait_for_others(ctx)
    server = ctx.living()
    new = attachments.reserve_beside(ctx, server, host=out["choose_target"]["host"])
    old = {
        one.id: [one.attachment_id, one.connection] for one in server.attachments if one.id in new
    }
    return {"new": new, "old": old}


def give_up_there(ctx: Ctx, _out: Out) -> None:
    """Only the source has the volumes."""
    server = ctx.server()
    for one in server.attachments if server else ():
        for other in ctx.cloud.volumes.reserved(one.volume_id or "", ctx.server_id):
            if other != one.attachment_id:
                ctx.cloud.volumes.release(other)


def prepare_target(ctx: Ctx, out: Out) -> Parked:
    """Let the target check the processor and have the disks."""
    _check_wish(ctx)
    passport = msgspec.convert(out["check_source"], Passport)
    passport = msgspec.structs.replace(passport, taken_bytes=0)  # it is for the conductor alone
    new = out["reserve_there"]["new"]
    there = attachments.replaced(ctx.living().attachments, new, {})
    fields = {"passport": passport, "image": ctx.living().image, "attachments": there}
    return _send(ctx, out, "prepare_target", "admit", status="preparing", **fields)


def is_prepared(_ctx: Ctx, _out: Out, answer: Answer) -> Any:
    """The target waits for the guest."""
    return answer.result["welcome"] | {"connections": answer.result.get("connections", {})}


def clear_target(ctx: Ctx, out: Out) -> Parked | None:
    """Let the target forget what it had ready; a host that is down does so when it is back."""
    server, there = ctx.server(), out.get("reserve_there", {}).get("new", {})
    ways = (out.get("prepare_target") or {}).get("connections", {})
    left = attachments.replaced(server.attachments, there, ways) if server else ()
    return _abandon(ctx, "prepare_target", out["choose_target"]["host"], _source(out), left)


def go(ctx: Ctx, out: Out) -> Parked:
    """Let the source send the guest; cancelled while it does, let it stop."""
    if ctx.saga.parked != "go":
        _check_wish(ctx)
    fields = {"welcome": msgspec.convert(out["prepare_target"], Welcome)}
    return _send(ctx, out, "go", "go", status="running", **fields)


def is_gone(ctx: Ctx, _out: Out, _answer: Answer) -> Done:
    """The guest runs at the target."""
    return Done(write=lambda conn: targets.turn(conn, ctx.order.migration_id, "post-migrating"))


def come_back(ctx: Ctx, out: Out) -> Parked | None:
    """Let the target send the guest back, should it have arrived."""
    server, host = ctx.server(), out["choose_target"]["host"]
    if server is None or not ctx.is_up(host):
        return None
    passport = msgspec.convert(out["check_source"], Passport)
    order = ServerOrder(
        ticket=ctx.ticket("go"),
        server_id=server.id,
        guest=guests.guest_of(server, ctx.cloud.conf),
        welcome=Welcome(
            address=passport.journey.address,
            folder=passport.journey.folder,
            volumes=passport.volumes,
        ),
    )
    return Parked(name="come_back", host=host, order=order)


def switch(ctx: Ctx, out: Out) -> Done:
    """The server lives at the target: its ports, its claim, its row."""
    server, chosen = ctx.living(), out["choose_target"]
    vifs = ports.rebind(ctx.cloud.networks, server, chosen["host"], chosen["zone"])

    def claim(conn: Connection) -> None:
        claims.arrive(conn, server.id, chosen["source_id"], chosen["host_id"])
        hosts.settle(conn, server.id)

    ctx.cloud.cells.api.transact(claim)
    here: dict[str, Any] = {name: chosen[name] for name in ("host", "node", "zone")}
    new, ways = out["reserve_there"]["new"], out["prepare_target"].get("connections", {})
    here["attachments"] = attachments.replaced(server.attachments, new, ways)
    here["system_metadata"] = ports.remember(server, vifs)

    def write(conn: Connection) -> None:
        if not servers.advance(conn, ctx.server_id, VERB, "migrating", **here):
            raise Cancelled("The server is wanted for something else.")
        servers.change(conn, ctx.server_id, host=here["host"])  # its consoles are elsewhere now

    return Done(write=write)


def switch_back(ctx: Ctx, out: Out) -> Done | None:
    """The server lives at the source, whatever it is wanted for: who deletes it waits for this."""
    server, chosen = ctx.server(), out["choose_target"]
    if server is None:
        return None
    source = chosen["source"]
    vifs = ports.rebind(ctx.cloud.networks, server, source["host"] or "", source["zone"] or "")

    def work(conn: Connection) -> None:
        claims.depart(conn, ctx.server_id, chosen["source_id"], chosen["host_id"])

    ctx.cloud.cells.api.transact(work)
    before = {**source, "attachments": _before(ctx, out)}
    before["system_metadata"] = ports.remember(server, vifs)
    return Done(write=lambda conn: servers.change(conn, ctx.server_id, **before))


def _before(ctx: Ctx, out: Out) -> attachments.All:
    """The server's attachments as the source has them."""
    server = ctx.server()
    old = out["reserve_there"]["old"]
    new = {one: attachment_id for one, (attachment_id, _way) in old.items() if attachment_id}
    return attachments.replaced(server.attachments if server else (), new, dict(old.values()))


def clean_source(ctx: Ctx, out: Out) -> Parked | Done:
    """Let the source forget the server; a host that is down does so when it is back."""
    left = _before(ctx, out)
    parked = _abandon(ctx, "clean_source", _source(out), out["choose_target"]["host"], left)
    return parked or settled(ctx, out)


def is_clean(ctx: Ctx, out: Out, _answer: Answer) -> Done:
    """Nothing is left at the source."""
    return settled(ctx, out)


def settled(ctx: Ctx, out: Out) -> Done:
    """The server is at rest at the target, which alone has its volumes."""
    give_up_there(ctx, out)

    def write(conn: Connection) -> None:
        servers.settle(conn, ctx.server_id, VERB)
        targets.turn(conn, ctx.order.migration_id, "completed")

    ctx.cloud.cells.api.transact(
        lambda conn: hosts.release(conn, ctx.server_id, purpose=claims.KEPT)
    )
    return Done(write=write)


def failed(ctx: Ctx, error: SagaError) -> Write:
    """The server runs where it was; the migration's status says whether that was wanted."""
    fault = targets.fault(ctx, error)
    status = "cancelled" if targets.is_aborted(ctx) else "error"

    def write(conn: Connection) -> None:
        targets.turn(conn, ctx.order.migration_id, status)
        servers.give_up(conn, ctx.server_id, VERB, fault)

    return write


def _check_wish(ctx: Ctx) -> None:
    if targets.is_aborted(ctx):
        raise errors.Refused(f"The live migration of server {ctx.server_id} was aborted.")


def _source(out: Out) -> str:
    host: str = out["choose_target"]["source"]["host"]
    return host


def _send(
    ctx: Ctx, out: Out, step: str, name: str, *, status: str | None = None, **fields: Any
) -> Parked:
    """An order to the source; `admit` is for the target."""
    server, target = ctx.living(), out["choose_target"]["host"]
    host = target if name == "admit" else server.host or ""
    check_patience(ctx, step, host, COPY_S)
    order = ServerOrder(
        ticket=ctx.ticket(step),
        server_id=server.id,
        guest=_guest(ctx, fields.pop("attachments", server.attachments)),
        migration_id=ctx.order.migration_id,
        journey=Journey(source=server.host or "", target=target),
        **fields,
    )

    def write(conn: Connection) -> None:
        if status is not None:
            targets.turn(conn, ctx.order.migration_id, status)
        if ctx.saga.cancelled:
            targets.stop(conn, ctx.order.migration_id)

    return Parked(name=name, host=host, order=order, write=write)


def _guest(ctx: Ctx, known: attachments.All) -> Guest:
    """The guest with its volumes as one of the hosts has them."""
    told = msgspec.structs.replace(ctx.living(), attachments=known)
    return guests.guest_of(told, ctx.cloud.conf)


def _abandon(ctx: Ctx, step: str, host: str, lives_at: str, left: attachments.All) -> Parked | None:
    """Let a host forget a guest that lives, or goes on living, at the other one; `left` are its
    volumes as that host has them.
    """
    if ctx.server() is None or not ctx.is_up(host):
        return None
    if ctx.saga.failures * ctx.cloud.conf.conductor.order_timeout >= COPY_S:
        raise HostFailed(f"Host {host} did not answer.", host, retryable=False)
    order = ServerOrder(
        ticket=ctx.ticket(step),
        server_id=ctx.server_id,
        journey=Journey(source=lives_at, target=host),
        guest=_guest(ctx, left) if left else None,
        power_on=False,
    )
    return Parked(name="abandon", host=host, order=order)


LIVE_MIGRATE = Saga(
    name="live_migrate",
    order=MoveOrder,
    steps=(
        Step(
            name="choose_target",
            do=choose_target,
            undo=targets.leave,
            event="conductor_live_migrate_instance",
        ),
        Step(
            name="check_source",
            do=check_source,
            then=is_known,
            event="compute_check_can_live_migrate_source",
        ),
        Step(name="reserve_there", do=reserve_there, undo=give_up_there),
        Step(
            name="prepare_target",
            do=prepare_target,
            then=is_prepared,
            undo=clear_target,
            event="compute_check_can_live_migrate_destination",
        ),
        Step(name="check_fit", do=host_pair.check),
        Step(
            name="go",
            do=go,
            then=is_gone,
            undo=come_back,
            until_reported=True,
            event="compute_live_migration",
        ),
        Step(
            name="switch",
            do=switch,
            undo=switch_back,
            event="compute_post_live_migration_at_destination",
        ),
        Step(name="clean_source", do=clean_source, then=is_clean, otherwise=settled),
    ),
    failed=failed,
    learn=targets.learn,
)
