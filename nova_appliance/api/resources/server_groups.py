# SPDX-License-Identifier: Apache-2.0
"""GET, POST and DELETE of server groups."""

from __future__ import annotations

from typing import Any

from nova_appliance.actions import server_groups
from nova_appliance.api.operation import operation
from nova_appliance.api.paging import paging
from nova_appliance.api.policies import server_groups as rules
from nova_appliance.api.policy import enforce
from nova_appliance.api.request import Request
from nova_appliance.api.schemas import server_groups as schemas
from nova_appliance.api.schemas.queries import CLOSED_2_102
from nova_appliance.api.views import server_groups as views
from nova_appliance.common import ids
from nova_appliance.domain.server_group import ServerGroup

FURTHEST = 2**31


def _find(req: Request, group_id: str) -> ServerGroup:
    """Foreign groups are not there, except for administrators."""
    project_id = None if req.context.is_admin else req.context.project_id
    return server_groups.find(req.cloud, group_id, project_id)


@operation(policy=rules.INDEX, also=(rules.INDEX_ALL,), query=schemas.LIST)
def index(req: Request) -> dict[str, Any]:
    """GET /os-server-groups."""
    project_id: str | None = req.context.project_id
    if "all_projects" in req.query and req.context.is_admin:
        enforce(req, rules.INDEX_ALL)
        project_id = None
    offset = min(int(req.first("offset", "0") or 0), FURTHEST)
    groups = server_groups.page(req.cloud, project_id, offset, paging(req).limit)
    return {"server_groups": [views.show(req.version, group) for group in groups]}


@operation(policy=rules.CREATE, body=schemas.CREATE, errors=(400, 403, 409))
def create(req: Request, body: dict[str, Any]) -> dict[str, Any]:
    """POST /os-server-groups."""
    values = body["server_group"]
    group = ServerGroup(
        id=ids.new_id(),
        project_id=str(req.context.project_id),
        user_id=str(req.context.user_id),
        name=values["name"],
        policy=values["policy"] if "policy" in values else values["policies"][0],
        rules={name: int(value) for name, value in values.get("rules", {}).items()},
    )
    group = server_groups.create(req.cloud, req.context, group)
    return {"server_group": views.show(req.version, group)}


@operation(policy=rules.SHOW, load=_find, query=CLOSED_2_102, errors=(404,))
def show(req: Request, group: ServerGroup) -> dict[str, Any]:
    """GET /os-server-groups/{server_group_id}."""
    return {"server_group": views.show(req.version, group)}


@operation(policy=rules.DELETE, load=_find, status=204, errors=(404,))
def delete(req: Request, group: ServerGroup) -> None:
    """DELETE /os-server-groups/{server_group_id}."""
    server_groups.delete(req.cloud, group.id)
