# SPDX-License-Identifier: Apache-2.0
"""Tokens: sealed by the identity service, read by every miniature service in this process.

A token says who, where and until when; what its user may do there is looked up each time it is read.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
import json
import secrets
from typing import Any

from cryptography.fernet import Fernet, InvalidToken

from nova_appliance.common import clock
from nova_appliance.embedded import settings as settings_
from nova_appliance.embedded.identity import tables
from nova_appliance.embedded.settings import Settings
from nova_appliance.embedded.store import Row, Store
from nova_appliance.embedded.web import Unauthorized

NO = "The request you have made requires authentication."
LONGEST_TOKEN = 2048
EXPIRED_GRACE_S = 48 * 3600

ROLES = """
WITH RECURSIVE held (id) AS (
    SELECT role_id FROM assignments WHERE user_id = ? AND kind = ? AND target_id = ?
    UNION SELECT implied_id FROM implied_roles JOIN held ON prior_id = held.id)
SELECT roles.id, roles.name FROM held JOIN roles ON roles.id = held.id ORDER BY roles.name
"""
USER = """
SELECT users.id, users.name, users.tokens_since, domains.id AS domain_id,
       domains.name AS domain_name, EXISTS (SELECT 1 FROM revoked WHERE audit_id = ?) AS revoked
FROM users JOIN domains ON domains.id = users.domain_id
WHERE users.id = ? AND users.enabled AND domains.enabled
"""
PROJECT = """
SELECT projects.id, projects.name, domains.id AS domain_id, domains.name AS domain_name
FROM projects JOIN domains ON domains.id = projects.domain_id
WHERE projects.id = ? AND projects.enabled AND domains.enabled
"""
DOMAIN = "SELECT id, name FROM domains WHERE id = ? AND enabled"


@dataclasses.dataclass(frozen=True)
class Claims:
    """What is sealed in a token; `kind` is project, domain, system or empty (unscoped)."""

    user_id: str
    methods: tuple[str, ...]
    kind: str
    target_id: str
    issued_at: float
    expires_at: float
    audit_ids: tuple[str, ...]
    app_credential_id: str = ""


@dataclasses.dataclass(frozen=True)
class Caller:
    """Who a valid token speaks for, as of now; `roles` are names, implied ones included."""

    user_id: str
    project_id: str | None
    domain_id: str | None
    is_system: bool
    roles: frozenset[str]
    is_admin: bool
    claims: Claims
    user: Row
    scope: Row
    role_rows: tuple[Row, ...]
    app_credential: Row | None = None


class Tokens:
    """Seals and reads tokens of one embedded cloud."""

    def __init__(self, settings: Settings, time: clock.Clock = clock.SYSTEM) -> None:
        self._fernet = Fernet(settings_.secrets(settings).token_key)
        self._store: Store = tables.open_store(settings)
        self._time = time

    def now(self) -> float:
        """Seconds since the epoch."""
        return self._time.now().replace(tzinfo=dt.UTC).timestamp()

    def seal(self, claims: Claims) -> str:
        """The token that says this."""
        return self._fernet.encrypt(json.dumps(dataclasses.asdict(claims)).encode()).decode()

    def authenticate(self, req: Any) -> Caller:
        """The caller of a request by its X-Auth-Token; raises Unauthorized."""
        return self.caller(req.headers.get("X-Auth-Token", ""))

    def caller(self, token: str, *, grace_s: float = 0) -> Caller:
        """Who the token speaks for now; `grace_s` also lets in one that expired that long ago."""
        claims = self.open(token)
        if claims.expires_at + grace_s <= self.now():
            raise Unauthorized(NO)
        return self.resolve(claims)

    def open(self, token: str) -> Claims:
        """What the token says, whether or not it still counts; raises Unauthorized for a forged one."""
        if not token or len(token) > LONGEST_TOKEN:
            raise Unauthorized(NO)
        try:
            fields = json.loads(self._fernet.decrypt(token))
        except (InvalidToken, ValueError) as error:
            raise Unauthorized(NO) from error
        fields |= {name: tuple(fields[name]) for name in ("methods", "audit_ids")}
        return Claims(**fields)

    def resolve(self, claims: Claims) -> Caller:
        """Who these claims speak for as things stand; raises Unauthorized when for nobody."""
        user = self._store.one(USER, claims.audit_ids[0], claims.user_id)
        if user is None or user["revoked"] or claims.issued_at < user["tokens_since"]:
            raise Unauthorized(NO)
        scope = self._scope(claims)
        app = self._app_credential(claims)
        roles = self.roles(claims.user_id, claims.kind, claims.target_id) if claims.kind else []
        if app is not None:
            kept = json.loads(app["roles"])
            roles = [role for role in roles if role["id"] in kept]
        if claims.kind and not roles:
            raise Unauthorized(NO)
        names = frozenset(role["name"].lower() for role in roles)
        return Caller(
            user_id=claims.user_id,
            project_id=claims.target_id if claims.kind == "project" else None,
            domain_id=claims.target_id if claims.kind == "domain" else None,
            is_system=claims.kind == "system",
            roles=names,
            is_admin="admin" in names,
            claims=claims,
            user=user,
            scope=scope,
            role_rows=tuple(roles),
            app_credential=app,
        )

    def roles(self, user_id: str, kind: str, target_id: str) -> list[Row]:
        """The roles (id, name) a user has there, implied ones included."""
        return self._store.all(ROLES, user_id, kind, target_id)

    def revoke(self, claims: Claims) -> None:
        """Never accept this token again; forgets revocations of tokens that have expired anyway."""
        with self._store.write() as tx:
            tx.run(
                "DELETE FROM revoked WHERE expires_at < ?",
                self.now() - 2 * EXPIRED_GRACE_S,
            )
            row = {"audit_id": claims.audit_ids[0], "expires_at": claims.expires_at}
            tx.insert("revoked", row, or_="IGNORE")

    def _scope(self, claims: Claims) -> Row:
        if claims.kind in {"", "system"}:
            return {}
        sql = PROJECT if claims.kind == "project" else DOMAIN
        scope = self._store.one(sql, claims.target_id)
        if scope is None:
            raise Unauthorized(NO)
        return scope

    def _app_credential(self, claims: Claims) -> Row | None:
        if not claims.app_credential_id:
            return None
        sql = "SELECT * FROM application_credentials WHERE id = ?"
        found = self._store.one(sql, claims.app_credential_id)
        if found is None or (found["expires_at"] or self.now() + 1) <= self.now():
            raise Unauthorized(NO)
        return found


def new_audit_id() -> str:
    """A short random name by which a token can be revoked."""
    return secrets.token_urlsafe(16)
