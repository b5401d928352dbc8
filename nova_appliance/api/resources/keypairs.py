# SPDX-License-Identifier: Apache-2.0
"""GET, POST and DELETE of key pairs; from 2.10 on also other users'."""

from __future__ import annotations

from typing import Any

from nova_appliance.actions import keypairs
from nova_appliance.api.operation import operation
from nova_appliance.api.paging import paging
from nova_appliance.api.policies import keypairs as rules
from nova_appliance.api.request import Request
from nova_appliance.api.schemas import keypairs as schemas
from nova_appliance.api.versioned import at_least
from nova_appliance.api.views import keypairs as views


def _named_user(req: Request, *_name: str) -> dict[str, Any]:
    """The user of the query, or who asks."""
    asked = req.query.get("user_id")
    return {"user_id": (asked[0] if asked else "") or req.context.user_id}


def _user_of_body(req: Request, body: dict[str, Any]) -> dict[str, Any]:
    return {"user_id": body["keypair"].get("user_id") or req.context.user_id}


@operation(policy=rules.INDEX, target=_named_user, query=schemas.LIST, errors=(400,))
def index(req: Request) -> dict[str, Any]:
    """GET /os-keypairs."""
    user_id = _named_user(req)["user_id"]
    if at_least(req, "2.35"):
        page = paging(req)
        found = keypairs.page(req.cloud, user_id, marker=page.marker, limit=page.limit)
    else:
        found = keypairs.page(req.cloud, user_id)
    return views.index(req, found)


@operation(
    policy=rules.CREATE,
    target=_user_of_body,
    body=schemas.CREATE,
    status={"2.1": 200, "2.2": 201},
    errors=(400, 403, 409),
)
def create(req: Request, body: dict[str, Any]) -> dict[str, Any]:
    """POST /os-keypairs."""
    values = body["keypair"]
    wanted = keypairs.NewKeypair(
        user_id=_user_of_body(req, body)["user_id"],
        name=values["name"].strip(),
        kind=values.get("type", "ssh"),
        public_key=values.get("public_key"),
    )
    return views.made(req, *keypairs.create(req.cloud, req.context, wanted))


@operation(policy=rules.SHOW, target=_named_user, query=schemas.ONE, errors=(404,))
def show(req: Request, name: str) -> dict[str, Any]:
    """GET /os-keypairs/{keypair_name}."""
    return views.show(req, keypairs.find(req.cloud, _named_user(req)["user_id"], name))


@operation(
    policy=rules.DELETE,
    target=_named_user,
    query=schemas.ONE,
    status={"2.1": 202, "2.2": 204},
    errors=(404,),
)
def delete(req: Request, name: str) -> None:
    """DELETE /os-keypairs/{keypair_name}."""
    keypairs.delete(req.cloud, _named_user(req)["user_id"], name)
