# SPDX-License-Identifier: Apache-2.0
"""The status of a volume, which follows from its attachments while nothing else is done with it."""

from __future__ import annotations

from nova_appliance.embedded.store import Transaction
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
