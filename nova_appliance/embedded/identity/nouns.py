# SPDX-License-Identifier: Apache-2.0
"""What the identity service keeps, as data: fields, filters and who may look.

The verbs over these nouns stand in resource.py.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from typing import Any

from nova_appliance.embedded.identity import checks, passwords
from nova_appliance.embedded.identity.checks import Check
from nova_appliance.embedded.identity.service import Identity, sees_all
from nova_appliance.embedded.store import Row, Transaction
from nova_appliance.embedded.tokens import Caller

EXTRA_LIMIT = 16384


@dataclasses.dataclass(frozen=True)
class Noun:
    """One kind of thing: `table` is its plural, its table and its place in URLs.

    `fields` are the columns a body may set, `fixed` those of them that never change afterwards,
    `shown` columns an answer carries, `constant` what it carries besides. Nouns with `extra` keep
    further attributes of a body as they are. `prepare` turns checked values into columns.
    """

    name: str
    table: str
    fields: Mapping[str, Check]
    required: tuple[str, ...]
    defaults: Mapping[str, Any]
    shown: tuple[str, ...]
    filters: tuple[str, ...]
    fixed: tuple[str, ...] = ()
    extra: Mapping[str, Any] | None = None
    constant: Callable[[Row], dict[str, Any]] = lambda _row: {}
    may_list: Callable[[Caller], bool] = sees_all
    may_show: Callable[[Caller, Row], bool] = lambda caller, _row: sees_all(caller)
    prepare: Callable[[Identity, dict[str, Any]], dict[str, Any]] = lambda _identity, row: row
    before_delete: Callable[[Transaction, Row], None] = lambda _tx, _row: None


def _project_constant(row: Row) -> dict[str, Any]:
    return {"parent_id": row["domain_id"], "is_domain": False}


def _user_constant(_row: Row) -> dict[str, Any]:
    return {"password_expires_at": None}


def _own_project(caller: Caller, row: Row) -> bool:
    return sees_all(caller) or caller.project_id == row["id"]


def _own_user(caller: Caller, row: Row) -> bool:
    return sees_all(caller) or caller.user_id == row["id"]


def _own_domain(caller: Caller, row: Row) -> bool:
    return sees_all(caller) or caller.domain_id == row["id"]


def _hash_password(identity: Identity, row: dict[str, Any]) -> dict[str, Any]:
    """A new password or a disabled user ends all earlier tokens of that user."""
    if row.get("password") is not None:
        row["password"] = passwords.seal(row["password"])
    if "password" in row or row.get("enabled") is False:
        row |= {"tokens_since": identity.tokens.now(), "failures": 0, "locked_until": 0}
    return row


def _forget_assignments(kind: str) -> Callable[[Transaction, Row], None]:
    def forget(tx: Transaction, row: Row) -> None:
        tx.run("DELETE FROM assignments WHERE kind = ? AND target_id = ?", kind, row["id"])

    return forget


def _anybody(_caller: Caller) -> bool:
    return True


DOMAIN = Noun(
    name="domain",
    table="domains",
    fields={
        "name": checks.PROJECT_NAME,
        "description": checks.description,
        "enabled": checks.flag,
    },
    required=("name",),
    defaults={"description": "", "enabled": True},
    shown=("id", "name", "description", "enabled"),
    filters=("name", "enabled"),
    constant=lambda _row: {"options": {}, "tags": []},
    may_show=_own_domain,
    before_delete=_forget_assignments("domain"),
)
PROJECT = Noun(
    name="project",
    table="projects",
    fields={**DOMAIN.fields, "domain_id": checks.ID},
    required=("name",),
    defaults={"description": "", "enabled": True, "domain_id": "default"},
    shown=("id", "name", "domain_id", "description", "enabled"),
    filters=("name", "enabled", "domain_id"),
    fixed=("domain_id",),
    extra={"tags": [], "options": {}},
    constant=_project_constant,
    may_show=_own_project,
    before_delete=_forget_assignments("project"),
)
USER = Noun(
    name="user",
    table="users",
    fields={
        "name": checks.NAME,
        "domain_id": checks.ID,
        "enabled": checks.flag,
        "default_project_id": checks.ID_OR_NULL,
        "password": checks.PASSWORD,
    },
    required=("name",),
    defaults={
        "enabled": True,
        "domain_id": "default",
        "default_project_id": None,
        "password": None,
    },
    shown=("id", "name", "domain_id", "enabled", "default_project_id"),
    filters=("name", "enabled", "domain_id"),
    fixed=("domain_id",),
    extra={"options": {}},
    constant=_user_constant,
    may_show=_own_user,
    prepare=_hash_password,
)
ROLE = Noun(
    name="role",
    table="roles",
    fields={"name": checks.NAME, "description": checks.text(4096, nullable=True)},
    required=("name",),
    defaults={"description": None},
    shown=("id", "name", "description", "domain_id"),
    filters=("name",),
    extra={"options": {}},
)
REGION = Noun(
    name="region",
    table="regions",
    fields={
        "id": checks.text(255, shortest=1),
        "description": checks.description,
        "parent_region_id": checks.text(255, shortest=1, nullable=True),
    },
    required=(),
    defaults={"description": "", "parent_region_id": None},
    shown=("id", "description", "parent_region_id"),
    filters=("parent_region_id",),
    fixed=("id",),
    may_list=_anybody,
    may_show=lambda _caller, _row: True,
)
SERVICE = Noun(
    name="service",
    table="services",
    fields={
        "type": checks.NAME,
        "name": checks.NAME,
        "description": checks.text(4096, nullable=True),
        "enabled": checks.flag,
    },
    required=("type",),
    defaults={"name": None, "description": None, "enabled": True},
    shown=("id", "type", "name", "description", "enabled"),
    filters=("name", "type"),
)
ENDPOINT = Noun(
    name="endpoint",
    table="endpoints",
    fields={
        "service_id": checks.ID,
        "interface": checks.interface,
        "region_id": checks.text(255, shortest=1, nullable=True),
        "url": checks.url,
        "enabled": checks.flag,
    },
    required=("service_id", "interface", "url"),
    defaults={"region_id": None, "enabled": True},
    shown=("id", "service_id", "interface", "region_id", "url", "enabled"),
    filters=("service_id", "interface", "region_id"),
    constant=lambda row: {"region": row["region_id"]},
)
