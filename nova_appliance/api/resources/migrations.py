# SPDX-License-Identifier: Apache-2.0
"""GET of migrations: all of the cloud, or those of a server that go on."""

from __future__ import annotations

from typing import Any

from nova_appliance.actions import server_migrations
from nova_appliance.api import links, migration_filters, policy
from nova_appliance.api.numbers_in_urls import LARGEST
from nova_appliance.api.operation import operation
from nova_appliance.api.policies import migrations as rules
from nova_appliance.api.request import Request
from nova_appliance.api.resources.servers import find
from nova_appliance.api.schemas import migrations as schemas
from nova_appliance.api.schemas.queries import CLOSED_2_102
from nova_appliance.api.versioned import at_least
from nova_appliance.api.views import migrations as views
from nova_appliance.common import errors
from nova_appliance.domain.server import Server


@operation(
    policy=rules.INDEX, also=(rules.INDEX_ALL, rules.INDEX_HOST), query=schemas.INDEX, errors=(400,)
)
def index(req: Request) -> dict[str, Any]:
    """GET /os-migrations."""
    query = migration_filters.read(req)
    if query.project_id != req.context.project_id:
        policy.enforce(req, rules.INDEX_ALL)
    marker = req.first("marker") if at_least(req, "2.59") else None
    found = server_migrations.page(req.cloud, query, marker)
    sight = _sight(req, hosts=policy.may(req, rules.INDEX_HOST))
    answer: dict[str, Any] = {"migrations": [views.entry(one, sight) for one in found]}
    if found and query.limit == len(found):
        answer["migrations_links"] = links.next_page(req, "os-migrations", found[-1].id)
    return answer


@operation(
    policy=rules.LIST,
    also=(rules.LIST_HOST,),
    load=find,
    query=CLOSED_2_102,
    errors=(400, 404),
    since="2.23",
)
def index_of_server(req: Request, server: Server) -> dict[str, Any]:
    """GET /servers/{server_id}/migrations."""
    sight = _sight(req, hosts=policy.may(req, rules.LIST_HOST, policy.owner_of(server)))
    found = server_migrations.under_way(req.cloud, server)
    return {"migrations": [views.of_server(one, sight) for one in found]}


@operation(policy=rules.SHOW, load=find, query=CLOSED_2_102, errors=(400, 404), since="2.23")
def show(req: Request, server: Server, migration_id: str) -> dict[str, Any]:
    """GET /servers/{server_id}/migrations/{migration_id}."""
    found = server_migrations.find_under_way(req.cloud, server, row(migration_id))
    return {"migration": views.of_server(found, _sight(req, hosts=True))}


def row(migration_id: str) -> int:
    """The number in a URL. Raises NotFound for what cannot be one."""
    is_number = migration_id.isascii() and migration_id.isdigit() and len(migration_id) < 20
    if not is_number or int(migration_id) > LARGEST:
        raise errors.NotFound(f"Migration {migration_id} could not be found.")
    return int(migration_id)


def _sight(req: Request, *, hosts: bool) -> views.Sight:
    return views.Sight(req.version, hosts, links.base(req), links.bookmarks(req))
