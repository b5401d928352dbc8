# SPDX-License-Identifier: Apache-2.0
"""Shares of file systems join and leave servers that are off; the row has them at once."""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from nova_appliance.actions import find_server
from nova_appliance.actions.begin import Wanted, begin
from nova_appliance.actions.cloud import Cloud
from nova_appliance.actions.orders import ShareOrder
from nova_appliance.clients.shares import Share, Shares
from nova_appliance.common import errors, ids
from nova_appliance.common.context import RequestContext
from nova_appliance.db import hosts, servers
from nova_appliance.db.engines import Connection
from nova_appliance.domain import share as shares
from nova_appliance.domain import states
from nova_appliance.domain.server import Server
from nova_appliance.domain.share import ShareAttachment

ATTACH, DETACH = "attach share", "detach share"
PROTOCOLS = ("NFS",)


def attach(
    cloud: Cloud, context: RequestContext, server: Server, share_id: str, tag: str | None
) -> ShareAttachment:
    """Begin to attach; the attachment. Raises Conflict, NotFound, Unavailable."""
    states.check(server, ATTACH)
    if server.host is None:
        raise errors.Conflict(f"Instance {server.id} has no host that could mount a share.")
    share = service(cloud).get(share_id, context)
    _check_usable(share)
    one = ShareAttachment(
        id=ids.new_id(),
        share_id=share.id,
        tag=tag or share.id,
        export=share.export,
        protocol=share.protocol,
    )
    _check_free(server, one)
    order = ShareOrder(verb=ATTACH, share_id=share.id, address=address_of(cloud, server))
    keep = _keep(server, one)

    def also(conn: Connection) -> None:
        _check_still(conn, server)
        keep(conn)

    begin(cloud, context, server, Wanted(verb=ATTACH, saga="attach_share", order=order, also=also))
    return one


def detach(cloud: Cloud, context: RequestContext, server: Server, share_id: str) -> None:
    """Begin to detach. Raises Conflict, NotFound."""
    states.check(server, DETACH)
    one = find(server, share_id)
    if one.status in {shares.ATTACHING, shares.DETACHING}:
        raise errors.Conflict(f"Share {share_id} of instance {server.id} is {one.status}.")
    leaving = msgspec.structs.replace(one, status=shares.DETACHING)
    order = ShareOrder(verb=DETACH, share_id=share_id, address=address_of(cloud, server))
    also = _keep(server, leaving)
    begin(cloud, context, server, Wanted(verb=DETACH, saga="detach_share", order=order, also=also))


def find(server: Server, share_id: str) -> ShareAttachment:
    """The server's attachment of this share. Raises NotFound."""
    one = shares.find(shares.of(server.system_metadata), share_id)
    if one is None:
        raise errors.NotFound(f"Instance {server.id} has no share {share_id}.")
    return one


def refuse(server: Server, what: str) -> None:
    """Raise Conflict: `what` is not done to servers that have shares."""
    if shares.of(server.system_metadata):
        raise errors.Conflict(
            f"Feature not supported with instances that have shares: cannot {what} instance "
            f"{server.id}."
        )


def service(cloud: Cloud) -> Shares:
    """The share service. Raises Unavailable where there is none."""
    if cloud.shares is None:
        raise errors.Unavailable("This cloud has no share service.")
    return cloud.shares


def _check_usable(share: Share) -> None:
    if share.status != "available":
        raise errors.Conflict(f"Share {share.id} is {share.status}; it must be available.")
    if share.protocol not in PROTOCOLS:
        raise errors.Conflict(
            f"Share protocol {share.protocol} is not supported: {', '.join(PROTOCOLS)} is."
        )
    if not share.export:
        raise errors.Conflict(f"Share {share.id} has no export location.")


def _check_free(server: Server, one: ShareAttachment) -> None:
    for other in shares.of(server.system_metadata):
        if other.share_id == one.share_id and other.id != one.id:
            raise errors.Conflict(
                f"Share '{one.share_id}' is already associated with instance {server.id}."
            )
        if other.tag == one.tag and other.id != one.id:
            raise errors.Conflict(f"Share tag '{one.tag}' is in use at instance {server.id}.")


def _check_still(conn: Connection, server: Server) -> None:
    """Raise Conflict while the server is on its way: a move of it knows nothing of the share."""
    now = servers.get(conn, server.cell_id, server.id)
    if now is not None and now.task is not None:
        raise errors.Conflict(
            f"Cannot '{ATTACH}' instance {server.id} while it is in task_state {now.task}"
        )


def _keep(server: Server, one: ShareAttachment) -> Callable[[Connection], object]:
    """In the transaction that begins it: the row says so."""

    def also(conn: Connection) -> None:
        servers.lock(conn, server.id)
        now = servers.get(conn, server.cell_id, server.id)
        if now is None:
            raise find_server.missing(server.id)
        _check_free(now, one)
        others = [each for each in shares.of(now.system_metadata) if each.id != one.id]
        kept = shares.remembered(now.system_metadata, (*others, one))
        servers.change(conn, now.id, system_metadata=kept)

    return also


def address_of(cloud: Cloud, server: Server) -> str:
    """Where the share service sees the server's host come from."""
    with cloud.cells.api.read() as conn:
        known = hosts.list_(conn, hosts=(server.host,)) if server.host else ()
    return known[0].inventory.host_ip if known else ""
