# SPDX-License-Identifier: Apache-2.0
"""Quotas of volumes: counted from the rows in the transaction that adds one."""

from __future__ import annotations

from typing import Any

from nova_appliance.common import errors
from nova_appliance.embedded.checks import integer
from nova_appliance.embedded.store import Store, Transaction
from nova_appliance.embedded.volumes import types
from nova_appliance.embedded.volumes.service import require_admin
from nova_appliance.embedded.web import read_object

DEFAULTS = {
    "volumes": 10,
    "snapshots": 10,
    "gigabytes": 1000,
    "per_volume_gigabytes": -1,
    "backups": 10,
    "backup_gigabytes": 1000,
    "groups": 10,
}
_OWN = "coalesce(migration_status, '') NOT LIKE 'target:%'"
_COUNTED = {
    "volumes": f"SELECT count(*) AS n FROM volumes WHERE project_id = ? AND {_OWN}",  # noqa: S608
    "snapshots": "SELECT count(*) AS n FROM snapshots WHERE project_id = ?",
    "gigabytes": f"""SELECT
        (SELECT coalesce(sum(max(size, coalesce(new_size, 0))), 0)
            FROM volumes WHERE project_id = ?1 AND {_OWN})
        + (SELECT coalesce(sum(size), 0) FROM snapshots WHERE project_id = ?1) AS n""",  # noqa: S608
}
_WORDS = {"volumes": "VolumeLimitExceeded", "snapshots": "SnapshotLimitExceeded"}
_AMOUNT = integer(-1, 2**31 - 1)


def check(tx: Transaction, project_id: str, **wanted: int) -> None:
    """Raise OverQuota unless the project may have so much more of each resource."""
    bounds = limits(tx, project_id)
    for name, amount in wanted.items():
        have, limit = used(tx, name, project_id), bounds[name]
        if limit < 0 or have + amount <= limit:
            continue
        if name == "gigabytes":
            raise errors.OverQuota(
                "VolumeSizeExceedsAvailableQuota: Requested volume or snapshot exceeds allowed "
                f"gigabytes quota. Requested {amount}G, quota is {limit}G and {have}G has been "
                "consumed."
            )
        raise errors.OverQuota(
            f"{_WORDS[name]}: Maximum number of {name} allowed ({limit}) exceeded for quota "
            f"'{name}'."
        )


def check_size(tx: Transaction, project_id: str, size: int) -> None:
    """Raise OverQuota when one volume is larger than the project may have."""
    limit = limits(tx, project_id)["per_volume_gigabytes"]
    if 0 <= limit < size:
        raise errors.OverQuota(
            f"VolumeSizeExceedsLimit: Requested volume size {size}G is larger than maximum allowed "
            f"limit {limit}G."
        )


def limits(reader: Store | Transaction, project_id: str) -> dict[str, int]:
    """How much of each a project may have; -1 is no limit."""
    rows = reader.all("SELECT resource, amount FROM quotas WHERE project_id = ?", project_id)
    return DEFAULTS | {row["resource"]: row["amount"] for row in rows}


def used(reader: Store | Transaction, name: str, project_id: str) -> int:
    """How much of it the project has."""
    row = reader.one(_COUNTED[name], project_id) if name in _COUNTED else None
    return int(row["n"]) if row else 0


def show(req: Any, project_id: str) -> dict[str, Any]:
    """GET /os-quota-sets/{project}; with ?usage=true limits beside what is used."""
    _check_project(req, project_id)
    store = req.service.store
    bounds: dict[str, Any] = _with_types(limits(store, project_id))
    if req.GET.get("usage", "").lower() in {"true", "1"}:
        bounds = {
            name: {"limit": limit, "in_use": used(store, name, project_id), "reserved": 0}
            for name, limit in bounds.items()
        }
    return {"quota_set": bounds | {"id": project_id}}


def defaults(req: Any, project_id: str) -> dict[str, Any]:
    """GET /os-quota-sets/{project}/defaults."""
    _check_project(req, project_id)
    return {"quota_set": _with_types(DEFAULTS) | {"id": project_id}}


def change(req: Any, project_id: str) -> dict[str, Any]:
    """PUT /os-quota-sets/{project}."""
    require_admin(req.caller)
    asked = read_object(req, "quota_set")
    asked = {key: value for key, value in asked.items() if key not in {"tenant_id", "force"}}
    if unknown := sorted(set(asked) - set(DEFAULTS)):
        raise errors.Invalid(f"Bad key(s) in quota set: {', '.join(unknown)}")
    amounts = {name: _AMOUNT(value) for name, value in asked.items()}
    with req.service.store.write() as tx:
        for name, amount in amounts.items():
            row = {"project_id": project_id, "resource": name, "amount": amount}
            tx.insert("quotas", row, or_="REPLACE")
    return {"quota_set": _with_types(limits(req.service.store, project_id))}


def remove(req: Any, project_id: str) -> None:
    """DELETE /os-quota-sets/{project}: back to the defaults."""
    require_admin(req.caller)
    with req.service.store.write() as tx:
        tx.run("DELETE FROM quotas WHERE project_id = ?", project_id)


def absolute(req: Any) -> dict[str, Any]:
    """GET /limits: what the caller's project may have and has."""
    store, project_id = req.service.store, req.caller.project_id
    bounds = limits(store, project_id)
    return {
        "limits": {
            "rate": [],
            "absolute": {
                "maxTotalVolumes": bounds["volumes"],
                "maxTotalSnapshots": bounds["snapshots"],
                "maxTotalVolumeGigabytes": bounds["gigabytes"],
                "maxTotalBackups": bounds["backups"],
                "maxTotalBackupGigabytes": bounds["backup_gigabytes"],
                "totalVolumesUsed": used(store, "volumes", project_id),
                "totalSnapshotsUsed": used(store, "snapshots", project_id),
                "totalGigabytesUsed": used(store, "gigabytes", project_id),
                "totalBackupsUsed": 0,
                "totalBackupGigabytesUsed": 0,
            },
        }
    }


def _with_types(bounds: dict[str, int]) -> dict[str, int]:
    """Types have no limits of their own."""
    names = [f"{noun}_{kind['name']}" for kind in types.TYPES for noun in _COUNTED]
    return bounds | dict.fromkeys(names, -1)


def _check_project(req: Any, project_id: str) -> None:
    if project_id != req.caller.project_id:
        require_admin(req.caller)
