# SPDX-License-Identifier: Apache-2.0
"""Shares of servers (2.97). A foreign server is refused by the rule (403), not hidden."""

from __future__ import annotations

from typing import Any

from nova_appliance.actions import find_server, shares
from nova_appliance.api.operation import operation
from nova_appliance.api.policies import server_shares as rules
from nova_appliance.api.request import Request
from nova_appliance.api.schemas import server_shares as schemas
from nova_appliance.api.views import server_shares as views
from nova_appliance.domain import share as kept
from nova_appliance.domain.server import Server
from nova_appliance.domain.share import ShareAttachment

SINCE = "2.97"


def _find(req: Request, server_id: str) -> Server:
    return find_server.by_id(req.cloud, server_id)


def _view(req: Request, server: Server, one: ShareAttachment) -> dict[str, Any]:
    return views.show(server, one, is_admin=bool(req.context.is_admin))


@operation(policy=rules.INDEX, load=_find, query=schemas.NONE, since=SINCE, errors=(400, 404))
def index(req: Request, server: Server) -> dict[str, Any]:
    """GET /servers/{server_id}/shares."""
    return {"shares": [_view(req, server, one) for one in kept.of(server.system_metadata)]}


@operation(
    policy=rules.CREATE,
    load=_find,
    body=schemas.CREATE,
    status=201,
    since=SINCE,
    errors=(400, 404, 409),
)
def create(req: Request, server: Server, body: dict[str, Any]) -> dict[str, Any]:
    """POST /servers/{server_id}/shares."""
    asked = body["share"]
    one = shares.attach(req.cloud, req.context, server, asked["share_id"], asked.get("tag"))
    return {"share": _view(req, server, one)}


@operation(policy=rules.SHOW, load=_find, query=schemas.NONE, since=SINCE, errors=(400, 404))
def show(req: Request, server: Server, share_id: str) -> dict[str, Any]:
    """GET /servers/{server_id}/shares/{share_id}."""
    return {"share": _view(req, server, shares.find(server, share_id))}


@operation(policy=rules.DELETE, load=_find, since=SINCE, errors=(400, 404, 409))
def delete(req: Request, server: Server, share_id: str) -> None:
    """DELETE /servers/{server_id}/shares/{share_id}."""
    shares.detach(req.cloud, req.context, server, share_id)
