# SPDX-License-Identifier: Apache-2.0
"""Stored credentials, EC2 keys above all: secrets are sealed, because signatures need them back.

An EC2 key is a credential of type `ec2` whose id is the SHA-256 of its access key.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
import sqlite3
import uuid
from typing import Any

from nova_appliance.common.errors import Conflict, Invalid, NotFound
from nova_appliance.embedded import web
from nova_appliance.embedded.identity import checks
from nova_appliance.embedded.identity.service import (
    Identity,
    find,
    link,
    listing,
    require_unrestricted,
    require_user,
    sees_all,
)
from nova_appliance.embedded.store import Row

BLOB = checks.text(16384, shortest=1)


@dataclasses.dataclass(frozen=True)
class Ec2Key:
    """What checking an EC2 signature needs."""

    access: str
    secret: str
    user_id: str
    project_id: str


def ec2_key(identity: Identity, access: str) -> Ec2Key | None:
    """The EC2 key with this access key, if there is one."""
    row = identity.store.one("SELECT * FROM credentials WHERE access = ?", access)
    if row is None:
        return None
    secret = _blob(identity, row)["secret"]
    return Ec2Key(access, secret, row["user_id"], row["project_id"])


def list_ec2(req: Any, user_id: str) -> dict[str, Any]:
    """GET /v3/users/{id}/credentials/OS-EC2."""
    _require_reader(req, user_id, "identity:ec2_list_credentials")
    sql = "SELECT * FROM credentials WHERE user_id = ? AND type = 'ec2' ORDER BY id"
    rows = req.service.store.all(sql, user_id)
    return listing(req, "credentials", [_ec2_view(req, row) for row in rows])


def create_ec2(req: Any, user_id: str) -> tuple[int, dict[str, Any]]:
    """POST /v3/users/{id}/credentials/OS-EC2."""
    require_user(req, user_id, "identity:ec2_create_credential")
    require_unrestricted(req.caller, "identity:ec2_create_credential")
    body = web.read_json(req)
    project_id = body.get("tenant_id") if isinstance(body, dict) else None
    if not isinstance(project_id, str):
        raise Invalid("'tenant_id' must name the project that the key is for.")
    find(req.service, "users", user_id)
    find(req.service, "projects", project_id)
    blob = {"access": uuid.uuid4().hex, "secret": uuid.uuid4().hex, "trust_id": None}
    row = _keep(req.service, "ec2", user_id, project_id, json.dumps(blob))
    return 201, {"credential": _ec2_view(req, row)}


def show_ec2(req: Any, user_id: str, access: str) -> dict[str, Any]:
    """GET /v3/users/{id}/credentials/OS-EC2/{access}."""
    _require_reader(req, user_id, "identity:ec2_get_credential")
    return {"credential": _ec2_view(req, _find_ec2(req, user_id, access))}


def delete_ec2(req: Any, user_id: str, access: str) -> None:
    """DELETE /v3/users/{id}/credentials/OS-EC2/{access}."""
    require_user(req, user_id, "identity:ec2_delete_credential")
    _remove(req.service, _find_ec2(req, user_id, access)["id"])


def index(req: Any) -> dict[str, Any]:
    """GET /v3/credentials: one's own, or everybody's for those who see all."""
    rows = req.service.store.all("SELECT * FROM credentials ORDER BY id")
    rows = [row for row in rows if _may_read(req, row)]
    for name in ("type", "user_id"):
        if name in req.GET:
            rows = [row for row in rows if row[name] == req.GET[name]]
    return listing(req, "credentials", [_view(req, row) for row in rows])


def create(req: Any) -> tuple[int, dict[str, Any]]:
    """POST /v3/credentials."""
    body = web.read_object(req, "credential")
    user_id = checks.ID("user_id", body.get("user_id", req.caller.user_id))
    require_user(req, user_id, "identity:create_credential")
    require_unrestricted(req.caller, "identity:create_credential")
    kind = checks.NAME("type", body.get("type"))
    project_id = checks.ID_OR_NULL("project_id", body.get("project_id"))
    blob = BLOB("blob", body.get("blob"))
    find(req.service, "users", user_id)
    if project_id is not None:
        find(req.service, "projects", project_id)
    return 201, {"credential": _view(req, _keep(req.service, kind, user_id, project_id, blob))}


def show(req: Any, credential_id: str) -> dict[str, Any]:
    """GET /v3/credentials/{id}."""
    return {"credential": _view(req, _find_own(req, credential_id))}


def update(req: Any, credential_id: str) -> dict[str, Any]:
    """PATCH /v3/credentials/{id}: the blob of a credential that is not an EC2 key."""
    row = _find_own(req, credential_id)
    require_user(req, row["user_id"], "identity:update_credential")
    body = web.read_object(req, "credential")
    if row["type"] == "ec2" or body.get("type", row["type"]) != row["type"]:
        raise Invalid("EC2 keys and the type of a credential cannot be changed: make a new one.")
    blob = BLOB("blob", body.get("blob"))
    with req.service.store.write() as tx:
        tx.update("credentials", row["id"], {"blob": _seal(req.service, blob)})
    return show(req, credential_id)


def delete(req: Any, credential_id: str) -> None:
    """DELETE /v3/credentials/{id}."""
    row = _find_own(req, credential_id)
    require_user(req, row["user_id"], "identity:delete_credential")
    _remove(req.service, row["id"])


def _keep(identity: Identity, kind: str, user_id: str, project_id: str | None, blob: str) -> Row:
    access = _access(blob, project_id) if kind == "ec2" else None
    row = {
        "id": hashlib.sha256(access.encode()).hexdigest() if access else uuid.uuid4().hex,
        "type": kind,
        "access": access,
        "user_id": user_id,
        "project_id": project_id,
        "blob": _seal(identity, blob),
    }
    try:
        with identity.store.write() as tx:
            tx.insert("credentials", row)
    except sqlite3.IntegrityError as error:
        raise Conflict("An EC2 key with this access key is there already.") from error
    return row


def _access(blob: str, project_id: str | None) -> str:
    try:
        data = json.loads(blob)
    except (ValueError, RecursionError) as error:
        raise Invalid("The 'blob' of an EC2 key must be JSON.") from error
    parts = [data.get(name) for name in ("access", "secret")] if isinstance(data, dict) else []
    if not parts or not all(isinstance(part, str) and part for part in parts):
        raise Invalid("The 'blob' of an EC2 key must have an 'access' and a 'secret'.")
    if project_id is None:
        raise Invalid("An EC2 key needs a 'project_id'.")
    return str(parts[0])


def _remove(identity: Identity, credential_id: str) -> None:
    with identity.store.write() as tx:
        tx.run("DELETE FROM credentials WHERE id = ?", credential_id)


def _find_ec2(req: Any, user_id: str, access: str) -> Row:
    sql = "SELECT * FROM credentials WHERE access = ? AND user_id = ?"
    row: Row | None = req.service.store.one(sql, access, user_id)
    if row is None:
        raise NotFound(f"Could not find credential: {access}.")
    return row


def _find_own(req: Any, credential_id: str) -> Row:
    row = find(req.service, "credentials", credential_id)
    if not _may_read(req, row):
        raise NotFound(f"Could not find credential: {credential_id}.")
    return row


def _may_read(req: Any, row: Row) -> bool:
    return sees_all(req.caller) or bool(row["user_id"] == req.caller.user_id)


def _require_reader(req: Any, user_id: str, what: str) -> None:
    if not sees_all(req.caller):
        require_user(req, user_id, what)


def _seal(identity: Identity, blob: str) -> str:
    return identity.vault.encrypt(blob.encode()).decode()


def _blob(identity: Identity, row: Row) -> Any:
    return json.loads(identity.vault.decrypt(row["blob"]))


def _ec2_view(req: Any, row: Row) -> dict[str, Any]:
    blob = _blob(req.service, row)
    return {
        "user_id": row["user_id"],
        "tenant_id": row["project_id"],
        "access": blob["access"],
        "secret": blob["secret"],
        "trust_id": None,
        "links": {"self": link(req, f"users/{row['user_id']}/credentials/OS-EC2/{blob['access']}")},
    }


def _view(req: Any, row: Row) -> dict[str, Any]:
    return {
        "id": row["id"],
        "type": row["type"],
        "user_id": row["user_id"],
        "project_id": row["project_id"],
        "blob": req.service.vault.decrypt(row["blob"]).decode(),
        "links": {"self": link(req, f"credentials/{row['id']}")},
    }
