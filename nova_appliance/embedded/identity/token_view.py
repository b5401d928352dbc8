# SPDX-License-Identifier: Apache-2.0
"""How a token and the catalog look on the wire."""

from __future__ import annotations

import re
from typing import Any

import webob

from nova_appliance.embedded import web
from nova_appliance.embedded.identity.service import Identity, wire_time
from nova_appliance.embedded.tokens import Caller

CATALOG = """
SELECT services.id AS service_id, services.type, services.name, endpoints.id,
       endpoints.interface, endpoints.region_id, endpoints.url
FROM services JOIN endpoints ON endpoints.service_id = services.id
WHERE services.enabled AND endpoints.enabled
ORDER BY services.type, services.id, endpoints.interface
"""
BLANK = re.compile(r"[%$]\((project_id|tenant_id|user_id)\)s?")


def respond(req: Any, status: int, caller: Caller, token: str) -> webob.Response:
    """The answer that carries a token."""
    response = web.answer((status, {"token": body(req, caller)}))
    response.headers["X-Subject-Token"] = token
    response.headers["Vary"] = "X-Auth-Token"
    return response


def body(req: Any, caller: Caller) -> dict[str, Any]:
    """What a token says, as clients and middleware read it."""
    claims = caller.claims
    seen: dict[str, Any] = {
        "methods": list(claims.methods),
        "user": _owned(caller.user) | {"password_expires_at": None},
        "audit_ids": list(claims.audit_ids),
        "issued_at": wire_time(claims.issued_at),
        "expires_at": wire_time(claims.expires_at),
    }
    if claims.kind:
        seen["roles"] = [{"id": row["id"], "name": row["name"]} for row in caller.role_rows]
        seen |= _scope(caller)
        if "nocatalog" not in req.GET:
            seen["catalog"] = catalog(req.service, caller)
    if caller.app_credential is not None:
        app = caller.app_credential
        seen["application_credential"] = {
            "id": app["id"],
            "name": app["name"],
            "restricted": not app["unrestricted"],
        }
    return seen


def catalog(identity: Identity, caller: Caller) -> list[dict[str, Any]]:
    """Every service with the endpoints that make sense for this caller's scope."""
    services: dict[str, dict[str, Any]] = {}
    for row in identity.store.all(CATALOG):
        fresh = {
            "id": row["service_id"],
            "type": row["type"],
            "name": row["name"] or "",
        }
        service = services.setdefault(row["service_id"], fresh | {"endpoints": []})
        url = _filled(row["url"], caller)
        if url is not None:
            service["endpoints"].append(
                {
                    "id": row["id"],
                    "interface": row["interface"],
                    "region": row["region_id"],
                    "region_id": row["region_id"],
                    "url": url,
                }
            )
    return list(services.values())


def _owned(row: dict[str, Any]) -> dict[str, Any]:
    domain = {"id": row["domain_id"], "name": row["domain_name"]}
    return {"id": row["id"], "name": row["name"], "domain": domain}


def _scope(caller: Caller) -> dict[str, Any]:
    if caller.project_id is not None:
        return {"project": _owned(caller.scope), "is_domain": False}
    if caller.domain_id is not None:
        return {"domain": {"id": caller.scope["id"], "name": caller.scope["name"]}}
    return {"system": {"all": True}}


def _filled(url: str, caller: Caller) -> str | None:
    """The URL with its blanks filled in, or None when the scope has nothing to fill in."""
    values = {
        "project_id": caller.project_id,
        "tenant_id": caller.project_id,
        "user_id": caller.user_id,
    }
    if any(values[blank] is None for blank in BLANK.findall(url)):
        return None
    return BLANK.sub(lambda match: str(values[match[1]]), url)
