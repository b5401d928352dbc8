# SPDX-License-Identifier: Apache-2.0
"""Getting a token: who asks (password, token or application credential), and for which scope."""

from __future__ import annotations

import dataclasses
from typing import Any

from nova_appliance.common.errors import Forbidden, Invalid
from nova_appliance.embedded import web
from nova_appliance.embedded.identity import passwords, token_view
from nova_appliance.embedded.identity.service import Identity
from nova_appliance.embedded.store import Row
from nova_appliance.embedded.tokens import NO, Claims, new_audit_id
from nova_appliance.embedded.web import Unauthorized


@dataclasses.dataclass(frozen=True)
class Proof:
    """Who was proven to ask; `earlier` are the claims of the token that proved it."""

    user_id: str
    methods: tuple[str, ...]
    earlier: Claims | None = None
    app: Row | None = None


def issue(req: Any) -> Any:
    """POST /v3/auth/tokens."""
    identity: Identity = req.service
    auth = web.read_object(req, "auth")
    asked = _object(auth, "identity", "auth")
    methods = asked.get("methods")
    if not isinstance(methods, list) or not methods:
        raise Invalid("'auth.identity.methods' must be a list with a method in it.")
    proof = _prove(identity, methods, asked)
    kind, target_id = _scope(identity, auth.get("scope"), proof)
    claims = _claims(identity, proof, kind, target_id)
    caller = identity.tokens.resolve(claims)
    return token_view.respond(req, 201, caller, identity.tokens.seal(claims))


def _prove(identity: Identity, methods: list[Any], asked: dict[str, Any]) -> Proof:
    proofs = []
    for method in methods:
        prover = METHODS.get(method) if isinstance(method, str) else None
        if prover is None:
            raise Unauthorized(f"Attempted to authenticate with an unsupported method: {method}.")
        proofs.append(prover(identity, _object(asked, method, "auth.identity")))
    if len({proof.user_id for proof in proofs}) != 1:
        raise Unauthorized(NO)
    every = tuple(dict.fromkeys(method for proof in proofs for method in proof.methods))
    earlier = next((proof.earlier for proof in proofs if proof.earlier), None)
    app = next((proof.app for proof in proofs if proof.app), None)
    return Proof(proofs[0].user_id, every, earlier, app)


def _by_password(identity: Identity, data: dict[str, Any]) -> Proof:
    asked = _object(data, "user", "auth.identity.password")
    password = asked.get("password")
    if not isinstance(password, str):
        raise Invalid("'auth.identity.password.user.password' must be text.")
    user = _user(identity, asked, "auth.identity.password.user")
    passwords.check(identity, user, password)
    if user is None:  # passwords.check has refused already
        raise Unauthorized(NO)
    return Proof(user["id"], ("password",))


def _by_token(identity: Identity, data: dict[str, Any]) -> Proof:
    token = data.get("id")
    if not isinstance(token, str):
        raise Invalid("'auth.identity.token.id' must be text.")
    caller = identity.tokens.caller(token)
    methods = tuple(dict.fromkeys((*caller.claims.methods, "token")))
    return Proof(caller.user_id, methods, caller.claims, caller.app_credential)


def _by_app_credential(identity: Identity, data: dict[str, Any]) -> Proof:
    secret = data.get("secret")
    if not isinstance(secret, str):
        raise Invalid("'auth.identity.application_credential.secret' must be text.")
    app = _app(identity, data)
    if app is None or not passwords.matches(secret, app["secret"]):
        raise Unauthorized(NO)
    return Proof(app["user_id"], ("application_credential",), app=app)


METHODS = {
    "password": _by_password,
    "token": _by_token,
    "application_credential": _by_app_credential,
}


def _app(identity: Identity, data: dict[str, Any]) -> Row | None:
    if "id" in data:
        sql = "SELECT * FROM application_credentials WHERE id = ?"
        return identity.store.one(sql, _text(data, "id", "auth.identity.application_credential"))
    where = "auth.identity.application_credential"
    user = _user(identity, _object(data, "user", where), f"{where}.user")
    name = _text(data, "name", where)
    sql = "SELECT * FROM application_credentials WHERE user_id = ? AND name = ?"
    return identity.store.one(sql, user["id"], name) if user else None


def _scope(identity: Identity, scope: Any, proof: Proof) -> tuple[str, str]:
    """The kind and the id of the target; Unauthorized when there is none of that name."""
    if proof.app is not None:
        if scope is not None and _named_scope(identity, scope) != (
            "project",
            proof.app["project_id"],
        ):
            raise Unauthorized("Application credentials cannot be used in another scope.")
        return "project", proof.app["project_id"]
    if scope is None and proof.earlier is not None:
        return proof.earlier.kind, proof.earlier.target_id
    if scope is None:
        return _default_scope(identity, proof.user_id)
    return _named_scope(identity, scope)


def _default_scope(identity: Identity, user_id: str) -> tuple[str, str]:
    user = identity.store.one("SELECT default_project_id FROM users WHERE id = ?", user_id)
    project_id = user["default_project_id"] if user else None
    if project_id and identity.tokens.roles(user_id, "project", project_id):
        return "project", project_id
    return "", ""


def _named_scope(identity: Identity, scope: Any) -> tuple[str, str]:
    if scope == "unscoped" or (isinstance(scope, dict) and "unscoped" in scope):
        return "", ""
    if not isinstance(scope, dict) or len(scope) != 1:
        raise Invalid("'auth.scope' must name one of project, domain, system or unscoped.")
    kind = next(iter(scope))
    target = _object(scope, kind, "auth.scope")
    if kind == "system":
        if target.get("all") is not True:
            raise Invalid("'auth.scope.system' must be {\"all\": true}.")
        return "system", "all"
    if kind not in {"project", "domain"}:
        raise Invalid(f"'auth.scope.{kind}' is not a scope of this service.")
    found = _project(identity, target) if kind == "project" else _domain(identity, target)
    if found is None:
        raise Unauthorized(NO)
    return kind, found["id"]


def _claims(identity: Identity, proof: Proof, kind: str, target_id: str) -> Claims:
    now = identity.tokens.now()
    expires_at = now + identity.settings.token_life_s
    audit_ids: tuple[str, ...] = (new_audit_id(),)
    if proof.earlier is not None:
        expires_at = proof.earlier.expires_at
        audit_ids = (*audit_ids, proof.earlier.audit_ids[-1])
    app_id = ""
    if proof.app is not None:
        app_id = proof.app["id"]
        if proof.earlier is not None and (
            proof.earlier.kind,
            proof.earlier.target_id,
        ) != (
            kind,
            target_id,
        ):
            raise Forbidden("A token of an application credential cannot change its scope.")
    return Claims(
        proof.user_id,
        proof.methods,
        kind,
        target_id,
        now,
        expires_at,
        audit_ids,
        app_id,
    )


def _user(identity: Identity, asked: dict[str, Any], where: str) -> Row | None:
    if "id" in asked:
        return identity.store.one("SELECT * FROM users WHERE id = ?", _text(asked, "id", where))
    name = _text(asked, "name", where)
    domain = _domain(identity, _object(asked, "domain", where))
    if domain is None:
        return None
    sql = "SELECT * FROM users WHERE domain_id = ? AND name = ?"
    return identity.store.one(sql, domain["id"], name)


def _project(identity: Identity, asked: dict[str, Any]) -> Row | None:
    where = "auth.scope.project"
    if "id" in asked:
        sql = "SELECT id FROM projects WHERE id = ?"
        return identity.store.one(sql, _text(asked, "id", where))
    name = _text(asked, "name", where)
    domain = _domain(identity, _object(asked, "domain", where))
    if domain is None:
        return None
    sql = "SELECT id FROM projects WHERE domain_id = ? AND name = ?"
    return identity.store.one(sql, domain["id"], name)


def _domain(identity: Identity, asked: dict[str, Any]) -> Row | None:
    column = "id" if "id" in asked else "name"
    sql = f"SELECT id FROM domains WHERE {column} = ?"  # noqa: S608 - names are ours
    return identity.store.one(sql, _text(asked, column, "domain"))


def _object(data: dict[str, Any], key: str, where: str) -> dict[str, Any]:
    value = data.get(key)
    if not isinstance(value, dict):
        raise Invalid(f"'{where}.{key}' must be an object.")
    return value


def _text(data: dict[str, Any], key: str, where: str) -> str:
    value = data.get(key)
    if not isinstance(value, str):
        raise Invalid(f"'{where}.{key}' must be text.")
    return value
