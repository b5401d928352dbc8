# SPDX-License-Identifier: Apache-2.0
"""Tags of servers. A foreign server is refused by the rule (403), not hidden."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

from nova_appliance.actions import find_server, tags
from nova_appliance.api import links
from nova_appliance.api.operation import operation
from nova_appliance.api.policies import server_tags as rules
from nova_appliance.api.request import Answer, Request
from nova_appliance.api.schemas import server_tags as schemas
from nova_appliance.api.validation import Checks, check_body
from nova_appliance.common import errors
from nova_appliance.domain.server import Server

SINCE = "2.26"
_TAG = Checks(schemas.TAG)


def _find(req: Request, server_id: str) -> Server:
    return find_server.by_id(req.cloud, server_id)


@operation(policy=rules.INDEX, load=_find, since=SINCE, errors=(404,))
def index(_req: Request, server: Server) -> dict[str, Any]:
    """GET /servers/{server_id}/tags."""
    return {"tags": list(server.tags)}


@operation(
    policy=rules.UPDATE_ALL, load=_find, body=schemas.REPLACE, since=SINCE, errors=(404, 409)
)
def replace(req: Request, server: Server, body: dict[str, Any]) -> dict[str, Any]:
    """PUT /servers/{server_id}/tags."""
    return {"tags": list(tags.replace(req.cloud, server, body["tags"]))}


@operation(policy=rules.DELETE_ALL, load=_find, status=204, since=SINCE, errors=(404, 409))
def clear(req: Request, server: Server) -> None:
    """DELETE /servers/{server_id}/tags."""
    tags.replace(req.cloud, server, ())


@operation(policy=rules.SHOW, load=_find, status=204, since=SINCE, errors=(404,))
def show(_req: Request, server: Server, tag: str) -> None:
    """GET /servers/{server_id}/tags/{tag}."""
    if tag not in server.tags:
        raise tags.missing(server, tag)


@operation(policy=rules.UPDATE, load=_find, status=201, since=SINCE, errors=(400, 404, 409))
def put(req: Request, server: Server, tag: str) -> Answer:
    """PUT /servers/{server_id}/tags/{tag}: 204 when it is there already."""
    try:
        check_body(_TAG.at(req.version), tag)
    except errors.Invalid as error:
        raise errors.Invalid(f"Tag '{tag}' is invalid: {error.message}") from error
    new = tags.put(req.cloud, server, tag)
    location = f"{links.base(req)}/servers/{server.id}/tags/{quote(tag, safe='')}"
    return Answer(status=201, headers={"Location": location}) if new else Answer(status=204)


@operation(policy=rules.DELETE, load=_find, status=204, since=SINCE, errors=(404, 409))
def delete(req: Request, server: Server, tag: str) -> None:
    """DELETE /servers/{server_id}/tags/{tag}."""
    tags.remove(req.cloud, server, tag)
