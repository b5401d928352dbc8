# SPDX-License-Identifier: Apache-2.0
"""What a resource is to the service: its attributes, and the functions that make, show and end it."""

from __future__ import annotations

import dataclasses
import datetime as dt
import json
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Protocol

from nova_appliance.common import clock, errors, ids
from nova_appliance.embedded.checks import Check, text
from nova_appliance.embedded.networks import faults
from nova_appliance.embedded.store import Row, Store, Transaction, marks

if TYPE_CHECKING:
    from nova_appliance.embedded.settings import Settings
    from nova_appliance.embedded.tokens import Caller

NEEDED: Any = object()
ELEVATED = frozenset({"admin", "service"})
WRITERS = ELEVATED | {"member", "manager", "_member_"}
JSON_COLUMNS = frozenset(
    [
        "tags",
        "allocation_pools",
        "dns_nameservers",
        "host_routes",
        "profile",
        "allowed_address_pairs",
        "extra_dhcp_opts",
        "routes",
    ]
)
BOOLEAN_COLUMNS = frozenset(
    [
        "admin_state_up",
        "shared",
        "external",
        "is_default",
        "port_security_enabled",
        "enable_dhcp",
        "stateful",
        "enable_snat",
    ]
)


class Reader(Protocol):
    """A store, or a transaction on it."""

    def all(self, sql: str, *values: object) -> list[Row]:
        """Every row of a SELECT."""

    def one(self, sql: str, *values: object) -> Row | None:
        """The first row of a SELECT."""


@dataclasses.dataclass(frozen=True)
class Attribute:
    """One attribute as a request may set it; `default` NEEDED means that a create must give it."""

    check: Check
    default: Any = NEEDED
    put: bool = True
    post: bool = True
    admin: bool = False


@dataclasses.dataclass(frozen=True)
class Deed:
    """One request at work: its transaction, who asks, and the cloud it belongs to."""

    tx: Transaction
    caller: Caller
    settings: Settings


@dataclasses.dataclass(frozen=True)
class Noun:
    """A resource. `columns` names the plain text columns a filter may narrow by (wire: column);
    `open_to` is the SQL that lets rows of other projects be seen.
    """

    one: str
    many: str
    table: str
    missing: type[errors.NotFound]
    attributes: Mapping[str, Attribute]
    views: Callable[[Reader, list[Row], Settings], list[dict[str, Any]]]
    create: Callable[[Deed, dict[str, Any]], str]
    change: Callable[[Deed, Row, dict[str, Any]], None]
    remove: Callable[[Deed, Row], None]
    columns: Mapping[str, str] = dataclasses.field(default_factory=dict)
    open_to: str = "0"
    hidden: frozenset[str] = frozenset()

    @property
    def title(self) -> str:
        """The resource's name in sentences."""
        return self.one.replace("_", " ").capitalize()


COMMON = {
    "name": Attribute(text(), ""),
    "description": Attribute(text(), ""),
    "project_id": Attribute(text(), None, put=False),
}


def is_elevated(caller: Caller) -> bool:
    """Whether the caller may see and do everything: an administrator or another service."""
    return bool(caller.roles & ELEVATED)


def check_writer(caller: Caller, rule: str) -> None:
    """Raise PolicyNotAuthorized for those who may only read."""
    if not caller.roles & WRITERS:
        raise faults.PolicyNotAuthorized(f"rule:{rule} is disallowed by policy")


def may_see(noun: Noun, caller: Caller) -> tuple[str, tuple[object, ...]]:
    """The SQL condition of the rows that this caller sees."""
    if is_elevated(caller):
        return "1", ()
    return f"(project_id = ? OR {noun.open_to})", (caller.project_id or "",)


def find(reader: Reader, noun: Noun, row_id: str, caller: Caller) -> Row:
    """The row, or the noun's not-found error when it is not there for the caller."""
    condition, values = may_see(noun, caller)
    sql = f"SELECT * FROM {noun.table} WHERE id = ? AND {condition}"  # noqa: S608
    row = reader.one(sql, row_id, *values)
    if row is None:
        raise noun.missing(f"{noun.title} {row_id} could not be found.")
    return decode(row)


def find_own(reader: Reader, noun: Noun, row_id: str, caller: Caller) -> Row:
    """The row for a change: one may see a shared thing and yet not touch it."""
    row = find(reader, noun, row_id, caller)
    if not is_elevated(caller) and row["project_id"] != caller.project_id:
        raise faults.PolicyNotAuthorized(f"rule:update_{noun.one} is disallowed by policy")
    return row


def by_ids(reader: Reader, sql: str, wanted: list[str]) -> list[Row]:
    """Rows of a SELECT ending in `IN ({})` for these ids, in slices that SQLite takes."""
    rows: list[Row] = []
    for start in range(0, len(wanted), 500):
        part = wanted[start : start + 500]
        rows += reader.all(sql.format(marks(part)), *part)
    return rows


def add(deed: Deed, noun: Noun, values: Mapping[str, Any]) -> str:
    """Insert a row with the common columns filled in; returns its id."""
    now = now_text()
    row = {"id": ids.new_id(), "created_at": now, "updated_at": now, "name": "", "description": ""}
    row |= values
    deed.tx.insert(noun.table, encode(row))
    return str(row["id"])


def touch(deed: Deed, noun: Noun, row_id: str, changes: Mapping[str, Any]) -> None:
    """Change columns of a row and count its revision."""
    deed.tx.update(noun.table, row_id, encode(changes) | {"updated_at": now_text()})
    sql = f"UPDATE {noun.table} SET revision_number = revision_number + 1 WHERE id = ?"  # noqa: S608
    deed.tx.run(sql, row_id)


def encode(values: Mapping[str, Any]) -> Row:
    """Lists and objects as the JSON text that the columns keep."""
    return {k: json.dumps(v) if isinstance(v, list | dict) else v for k, v in values.items()}


def decode(row: Row) -> Row:
    """A row with its JSON and boolean columns as values."""
    out = dict(row)
    for key in out.keys() & JSON_COLUMNS:
        out[key] = json.loads(out[key])
    for key in out.keys() & BOOLEAN_COLUMNS:
        out[key] = bool(out[key])
    return out


def common_view(row: Row) -> dict[str, Any]:
    """The attributes that every resource shows."""
    shown = ("id", "name", "description", "tags", "created_at", "updated_at", "revision_number")
    projects = {"project_id": row["project_id"], "tenant_id": row["project_id"]}
    return {key: row[key] for key in shown} | projects


def now_text() -> str:
    """The time as Neutron writes it."""
    now: dt.datetime = clock.SYSTEM.now()
    return now.strftime("%Y-%m-%dT%H:%M:%SZ")


def store_of(req: Any) -> Store:
    """The database behind a request."""
    store: Store = req.service.store
    return store
