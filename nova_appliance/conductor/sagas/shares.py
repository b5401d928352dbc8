# SPDX-License-Identifier: Apache-2.0
"""A share of a file system joins a server that is off, or leaves it.

The guest gets it when it starts: its host mounts it then. What fails leaves the share in error,
from where it can be detached.
"""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from nova_appliance.actions import shares as actions
from nova_appliance.actions.orders import ShareOrder
from nova_appliance.conductor import share_rules
from nova_appliance.conductor.saga import Ctx, Done, Out, Parked, Saga, Step, Write
from nova_appliance.conductor.sagas.boot import check_answers
from nova_appliance.conductor.sagas.suspension import not_interrupted
from nova_appliance.db import host_servers, servers
from nova_appliance.db.engines import Connection
from nova_appliance.domain import share as shares
from nova_appliance.domain.saga import Answer, SagaError
from nova_appliance.domain.share import ShareAttachment
from nova_appliance.rpc.orders import ServerOrder

_Deed = Callable[[shares.All], shares.All]


def allow(ctx: Ctx, _out: Out) -> dict[str, str]:
    """Let the host in, once the service has let it out for a server before."""
    return share_rules.ask(ctx)


def deny(ctx: Ctx, _out: Out) -> None:
    """Let the host in no more, unless another of its servers has the share."""
    if ctx.order.address and not _is_had_beside(ctx):
        actions.service(ctx.cloud).deny(ctx.order.share_id, ctx.order.address)


def wait_allowed(ctx: Ctx, out: Out) -> Done:
    """Wait until the share service has let it in."""
    share_rules.wait(ctx, out["allow"])
    return Done(write=_change(ctx, _with_status(ctx, shares.INACTIVE)))


def release(ctx: Ctx, _out: Out) -> Parked | Done:
    """Let the host unmount it; one that is down has nothing mounted when it is back."""
    server = ctx.living()
    one = shares.find(shares.of(server.system_metadata), ctx.order.share_id)
    if one is None or server.host is None or not ctx.is_up(server.host):
        return Done(result={})
    # Asked once whether it is up: it may go down between two looks, and then there is nothing to do.
    check_answers(ctx, server.host, ctx.cloud.conf.conductor.build_timeout)
    order = ServerOrder(ticket=ctx.ticket("release"), server_id=server.id, share=shares.told(one))
    return Parked(name="release_share", host=server.host, order=order)


def released(_ctx: Ctx, _out: Out, _answer: Answer) -> Done:
    """The host has let go of it."""
    return Done(result={})


def forget(ctx: Ctx, out: Out) -> None:
    """The row knows nothing of it any more."""
    _forget_now(ctx, {ctx.order.share_id})
    deny(ctx, out)


def failed(ctx: Ctx, error: SagaError) -> Write:
    """The server is as it was, the share in error."""
    remember, spoil = not_interrupted(ctx, error), _change(ctx, _with_status(ctx, shares.ERROR))

    def write(conn: Connection) -> None:
        remember(conn)
        spoil(conn)

    return write


def give_back(ctx: Ctx, share_ids: list[str], address: str) -> None:
    """For the end of a server: its host is let in no more."""
    _forget_now(ctx, set(share_ids))
    for share_id in share_ids:
        if address and not _is_had_beside(ctx, share_id):
            actions.service(ctx.cloud).deny(share_id, address)


def _forget_now(ctx: Ctx, share_ids: set[str]) -> None:
    """Before it is asked who else has them: of two servers that let go at once the later must see
    that it is the last.
    """
    write = _change(ctx, lambda known: tuple(s for s in known if s.share_id not in share_ids))
    ctx.cloud.cells.database(ctx.cell_id).transact(write)


def _with_status(ctx: Ctx, status: str) -> _Deed:
    def deed(known: shares.All) -> shares.All:
        return tuple(
            _as(one, status) if one.share_id == ctx.order.share_id else one for one in known
        )

    return deed


def _as(one: ShareAttachment, status: str) -> ShareAttachment:
    return msgspec.structs.replace(one, status=status)


def _change(ctx: Ctx, deed: _Deed) -> Write:
    def write(conn: Connection) -> None:
        found = servers.lock(conn, ctx.server_id)
        server = servers.get(conn, ctx.cell_id, ctx.server_id) if found else None
        if server is not None:
            told = deed(shares.of(server.system_metadata))
            kept = shares.remembered(server.system_metadata, told)
            servers.change(conn, server.id, system_metadata=kept)

    return write


def _is_had_beside(ctx: Ctx, share_id: str | None = None) -> bool:
    """Whether another server on the same host has the share."""
    server = ctx.server(deleted=True)
    if server is None or server.host is None:
        return False
    wanted = share_id or ctx.order.share_id
    with ctx.cloud.cells.database(ctx.cell_id).read() as conn:
        for _host, _row, other_id in host_servers.list_(conn, (server.host,)):
            other = servers.get(conn, ctx.cell_id, other_id) if other_id != server.id else None
            if other and shares.find(shares.of(other.system_metadata), wanted):
                return True
    return False


ATTACH_SHARE = Saga(
    name="attach_share",
    order=ShareOrder,
    steps=(
        Step(name="allow", do=allow, undo=deny),
        Step(name="wait_allowed", do=wait_allowed),
    ),
    failed=failed,
)

DETACH_SHARE = Saga(
    name="detach_share",
    order=ShareOrder,
    steps=(
        Step(name="release", do=release, then=released),
        Step(name="forget", do=forget),
    ),
    failed=failed,
)
