# SPDX-License-Identifier: Apache-2.0
"""Application credentials: a user's secret for a program, with some of the user's roles on a project."""

from __future__ import annotations

import datetime as dt
import json
import secrets
import sqlite3
import uuid
from typing import Any

from nova_appliance.common.errors import Conflict, Forbidden, Invalid, NotFound
from nova_appliance.embedded import web
from nova_appliance.embedded.identity import checks, passwords
from nova_appliance.embedded.identity.service import (
    link,
    listing,
    require_unrestricted,
    require_user,
    sees_all,
)
from nova_appliance.embedded.store import Row
from nova_appliance.embedded.tokens import Caller

SECRET = checks.text(255, shortest=1)


def index(req: Any, user_id: str) -> dict[str, Any]:
    """GET /v3/users/{id}/application_credentials."""
    _require_reader(req, user_id, "identity:list_application_credentials")
    sql = "SELECT * FROM application_credentials WHERE user_id = ? ORDER BY name"
    rows = req.service.store.all(sql, user_id)
    if "name" in req.GET:
        rows = [row for row in rows if row["name"] == req.GET["name"]]
    return listing(req, "application_credentials", [_view(req, row) for row in rows])


def show(req: Any, user_id: str, app_id: str) -> dict[str, Any]:
    """GET /v3/users/{id}/application_credentials/{id}."""
    _require_reader(req, user_id, "identity:get_application_credential")
    return {"application_credential": _view(req, _find(req, user_id, app_id))}


def create(req: Any, user_id: str) -> tuple[int, dict[str, Any]]:
    """POST /v3/users/{id}/application_credentials; only this answer carries the secret."""
    caller: Caller = req.caller
    if caller.user_id != user_id or caller.project_id is None:
        raise Forbidden("Only users themselves, with a project's token, make their credentials.")
    require_unrestricted(caller, "identity:create_application_credential")
    body = web.read_object(req, "application_credential")
    if body.get("access_rules"):
        raise Invalid("Access rules are not kept here: leave 'access_rules' out.")
    secret = SECRET("secret", body.get("secret") or secrets.token_urlsafe(64))
    row = {
        "id": uuid.uuid4().hex,
        "user_id": user_id,
        "project_id": caller.project_id,
        "name": checks.NAME("name", body.get("name")),
        "description": checks.text(4096, nullable=True)("description", body.get("description")),
        "secret": passwords.seal(secret),
        "roles": json.dumps(_roles(caller, body.get("roles"))),
        "expires_at": _expiry(req, body.get("expires_at")),
        "unrestricted": checks.flag("unrestricted", body.get("unrestricted") or False),
    }
    try:
        with req.service.store.write() as tx:
            tx.insert("application_credentials", row)
    except sqlite3.IntegrityError as error:
        raise Conflict(f"There is an application credential {row['name']} already.") from error
    return 201, {"application_credential": _view(req, row) | {"secret": secret}}


def delete(req: Any, user_id: str, app_id: str) -> None:
    """DELETE /v3/users/{id}/application_credentials/{id}; its tokens end with it."""
    require_user(req, user_id, "identity:delete_application_credential")
    require_unrestricted(req.caller, "identity:delete_application_credential")
    _find(req, user_id, app_id)
    with req.service.store.write() as tx:
        tx.run("DELETE FROM application_credentials WHERE id = ?", app_id)


def _require_reader(req: Any, user_id: str, what: str) -> None:
    if not sees_all(req.caller):
        require_user(req, user_id, what)


def _find(req: Any, user_id: str, app_id: str) -> Row:
    sql = "SELECT * FROM application_credentials WHERE id = ? AND user_id = ?"
    row: Row | None = req.service.store.one(sql, app_id, user_id)
    if row is None:
        raise NotFound(f"Could not find Application Credential: {app_id}.")
    return row


def _roles(caller: Caller, asked: Any) -> list[str]:
    """The ids of the wished roles, all of the caller's own unless said; only own ones."""
    if asked is None or asked == []:
        return [row["id"] for row in caller.role_rows]
    if not isinstance(asked, list) or not all(isinstance(role, dict) for role in asked):
        raise Invalid("'roles' must be a list of objects with an 'id' or a 'name'.")
    chosen: list[str] = []
    for wish in asked:
        known = {role["id"] for role in caller.role_rows if _is_meant(wish, role)}
        if not known:
            raise Invalid("'roles' names a role that you do not have on this project.")
        chosen.extend(known)
    return chosen


def _is_meant(wish: dict[str, Any], role: Row) -> bool:
    return bool(wish.get("id") == role["id"] or wish.get("name") == role["name"])


def _expiry(req: Any, text: Any) -> float | None:
    if text is None:
        return None
    try:
        moment = dt.datetime.fromisoformat(text)
    except (TypeError, ValueError) as error:
        raise Invalid("'expires_at' must be a time such as 2030-01-31T12:00:00.000000.") from error
    moment = moment if moment.tzinfo else moment.replace(tzinfo=dt.UTC)
    if moment.timestamp() <= req.service.tokens.now():
        raise Invalid("'expires_at' must lie in the future.")
    return moment.timestamp()


def _view(req: Any, row: Row) -> dict[str, Any]:
    kept = json.loads(row["roles"])
    roles = [role for role in req.service.store.all("SELECT * FROM roles") if role["id"] in kept]
    expires_at = row["expires_at"]
    moment = dt.datetime.fromtimestamp(expires_at, dt.UTC) if expires_at else None
    return {
        "id": row["id"],
        "name": row["name"],
        "description": row["description"],
        "user_id": row["user_id"],
        "project_id": row["project_id"],
        "roles": [{name: role[name] for name in ("id", "name", "domain_id")} for role in roles],
        "expires_at": moment.strftime("%Y-%m-%dT%H:%M:%S.%f") if moment else None,
        "unrestricted": bool(row["unrestricted"]),
        "system": None,
        "links": {"self": link(req, f"users/{row['user_id']}/application_credentials/{row['id']}")},
    }
