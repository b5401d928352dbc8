# SPDX-License-Identifier: Apache-2.0
"""os-retype: another type for a volume, with another file where the type's format is another."""

from __future__ import annotations

import json
from typing import Any

from nova_appliance.common import errors
from nova_appliance.embedded.checks import one_of
from nova_appliance.embedded.store import Row, Transaction
from nova_appliance.embedded.volumes import assists, jobs, moves, types
from nova_appliance.embedded.volumes.service import MIGRATING, Volumes, change, find_in
from nova_appliance.embedded.volumes.statuses import need, refuse_while_copied

NEVER, ON_DEMAND = "never", "on-demand"


def retype(req: Any, volume_id: str, asked: dict[str, Any]) -> tuple[int, None]:
    """Give a volume another type; other formats only if `migration_policy` allows that."""
    kind = types.named(str(asked.get("new_type")))
    policy = one_of(NEVER, ON_DEMAND)(asked.get("migration_policy") or NEVER)
    service = req.service
    with service.store.write() as tx:
        row = find_in(tx, req.caller, "volumes", volume_id)
        assists.refuse(tx, volume_id)
        to_make = _write(service, tx, row, kind, policy)
    if to_make:
        jobs.begin(service, "volumes", to_make)
    if to_make not in {None, volume_id}:
        moves.begin(service, volume_id)
    return 202, None


def _write(
    service: Volumes, tx: Transaction, row: Row, kind: dict[str, Any], policy: str
) -> str | None:
    """The volume for which a job is to begin: none, this one, or a new one that a guest moves to."""
    new = {"volume_type": kind["id"], "multiattach": int(kind["name"] == types.SHARED)}
    if types.format_of(kind["id"]) == types.format_of(row["volume_type"]):
        need(row, "retype", "available")
        change(service, tx, "volumes", row["id"], **new)
        return None
    _check_copy(tx, row, policy)
    if row["status"] == "in-use" and not new["multiattach"]:
        return moves.add(service, tx, row, kind["id"])
    need(row, "retype", "available")
    job = {"upload": json.dumps(new), "migration_status": MIGRATING}
    change(service, tx, "volumes", row["id"], status="retyping", **job)
    return str(row["id"])


def _check_copy(tx: Transaction, row: Row, policy: str) -> None:
    """Raise Invalid unless the volume may have another file."""
    need(row, "retype", "available", "in-use")
    if policy != ON_DEMAND:
        raise errors.Invalid(
            f"Invalid volume: the new type keeps volume {row['id']} in a file of another format, "
            f"which needs the migration_policy {ON_DEMAND}."
        )
    if tx.one("SELECT id FROM snapshots WHERE volume_id = ?", row["id"]):
        raise errors.Invalid(f"Invalid volume: Volume {row['id']} has snapshots.")
    refuse_while_copied(tx, row["id"])
