# SPDX-License-Identifier: Apache-2.0
"""GET of what was asked of a server and what came of it; also of deleted servers from 2.21 on."""

from __future__ import annotations

from typing import Any

from nova_appliance.api import links, policy
from nova_appliance.api.operation import operation
from nova_appliance.api.paging import Paging, paging
from nova_appliance.api.policies import instance_actions as rules
from nova_appliance.api.request import Request
from nova_appliance.api.resources.servers import find_even_deleted
from nova_appliance.api.schemas.queries import CLOSED_2_102
from nova_appliance.api.schemas.server_lists import ACTIONS
from nova_appliance.api.versioned import at_least
from nova_appliance.api.views import instance_actions as views
from nova_appliance.common import errors
from nova_appliance.common.clock import parse_time
from nova_appliance.db import server_actions
from nova_appliance.domain.server import Server


@operation(policy=rules.LIST, load=find_even_deleted, query=ACTIONS, errors=(400, 404))
def index(req: Request, server: Server) -> dict[str, Any]:
    """GET /servers/{server_id}/os-instance-actions."""
    since, before = req.first("changes-since"), req.first("changes-before")
    if since and before and parse_time(before) < parse_time(since):
        raise errors.Invalid(
            "The value of changes-since must be less than or equal to changes-before."
        )
    page = paging(req) if at_least(req, "2.58") else Paging(2**31)
    with req.cloud.cells.database(server.cell_id).read() as connection:
        found = server_actions.list_(
            connection,
            server.id,
            limit=page.limit,
            marker=page.marker,
            changed=(
                parse_time(since) if since else None,
                parse_time(before) if before else None,
            ),
        )
    if found is None:
        raise errors.Invalid(f"marker [{page.marker}] not found")
    answer: dict[str, Any] = {"instanceActions": [views.brief(req.version, a) for a in found]}
    if found and len(found) == page.limit:
        path = f"servers/{server.id}/os-instance-actions"
        answer["links"] = links.next_page(req, path, found[-1].request_id)
    return answer


@operation(
    policy=rules.SHOW,
    also=(rules.EVENTS, rules.DETAILS),
    load=find_even_deleted,
    query=CLOSED_2_102,
    errors=(404,),
)
def show(req: Request, server: Server, request_id: str) -> dict[str, Any]:
    """GET /servers/{server_id}/os-instance-actions/{request_id}."""
    found = None
    if request_id.isascii():
        with req.cloud.cells.database(server.cell_id).read() as connection:
            found = server_actions.get(connection, server.id, request_id)
    if found is None:
        raise errors.NotFound(f"Action for request_id {request_id} not found")
    owner = {"project_id": server.project_id, "user_id": server.user_id}
    view = views.brief(req.version, found)
    with_host = policy.may(req, rules.EVENTS, owner)
    if with_host or at_least(req, "2.51"):
        seen = views.EventSight(
            req.version, server.project_id, with_host, policy.may(req, rules.DETAILS, owner)
        )
        view["events"] = [views.event(one, seen) for one in found.events]
    return {"instanceAction": view}
