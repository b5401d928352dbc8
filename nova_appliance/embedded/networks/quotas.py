# SPDX-License-Identifier: Apache-2.0
"""Quotas: counted from the rows in the transaction that adds one, never kept as counters."""

from __future__ import annotations

from typing import Any

from nova_appliance.common import errors
from nova_appliance.embedded.checks import integer
from nova_appliance.embedded.networks import faults, nouns
from nova_appliance.embedded.networks.nouns import Reader
from nova_appliance.embedded.web import read_object

# resource: (default, table that is counted, which of its rows)
RESOURCES = {
    "network": (100, "networks", "1"),
    "subnet": (100, "subnets", "1"),
    "port": (500, "ports", "device_owner NOT IN ('network:dhcp', 'network:floatingip')"),
    "router": (10, "routers", "1"),
    "floatingip": (50, "floatingips", "1"),
    "security_group": (10, "security_groups", "1"),
    "security_group_rule": (100, "rules", "1"),
}
_AMOUNT = integer(-1, 2**31 - 1)


def check(tx: Reader, resource: str, project_id: str) -> None:
    """Raise OverQuota unless the project may have one more."""
    limit = limits(tx, project_id)[resource]
    if limit >= 0 and used(tx, resource, project_id) >= limit:
        raise faults.OverQuota(f"Quota exceeded for resources: ['{resource}'].")


def limits(reader: Reader, project_id: str) -> dict[str, int]:
    """How many of each a project may have; -1 is no limit."""
    rows = reader.all("SELECT resource, amount FROM quotas WHERE project_id = ?", project_id)
    own = {row["resource"]: row["amount"] for row in rows}
    return {name: own.get(name, default) for name, (default, _, _) in RESOURCES.items()}


def used(reader: Reader, resource: str, project_id: str) -> int:
    """How many of these the project has."""
    _, table, condition = RESOURCES[resource]
    sql = f"SELECT count(*) AS n FROM {table} WHERE project_id = ? AND {condition}"  # noqa: S608
    row = reader.one(sql, project_id)
    return int(row["n"]) if row else 0


def index(req: Any) -> dict[str, Any]:
    """`GET /quotas`: the projects with quotas of their own."""
    _check_admin(req.caller)
    store = nouns.store_of(req)
    rows = store.all("SELECT DISTINCT project_id FROM quotas ORDER BY project_id")
    return {
        "quotas": [limits(store, r["project_id"]) | {"project_id": r["project_id"]} for r in rows]
    }


def show(req: Any, project_id: str) -> dict[str, Any]:
    """`GET /quotas/{project}`."""
    _check_project(req.caller, project_id)
    return {"quota": limits(nouns.store_of(req), project_id)}


def defaults(req: Any, project_id: str) -> dict[str, Any]:
    """`GET /quotas/{project}/default`."""
    _check_project(req.caller, project_id)
    return {"quota": {name: default for name, (default, _, _) in RESOURCES.items()}}


def details(req: Any, project_id: str) -> dict[str, Any]:
    """`GET /quotas/{project}/details`: limits beside what is used."""
    _check_project(req.caller, project_id)
    store = nouns.store_of(req)
    return {
        "quota": {
            name: {"limit": limit, "used": used(store, name, project_id), "reserved": 0}
            for name, limit in limits(store, project_id).items()
        }
    }


def change(req: Any, project_id: str) -> dict[str, Any]:
    """`PUT /quotas/{project}`."""
    _check_admin(req.caller)
    asked = read_object(req, "quota")
    asked = {key: v for key, v in asked.items() if key not in {"tenant_id", "project_id", "force"}}
    if unknown := sorted(set(asked) - set(RESOURCES)):
        raise errors.Invalid(f"Unrecognized attribute(s) '{', '.join(unknown)}'")
    amounts = {name: _AMOUNT(value) for name, value in asked.items()}
    with nouns.store_of(req).write() as tx:
        for name, amount in amounts.items():
            row = {"project_id": project_id, "resource": name, "amount": amount}
            tx.insert("quotas", row, or_="REPLACE")
    return {"quota": limits(nouns.store_of(req), project_id)}


def remove(req: Any, project_id: str) -> None:
    """`DELETE /quotas/{project}`: back to the defaults."""
    _check_admin(req.caller)
    with nouns.store_of(req).write() as tx:
        tx.run("DELETE FROM quotas WHERE project_id = ?", project_id)


def _check_admin(caller: Any) -> None:
    if not nouns.is_elevated(caller):
        raise faults.PolicyNotAuthorized("rule:update_quota is disallowed by policy")


def _check_project(caller: Any, project_id: str) -> None:
    if project_id != caller.project_id:
        _check_admin(caller)
