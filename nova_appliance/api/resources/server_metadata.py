# SPDX-License-Identifier: Apache-2.0
"""Metadata of servers: all items, or one by its key."""

from __future__ import annotations

from typing import Any

from nova_appliance.actions import metadata
from nova_appliance.api.operation import operation
from nova_appliance.api.policies import server_metadata as rules
from nova_appliance.api.request import Request
from nova_appliance.api.resources.servers import find
from nova_appliance.api.schemas import servers as schemas
from nova_appliance.api.schemas.queries import CLOSED_2_102
from nova_appliance.common import errors
from nova_appliance.domain.server import Server

Body = dict[str, Any]


@operation(policy=rules.INDEX, load=find, query=CLOSED_2_102, errors=(404,))
def index(_req: Request, server: Server) -> Body:
    """GET /servers/{server_id}/metadata."""
    return {"metadata": server.metadata}


@operation(policy=rules.SHOW, load=find, query=CLOSED_2_102, errors=(404,))
def show(_req: Request, server: Server, key: str) -> Body:
    """GET /servers/{server_id}/metadata/{key}."""
    return {"meta": {key: _item(server, key)}}


@operation(policy=rules.CREATE, load=find, body=schemas.METADATA_BODY, errors=(403, 404, 409))
def create(req: Request, server: Server, body: Body) -> Body:
    """POST /servers/{server_id}/metadata: add or set items."""
    return {"metadata": metadata.merge(req.cloud, req.context, server, body["metadata"])}


@operation(policy=rules.UPDATE_ALL, load=find, body=schemas.METADATA_BODY, errors=(403, 404, 409))
def replace(req: Request, server: Server, body: Body) -> Body:
    """PUT /servers/{server_id}/metadata: these items and no others."""
    return {"metadata": metadata.replace(req.cloud, req.context, server, body["metadata"])}


@operation(policy=rules.UPDATE, load=find, body=schemas.META_BODY, errors=(403, 404, 409))
def update(req: Request, server: Server, key: str, body: Body) -> Body:
    """PUT /servers/{server_id}/metadata/{key}."""
    item = body["meta"]
    if key not in item:
        raise errors.Invalid("Request body and URI mismatch")
    metadata.merge(req.cloud, req.context, server, item)
    return {"meta": item}


@operation(policy=rules.DELETE, load=find, status=204, errors=(404, 409))
def delete(req: Request, server: Server, key: str) -> None:
    """DELETE /servers/{server_id}/metadata/{key}."""
    _item(server, key)
    metadata.remove(req.cloud, req.context, server, key)


def _item(server: Server, key: str) -> str:
    if key not in server.metadata:
        raise errors.NotFound("Metadata item was not found")
    return server.metadata[key]
