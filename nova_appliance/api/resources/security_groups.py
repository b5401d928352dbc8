# SPDX-License-Identifier: Apache-2.0
"""Security groups: of servers, and the old proxy to the network service (to 2.35)."""

from __future__ import annotations

from typing import Any

from nova_appliance.actions import security_groups
from nova_appliance.api.operation import operation
from nova_appliance.api.policies import network_proxies as rules
from nova_appliance.api.request import Request
from nova_appliance.api.resources.servers import find
from nova_appliance.api.schemas import network_proxies as schemas
from nova_appliance.api.schemas.queries import CLOSED_2_102
from nova_appliance.api.schemas.types import is_true
from nova_appliance.api.views import security_groups as views
from nova_appliance.clients.network_rows import Row
from nova_appliance.common import errors, ids
from nova_appliance.domain.server import Server

LAST = "2.35"
PLURAL = "security-groups"
Body = dict[str, Any]


@operation(policy=rules.GROUPS_LIST, load=find, query=CLOSED_2_102, errors=(404,))
def of_server(req: Request, server: Server) -> Body:
    """GET /servers/{server_id}/os-security-groups."""
    return {"security_groups": _shown(req, security_groups.of_server(req.cloud, server))}


@operation(
    policy=rules.GROUPS_ADD, load=find, body=schemas.ADD_GROUP, status=202, errors=(404, 409)
)
def add(req: Request, server: Server, body: Body) -> None:
    """AddSecurityGroup."""
    security_groups.add(req.cloud, server, body["addSecurityGroup"]["name"])


@operation(
    policy=rules.GROUPS_REMOVE, load=find, body=schemas.REMOVE_GROUP, status=202, errors=(404, 409)
)
def remove(req: Request, server: Server, body: Body) -> None:
    """RemoveSecurityGroup."""
    security_groups.remove(req.cloud, server, body["removeSecurityGroup"]["name"])


@operation(policy=rules.GROUPS_GET, query=schemas.GROUPS, errors=(404,), until=LAST)
def index(req: Request) -> Body:
    """GET /os-security-groups."""
    every = is_true(req.first("all_tenants", "0")) and req.context.is_admin
    narrowed = {} if every else {"tenant_id": req.context.project_id}
    rows = req.cloud.networks.rows.list_(req.context, PLURAL, **narrowed)
    start = int(req.first("offset", "0") or 0)
    limit = int(req.first("limit", "0") or 0) or len(rows)
    ordered = sorted(rows, key=lambda row: (row["tenant_id"], row["name"]))
    return {"security_groups": _shown(req, ordered[start : start + limit])}


@operation(policy=rules.GROUPS_CREATE, body=schemas.GROUP, errors=(400, 403), until=LAST)
def create(req: Request, body: Body) -> Body:
    """POST /os-security-groups."""
    row = req.cloud.networks.rows.create(req.context, PLURAL, _said(body))
    return {"security_group": _shown(req, [row])[0]}


@operation(policy=rules.GROUPS_SHOW, errors=(400, 404), until=LAST)
def show(req: Request, group_id: str) -> Body:
    """GET /os-security-groups/{security_group_id}."""
    return {"security_group": _shown(req, [_find(req, group_id)])[0]}


@operation(policy=rules.GROUPS_UPDATE, body=schemas.GROUP, errors=(404,), until=LAST)
def update(req: Request, group_id: str, body: Body) -> Body:
    """PUT /os-security-groups/{security_group_id}."""
    _find(req, group_id)
    try:
        row = req.cloud.networks.rows.change(req.context, PLURAL, group_id, _said(body))
    except errors.Conflict as error:
        raise errors.Invalid(error.message) from error
    return {"security_group": _shown(req, [row])[0]}


@operation(policy=rules.GROUPS_DELETE, status=202, errors=(400, 404), until=LAST)
def delete(req: Request, group_id: str) -> None:
    """DELETE /os-security-groups/{security_group_id}."""
    _find(req, group_id)
    try:
        req.cloud.networks.rows.remove(req.context, PLURAL, group_id)
    except errors.Conflict as error:
        raise errors.Invalid(error.message) from error


def _find(req: Request, group_id: str) -> Row:
    if not ids.is_id(group_id):
        raise errors.Invalid("Security group id should be uuid")
    narrowed = {"id": group_id}
    found = req.cloud.networks.rows.list_(req.context, PLURAL, **narrowed)
    mine = [row for row in found if req.context.is_admin or _is_own(req, row)]
    if not mine:
        raise errors.NotFound(f"Security group {group_id} not found.")
    return mine[0]


def _is_own(req: Request, row: Row) -> bool:
    return bool(row["tenant_id"] == req.context.project_id)


def _said(body: Body) -> Body:
    said = body["security_group"]
    wanted = {name: said[name] for name in ("name", "description")}
    for name, value in wanted.items():
        if not value.strip():
            raise errors.Invalid(f"Security group {name} cannot be empty.")
    return wanted


def _shown(req: Request, rows: Any) -> list[Body]:
    named = {one["remote_group_id"] for row in rows for one in row["security_group_rules"]}
    known = {row["id"]: row for row in rows}
    missing = sorted(named - {None} - set(known))
    if missing:
        more = req.cloud.networks.rows.list_(req.context, PLURAL, id=missing)
        known |= {row["id"]: row for row in more}
    return [views.group(row, known) for row in rows]
