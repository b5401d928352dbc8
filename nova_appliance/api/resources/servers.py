# SPDX-License-Identifier: Apache-2.0
"""GET of servers: lists, details, one."""

from __future__ import annotations

from typing import Any

from nova_appliance.api import links, server_filters, server_sight
from nova_appliance.api.operation import operation
from nova_appliance.api.policies import servers as rules
from nova_appliance.api.request import Request
from nova_appliance.api.schemas.queries import CLOSED_2_102
from nova_appliance.api.schemas.server_lists import LIST
from nova_appliance.api.versioned import at_least
from nova_appliance.api.views import partial
from nova_appliance.api.views import servers as views
from nova_appliance.common import errors, ids
from nova_appliance.db import request_specs, server_lists
from nova_appliance.db.server_lists import Mapping
from nova_appliance.db.server_query import ServerQuery
from nova_appliance.domain.server import Server


def find(req: Request, server_id: str) -> Server:
    """The server of that id, if the caller may know of it. Raises NotFound."""
    project_id = None if req.context.is_admin else req.context.project_id
    server = None
    if ids.is_id(server_id):
        server = server_lists.one(req.cloud.cells, server_id, project_id)
    if server is None:
        raise errors.NotFound(f"Instance {server_id} could not be found.")
    return server


def find_even_deleted(req: Request, server_id: str) -> Server:
    """From 2.21 on, some operations know deleted servers too. Raises NotFound."""
    try:
        return find(req, server_id)
    except errors.NotFound:
        project_id = None if req.context.is_admin else req.context.project_id
        server = None
        if at_least(req, "2.21") and ids.is_id(server_id):
            server = server_lists.one(req.cloud.cells, server_id, project_id, deleted=True)
        if server is None:
            raise
        return server


@operation(policy=rules.INDEX, also=(rules.INDEX_ALL_PROJECTS,), query=LIST, errors=(400, 403))
def index(req: Request) -> dict[str, Any]:
    """GET /servers."""
    query = server_filters.read(req, rules.INDEX_ALL_PROJECTS)
    return _list(req, query, "servers", detailed=False) if query else {"servers": []}


@operation(policy=rules.DETAIL, also=(rules.DETAIL_ALL_PROJECTS,), query=LIST, errors=(400, 403))
def detail(req: Request) -> dict[str, Any]:
    """GET /servers/detail."""
    query = server_filters.read(req, rules.DETAIL_ALL_PROJECTS)
    return _list(req, query, "servers/detail", detailed=True) if query else {"servers": []}


def _find_or_part(req: Request, server_id: str) -> Server | Mapping:
    """From 2.69 on, what nova_api knows serves while the server's cell does not answer."""
    try:
        return find(req, server_id)
    except errors.Unavailable:
        if not at_least(req, "2.69"):
            raise
    row = server_lists.mapping(req.cloud.cells, server_id)
    foreign = row and not req.context.is_admin and row.project_id != req.context.project_id
    if row is None or foreign:
        raise errors.NotFound(f"Instance {server_id} could not be found.")
    return row


@operation(policy=rules.SHOW, load=_find_or_part, query=CLOSED_2_102, errors=(404,))
def show(req: Request, server: Server | Mapping) -> dict[str, Any]:
    """GET /servers/{server_id}."""
    if isinstance(server, Server):
        return {"server": views.whole(server, server_sight.of(req, (server,)))}
    with req.cloud.cells.api.read() as connection:
        spec = request_specs.get(connection, server.server_id)
    return {"server": partial.whole(server, spec or {}, server_sight.plain(req))}


def _list(req: Request, query: ServerQuery, path: str, *, detailed: bool) -> dict[str, Any]:
    try:
        page = server_lists.page(req.cloud.cells, query)
    except errors.NotFound as error:
        raise errors.Invalid(error.message) from error
    seen = server_sight.of(req, page.servers if detailed else ())
    if detailed:
        shown = [views.whole(server, seen, "detail") for server in page.servers]
    else:
        shown = [views.brief(server, seen) for server in page.servers]
    full = query.limit == len(shown) > 0
    answer: dict[str, Any] = {"servers": shown}
    if page.down:
        shown += _partial_entries(req, query, page, detailed=detailed)
    if full:
        answer["servers_links"] = links.next_page(req, path, page.servers[-1].id)
    return answer


def _partial_entries(
    req: Request, query: ServerQuery, page: server_lists.Page, *, detailed: bool
) -> list[dict[str, Any]]:
    """From 2.69 on, what nova_api knows of servers in cells that do not answer."""
    if not req.cloud.conf.api.list_records_by_skipping_down_cells:
        raise errors.Unavailable("A cell of this cloud does not answer.")
    if not at_least(req, "2.69") or not query.is_plain or "limit" in req.query:
        return []
    (project_id,) = query.equal.get("project_id", (None,))
    room = (query.limit or 0) - len(page.servers)
    rows = server_lists.mappings_in(req.cloud.cells, page.down, project_id, room)
    seen = server_sight.plain(req)
    return [partial.entry(row, seen, detailed=detailed) for row in rows]
