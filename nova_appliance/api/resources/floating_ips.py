# SPDX-License-Identifier: Apache-2.0
"""Floating IPs and their pools (to 2.35), floating and fixed ones of servers (to 2.43)."""

from __future__ import annotations

from typing import Any

from nova_appliance.actions import fixed_ips, floating_ips
from nova_appliance.api.operation import operation
from nova_appliance.api.policies import network_proxies as rules
from nova_appliance.api.request import Request
from nova_appliance.api.resources.servers import find
from nova_appliance.api.schemas import network_proxies as schemas
from nova_appliance.clients import floating_ips as theirs
from nova_appliance.clients.floating_ips import FloatingIp
from nova_appliance.common import errors, ids
from nova_appliance.domain.server import Server

LAST, LAST_ACTION = "2.35", "2.43"
Body = dict[str, Any]


@operation(policy=rules.FLOATING_POOLS, until=LAST)
def pools(req: Request) -> Body:
    """GET /os-floating-ip-pools."""
    rows = theirs.pools(req.cloud.networks.rows, req.context)
    return {"floating_ip_pools": [{"name": row["name"] or row["id"]} for row in rows]}


@operation(policy=rules.FLOATING_LIST, until=LAST)
def index(req: Request) -> Body:
    """GET /os-floating-ips."""
    found = theirs.list_(req.cloud.networks.rows, req.context)
    return {"floating_ips": [_view(one) for one in found]}


@operation(policy=rules.FLOATING_CREATE, body=schemas.TAKE_FLOATING, errors=(404,), until=LAST)
def create(req: Request, body: Body | None = None) -> Body:
    """POST /os-floating-ips."""
    pool = (body or {}).get("pool") or req.cloud.conf.neutron.default_floating_pool
    return {"floating_ip": _view(theirs.create(req.cloud.networks.rows, req.context, pool))}


@operation(policy=rules.FLOATING_SHOW, errors=(400, 404), until=LAST)
def show(req: Request, floating_id: str) -> Body:
    """GET /os-floating-ips/{floating_ip_id}."""
    return {"floating_ip": _view(theirs.get(req.cloud.networks.rows, req.context, floating_id))}


@operation(policy=rules.FLOATING_DELETE, status=202, errors=(400, 404, 409), until=LAST)
def delete(req: Request, floating_id: str) -> None:
    """DELETE /os-floating-ips/{floating_ip_id}."""
    found = theirs.get(req.cloud.networks.rows, req.context, floating_id)
    floating_ips.release(req.cloud, req.context, found)


@operation(
    policy=rules.FLOATING_ADD, load=find, body=schemas.ADD_FLOATING, status=202, errors=(404,),
    until=LAST_ACTION,
)  # fmt: skip
def add(req: Request, server: Server, body: Body) -> None:
    """AddFloatingIp."""
    said = body["addFloatingIp"]
    fixed = said.get("fixed_address")
    floating_ips.associate(req.cloud, req.context, server, said["address"], fixed)


@operation(
    policy=rules.FLOATING_REMOVE, load=find, body=schemas.REMOVE_FLOATING, status=202,
    errors=(404, 409), until=LAST_ACTION,
)  # fmt: skip
def remove(req: Request, server: Server, body: Body) -> None:
    """RemoveFloatingIp."""
    address = body["removeFloatingIp"]["address"]
    floating_ips.disassociate(req.cloud, req.context, server, address)


@operation(
    policy=rules.FIXED_ADD, load=find, body=schemas.ADD_FIXED, status=202, errors=(404,),
    until=LAST_ACTION,
)  # fmt: skip
def add_fixed(req: Request, server: Server, body: Body) -> None:
    """AddFixedIp."""
    network_id = str(body["addFixedIp"]["networkId"])
    if not ids.is_id(network_id):
        raise errors.NotFound(f"Network could not be found for instance {server.id}.")
    fixed_ips.add(req.cloud, req.context, server, network_id)


@operation(
    policy=rules.FIXED_REMOVE, load=find, body=schemas.REMOVE_FIXED, status=202, errors=(404,),
    until=LAST_ACTION,
)  # fmt: skip
def remove_fixed(req: Request, server: Server, body: Body) -> None:
    """RemoveFixedIp."""
    fixed_ips.remove(req.cloud, req.context, server, body["removeFixedIp"]["address"])


def _view(one: FloatingIp) -> Body:
    return {
        "id": one.id,
        "ip": one.address,
        "pool": one.pool,
        "fixed_ip": one.fixed_address,
        "instance_id": one.server_id,
    }
