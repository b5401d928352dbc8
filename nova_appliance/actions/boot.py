# SPDX-License-Identifier: Apache-2.0
"""Makes servers: checks, quota with mappings, then rows, records and sagas; answers at once."""

from __future__ import annotations

import secrets

import msgspec

from nova_appliance.actions import begin, boot_checks, boot_quota
from nova_appliance.actions.boot_checks import Checked
from nova_appliance.actions.cloud import Cloud
from nova_appliance.actions.orders import BootOrder
from nova_appliance.common import ids
from nova_appliance.common.context import RequestContext
from nova_appliance.db import sagas, server_actions, servers
from nova_appliance.db.cells import CELL0
from nova_appliance.db.engines import Connection
from nova_appliance.domain.boot import BootRequest
from nova_appliance.domain.flavor import Flavor
from nova_appliance.domain.hostname import hostname_of
from nova_appliance.domain.server import Server

_LETTERS = "0123456789abcdefghijklmnopqrstuvwxyz"

KEPT = (
    "access_ip_v4",
    "access_ip_v6",
    "description",
    "hints",
    "metadata",
    "security_groups",
    "tags",
    "trusted_certs",
    "user_data",
)
"""Fields that a server takes from its request as they are."""


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
        _server(cloud, context, checked, reservation_id, (server_id, index, len(mapped)))
        for index, server_id in enumerate(mapped)
    )
    order = _order(checked)
    wanted = begin.Wanted(verb="create", saga="boot", order=order)
    begun = tuple(begin.new_saga(cloud, context, server, wanted) for server in new)

    def work(conn: Connection) -> None:
        servers.add(conn, new)
        server_actions.start_all(conn, mapped, "create", context)
        sagas.add(conn, begun)

    cloud.cells.database(CELL0).transact(work)
    begin.nudge(cloud, context, begun)
    return Booted(reservation_id=reservation_id, servers=new)


def new_reservation_id() -> str:
    """`r-` and 8 characters."""
    return "r-" + "".join(secrets.choice(_LETTERS) for _ in range(8))


def _order(checked: Checked) -> BootOrder:
    return BootOrder(
        networks=checked.networks,
        security_groups=checked.security_groups,
        zone=checked.place.zone,
        host=checked.place.host,
        node=checked.place.node,
        files=checked.files,
    )


def _server(
    cloud: Cloud,
    context: RequestContext,
    checked: Checked,
    reservation_id: str,
    which: tuple[str, int, int],
) -> Server:
    """`which` is (id, index, count) of the servers of one request."""
    server_id, index, count = which
    request, key, group = checked.request, checked.key, checked.group
    suffix = f"-{index + 1}" if count > 1 else ""
    name = request.name + suffix
    hostname = request.hostname + suffix if request.hostname else hostname_of(name, server_id)
    now = cloud.clock.now()
    return Server(
        row=0,
        id=server_id,
        cell_id=CELL0,
        project_id=str(context.project_id),
        user_id=str(context.user_id),
        name=name,
        hostname=hostname,
        state="building",
        task="scheduling",
        created_at=now,
        updated_at=now,
        flavor=_frozen(checked.flavor),
        image=checked.image,
        zone=checked.place.zone,
        pinned_zone=checked.place.zone,
        key_name=key.name if key else None,
        key_data=key.public_key if key else None,
        config_drive=boot_checks.wants_config_drive(cloud.conf, request, checked.image),
        group_id=group.id if group else None,
        reservation_id=reservation_id,
        launch_index=index,
        disk_config=request.disk_config or "MANUAL",
        **{name: getattr(request, name) for name in KEPT},
    )


def _frozen(flavor: Flavor) -> Flavor:
    """The flavor as the server keeps it, whatever becomes of the flavor."""
    return msgspec.structs.replace(flavor, row=0)
