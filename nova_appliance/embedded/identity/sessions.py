# SPDX-License-Identifier: Apache-2.0
"""Looking at tokens and ending them, and what the caller's own token opens (/v3/auth/...)."""

from __future__ import annotations

from typing import Any

import webob

from nova_appliance.common.errors import NotFound
from nova_appliance.embedded.identity import nouns, resource, token_view
from nova_appliance.embedded.identity.service import (
    link,
    listing,
    refused,
    require_user,
    sees_all,
)
from nova_appliance.embedded.store import Row
from nova_appliance.embedded.tokens import EXPIRED_GRACE_S, Caller
from nova_appliance.embedded.web import Unauthorized

REACHED = """
SELECT * FROM {table} WHERE enabled AND id IN
    (SELECT target_id FROM assignments WHERE user_id = ? AND kind = ?) ORDER BY name
"""


def show(req: Any) -> webob.Response:
    """GET and HEAD /v3/auth/tokens."""
    token, subject = _subject(req)
    if not (subject.user_id == req.caller.user_id or _may_validate(req.caller)):
        raise refused("identity:validate_token")
    return token_view.respond(req, 200, subject, token)


def revoke(req: Any) -> None:
    """DELETE /v3/auth/tokens."""
    _token, subject = _subject(req)
    require_user(req, subject.user_id, "identity:revoke_token")
    req.service.tokens.revoke(subject.claims)


def catalog(req: Any) -> dict[str, Any]:
    """GET /v3/auth/catalog."""
    if not req.caller.claims.kind:
        raise refused("identity:get_auth_catalog")
    services = token_view.catalog(req.service, req.caller)
    return {"catalog": services, "links": {"self": link(req, "auth/catalog")}}


def projects(req: Any) -> dict[str, Any]:
    """GET /v3/auth/projects: where the caller has a role."""
    return _listed(req, nouns.PROJECT, reached(req, "project", req.caller.user_id))


def domains(req: Any) -> dict[str, Any]:
    """GET /v3/auth/domains."""
    return _listed(req, nouns.DOMAIN, reached(req, "domain", req.caller.user_id))


def systems(req: Any) -> dict[str, Any]:
    """GET /v3/auth/system."""
    held = req.service.tokens.roles(req.caller.user_id, "system", "all")
    return {
        "system": [{"all": True}] if held else [],
        "links": {"self": link(req, "auth/system")},
    }


def user_projects(req: Any, user_id: str) -> dict[str, Any]:
    """GET /v3/users/{id}/projects."""
    if not sees_all(req.caller):
        require_user(req, user_id, "identity:list_user_projects")
    return _listed(req, nouns.PROJECT, reached(req, "project", user_id))


def reached(req: Any, kind: str, user_id: str) -> list[Row]:
    """The enabled projects or domains where a user has a role."""
    sql = REACHED.format(table=f"{kind}s")
    rows: list[Row] = req.service.store.all(sql, user_id, kind)
    return rows


def _listed(req: Any, noun: nouns.Noun, rows: list[Row]) -> dict[str, Any]:
    return listing(req, noun.table, [resource.view(noun, req, row) for row in rows])


def _subject(req: Any) -> tuple[str, Caller]:
    token = req.headers.get("X-Subject-Token", "")
    grace_s = EXPIRED_GRACE_S if req.GET.get("allow_expired") in {"1", "true", "True"} else 0
    try:
        return token, req.service.tokens.caller(token, grace_s=grace_s)
    except Unauthorized as error:
        raise NotFound("Could not find token.") from error


def _may_validate(caller: Caller) -> bool:
    return sees_all(caller) or "service" in caller.roles
