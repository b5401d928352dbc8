# SPDX-License-Identifier: Apache-2.0
"""The status of a volume, which follows from its attachments while nothing else is done with it."""

from __future__ import annotations

from nova_appliance.common import errors
from nova_appliance.embedded.store import Row, Transaction
from nova_appliance.embedded.volumes.service import Volumes, change

TAKEN = ("in-use", "reserved", "attaching", "detaching", "available")
"""Statuses that follow from attachments; all others (error, extending) stay."""


def settle(service: Volumes, tx: Transaction, volume_id: str) -> None:
    """Give the volume the status that its attachments say."""
    sql = "SELECT status FROM attachments WHERE volume_id = ?"
    have = {row["status"] for row in tx.all(sql, volume_id)}
    ranks = (("attached", "in-use"), ("attaching", "attaching"), ("reserved", "reserved"))
    status = next((told for one, told in ranks if one in have), "available")
    volume = tx.one("SELECT status FROM volumes WHERE id = ?", volume_id)
    if volume and volume["status"] in TAKEN:
        change(service, tx, "volumes", volume_id, status=status)


def need(row: Row, deed: str, *allowed: str) -> None:
    """Raise Invalid unless the volume has one of these statuses."""
    if row["status"] not in allowed:
        raise errors.Invalid(
            f"Invalid volume: Volume {row['id']} status must be {' or '.join(allowed)} to {deed}, "
            f"but current status is: {row['status']}."
        )


def refuse_while_copied(tx: Transaction, volume_id: str) -> None:
    """Raise Invalid while another volume is made of this one."""
    copied = "SELECT id FROM volumes WHERE source_volid = ? AND status = 'creating'"
    if tx.one(copied, volume_id):
        raise errors.Invalid(f"Invalid volume: Volume {volume_id} is being copied.")
