# SPDX-License-Identifier: Apache-2.0
"""Makes servers: checks, quota with mappings, then rows, records and sagas; answers at once."""

from __future__ import annotations

import secrets

import msgspec

from nova_appliance.actions import begin, boot_checks, boot_quota, boot_server
from nova_appliance.actions.boot_checks import Checked
from nova_appliance.actions.cloud import Cloud
from nova_appliance.actions.notices import births
from nova_appliance.actions.orders import BootOrder
from nova_appliance.common import ids
from nova_appliance.common.context import RequestContext
from nova_appliance.db import sagas, server_actions, servers
from nova_appliance.db.cells import CELL0
from nova_appliance.db.engines import Connection
from nova_appliance.domain.attachment import VOLUME
from nova_appliance.domain.boot import BootRequest
from nova_appliance.domain.server import Server

_LETTERS = "0123456789abcdefghijklmnopqrstuvwxyz"


class Booted(msgspec.Struct, frozen=True, kw_only=True):
    """The servers that begin to be built."""

    reservation_id: str
    servers: tuple[Server, ...]


def boot(cloud: Cloud, context: RequestContext, request: BootRequest) -> Booted:
    """Begin to build servers. Raises Invalid, Conflict, OverQuota; then nothing is left behind."""
    checked = boot_checks.check(cloud, context, request)
    server_ids = [ids.new_id() for _ in range(request.max_count)]
    mapped = boot_quota.reserve(cloud, context, checked, server_ids)
    reservation_id = request.reservation_id or new_reservation_id()
    new = tuple(
        boot_server.new(cloud, context, checked, reservation_id, (server_id, index, len(mapped)))
        for index, server_id in enumerate(mapped)
    )
    has_drive = any(server.config_drive for server in new)
    password = request.admin_password if has_drive else None
    order = msgspec.structs.replace(_order(context, checked), password=password or "")
    wanted = begin.Wanted(verb="create", saga="boot", order=order)
    begun = tuple(begin.new_saga(cloud, context, server, wanted) for server in new)

    def work(conn: Connection) -> None:
        servers.add(conn, new)
        server_actions.start_all(conn, mapped, "create", context)
        sagas.add(conn, begun)

    cloud.cells.database(CELL0).transact(work)
    births.tell(cloud, context, new, checked.group)
    begin.nudge(cloud, context, begun)
    return Booted(reservation_id=reservation_id, servers=new)


def new_reservation_id() -> str:
    """`r-` and 8 characters."""
    return "r-" + "".join(secrets.choice(_LETTERS) for _ in range(8))


def _order(context: RequestContext, checked: Checked) -> BootOrder:
    return BootOrder(
        networks=checked.networks,
        security_groups=checked.security_groups,
        zone=checked.place.zone,
        host=checked.place.host,
        node=checked.place.node,
        files=checked.files,
        token=_token(context, checked),
    )


def _token(context: RequestContext, checked: Checked) -> str:
    """Volumes that are to be made belong to the caller, so they are made with the caller's token."""
    made = any(one.destination == VOLUME and not one.volume_id for one in checked.attachments)
    return str(context.auth_token or "") if made else ""
