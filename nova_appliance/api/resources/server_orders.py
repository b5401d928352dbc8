# SPDX-License-Identifier: Apache-2.0
"""POST, PUT and DELETE of servers."""

from __future__ import annotations

from typing import Any

from nova_appliance.actions import boot, delete, update
from nova_appliance.api import boot_request, links, server_changes, server_sight
from nova_appliance.api.operation import operation
from nova_appliance.api.policies import servers as rules
from nova_appliance.api.request import Answer, Request
from nova_appliance.api.resources.servers import find
from nova_appliance.api.schemas import servers as schemas
from nova_appliance.api.schemas.types import is_true
from nova_appliance.api.views import servers as views
from nova_appliance.domain.server import Server

CREATE_RULES = (
    rules.FORCED_HOST,
    rules.REQUESTED_DESTINATION,
    rules.ATTACH_VOLUME,
    rules.ATTACH_NETWORK,
    rules.EXTERNAL_NETWORK,
    rules.TRUSTED_CERTS,
    rules.ZERO_DISK,
)


@operation(policy=rules.CREATE, also=CREATE_RULES, body=schemas.CREATE, status=202, errors=(409,))
def create(req: Request, body: dict[str, Any]) -> Any:
    """POST /servers."""
    request = boot_request.read(req, body)
    boot_request.check_flavor(req, request)
    booted = boot.boot(req.cloud, req.context, request)
    if is_true(body["server"].get("return_reservation_id", False)):
        return {"reservation_id": booted.reservation_id}
    server = booted.servers[0]
    view = views.created(server, server_sight.plain(req))
    if req.cloud.conf.api.enable_instance_password:
        view["adminPass"] = request.admin_password
    location = f"{links.base(req)}/servers/{server.id}"
    return Answer({"server": view}, headers={"Location": location})


@operation(policy=rules.UPDATE, load=find, body=schemas.UPDATE, errors=(404, 409))
def change(req: Request, server: Server, body: dict[str, Any]) -> dict[str, Any]:
    """PUT /servers/{server_id}."""
    changes = server_changes.read(server, body["server"])
    if changes:
        server = update.update(req.cloud, req.context, server, changes)
    return {"server": views.whole(server, server_sight.of(req, (server,)), "update")}


@operation(policy=rules.DELETE, load=find, status=204, errors=(404, 409))
def remove(req: Request, server: Server) -> None:
    """DELETE /servers/{server_id}."""
    delete.delete(req.cloud, req.context, server)
