# SPDX-License-Identifier: Apache-2.0
"""Members of an image: single projects that it is shared with, and whether they have accepted it."""

from __future__ import annotations

import sqlite3
from typing import Any

from nova_appliance.common.errors import Conflict, Forbidden, Invalid, NotFound
from nova_appliance.embedded import web
from nova_appliance.embedded.images.service import find, find_own, now_text, require_member
from nova_appliance.embedded.store import Row

STATUSES = ("pending", "accepted", "rejected")
MOST = 128
LONGEST_ID = 255
_MEMBER = "SELECT * FROM members WHERE image_id = ? AND member = ?"


def index(req: Any, image_id: str) -> dict[str, Any]:
    """GET /v2/images/{id}/members: all for the owner, its own row for a member."""
    image = _shared(find(req, image_id))
    sql = "SELECT * FROM members WHERE image_id = ? ORDER BY created_at, member"
    rows = req.service.store.all(sql, image_id)
    seen = [row for row in rows if _is_owner(req, image) or row["member"] == req.caller.project_id]
    return {"members": [_view(row) for row in seen], "schema": "/v2/schemas/members"}


def show(req: Any, image_id: str, member: str) -> dict[str, Any]:
    """GET /v2/images/{id}/members/{member}."""
    image = _shared(find(req, image_id))
    row = _row(req, image_id, member)
    if not _is_owner(req, image) and row["member"] != req.caller.project_id:
        raise _missing(image_id, member)
    return _view(row)


def add(req: Any, image_id: str) -> dict[str, Any]:
    """POST /v2/images/{id}/members: by the owner; the project is asked to accept it."""
    image = find_own(req, image_id)
    if image["visibility"] != "shared":
        raise Forbidden("Only shared images have members.")
    member = _asked(req, "member")
    if not 0 < len(member) <= LONGEST_ID:
        raise Invalid(f"A member is a project's id of 1 to {LONGEST_ID} characters.")
    now = now_text(req.service)
    row = {"image_id": image_id, "member": member, "status": "pending"}
    try:
        with req.service.store.write() as tx:
            _check_room(tx.all("SELECT member FROM members WHERE image_id = ?", image_id))
            tx.insert("members", row | {"created_at": now, "updated_at": now})
    except sqlite3.IntegrityError as error:
        raise Conflict(f"Member {member} is duplicated for image {image_id}") from error
    return _view(_row(req, image_id, member))


def change(req: Any, image_id: str, member: str) -> dict[str, Any]:
    """PUT /v2/images/{id}/members/{member}: by that project (or an administrator), not the owner."""
    find(req, image_id)
    require_member(req.caller)
    _row(req, image_id, member)
    status = _asked(req, "status")
    if status not in STATUSES:
        raise Invalid(f"The status of a member is one of {', '.join(STATUSES)}.")
    if not req.caller.is_admin and req.caller.project_id != member:
        raise Forbidden("Only the member itself says whether it accepts an image.")
    sql = "UPDATE members SET status = ?, updated_at = ? WHERE image_id = ? AND member = ?"
    with req.service.store.write() as tx:
        tx.run(sql, status, now_text(req.service), image_id, member)
    return _view(_row(req, image_id, member))


def remove(req: Any, image_id: str, member: str) -> None:
    """DELETE /v2/images/{id}/members/{member}: by the owner."""
    _shared(find_own(req, image_id))
    _row(req, image_id, member)
    with req.service.store.write() as tx:
        tx.run("DELETE FROM members WHERE image_id = ? AND member = ?", image_id, member)


def schema(_req: Any) -> dict[str, Any]:
    """GET /v2/schemas/member."""
    texts = ("created_at", "image_id", "member_id", "schema", "updated_at")
    told: dict[str, Any] = {name: {"type": "string"} for name in texts}
    return {
        "name": "member",
        "properties": told | {"status": {"type": "string", "enum": list(STATUSES)}},
    }


def schemas(req: Any) -> dict[str, Any]:
    """GET /v2/schemas/members."""
    items = {"type": "array", "items": schema(req)}
    return {
        "name": "members",
        "properties": {"members": items, "schema": {"type": "string"}},
        "links": [{"rel": "describedby", "href": "{schema}"}],
    }


def _asked(req: Any, name: str) -> str:
    body = web.read_json(req)
    if not isinstance(body, dict) or not isinstance(body.get(name), str):
        raise Invalid(f"The body must be an object with the text '{name}'.")
    return str(body[name])


def _shared(image: Row) -> Row:
    if image["visibility"] == "public":
        raise Forbidden("Public images do not have members.")
    return image


def _is_owner(req: Any, image: Row) -> bool:
    return bool(req.caller.is_admin or image["owner"] == req.caller.project_id)


def _row(req: Any, image_id: str, member: str) -> Row:
    row: Row | None = req.service.store.one(_MEMBER, image_id, member)
    if row is None:
        raise _missing(image_id, member)
    return row


def _check_room(rows: list[Row]) -> None:
    if len(rows) >= MOST:
        raise web.TooLarge(f"An image may have {MOST} members at most.")


def _missing(image_id: str, member: str) -> NotFound:
    return NotFound(f"{member} is not a member of image {image_id}.")


def _view(row: Row) -> dict[str, Any]:
    told = {name: row[name] for name in ("image_id", "status", "created_at", "updated_at")}
    return told | {"member_id": row["member"], "schema": "/v2/schemas/member"}
