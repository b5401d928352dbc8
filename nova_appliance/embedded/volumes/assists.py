# SPDX-License-Identifier: Apache-2.0
"""Snapshots of volumes that a running guest writes to: the compute service has the guest write to a
file laid over the disk, the disk is copied, and the guest's file becomes one with it again.

Each phase may run twice; a row says how far it is, and `resume` goes on after a crash. The volume's
disk is a plain file again when the snapshot is there, so that nothing else knows of chains.
"""

from __future__ import annotations

import json
import logging
import threading
import urllib.error
from typing import Any
from urllib.parse import urlencode

from nova_appliance.common import clock, errors
from nova_appliance.embedded.store import Row, Transaction
from nova_appliance.embedded.volumes import files, phases
from nova_appliance.embedded.volumes.service import Volumes, change, overlay_path

LOG = logging.getLogger(__name__)
LAY, COPY, MERGE = "lay", "copy", "merge"
DONE, FAILED = "done", "failed"
SAID = {
    (LAY, "creating"): DONE,
    (LAY, "error"): FAILED,
    (MERGE, "deleting"): DONE,
    (MERGE, "error_deleting"): FAILED,
}
"""Phase and the status that the compute service tells > what that means."""
ANSWER_S = 600.0
"""The compute service may take so long for its part."""
BUSY_TRIES = 30
"""A server that does something else is asked again so often before there is no snapshot."""
EACH_S = 1.0
"""Between two orders to a server that is busy."""
LOOK_S = 0.2


class CannotAsk(errors.ApplianceError):
    """The compute service did not take its part, or could not do it."""


def needed(volumes: Volumes, volume: Row) -> bool:
    """Whether a running guest writes to the volume now."""
    return files.is_open(volumes.disk(volume).path)


def check_possible(volumes: Volumes, tx: Transaction, volume: Row) -> None:
    """Raise Invalid where the compute service would refuse."""
    refuse(tx, volume["id"])
    sql = "SELECT id FROM attachments WHERE volume_id = ? AND status = 'attached'"
    if len(tx.all(sql, volume["id"])) != 1 or volume["multiattach"]:
        raise errors.Invalid(
            f"Invalid volume: several servers may write to volume {volume['id']}: stop them first."
        )
    if not volumes.compute.is_there:
        raise errors.Unsupported("This cloud has no compute service that could help.")


def refuse(tx: Transaction, volume_id: str) -> None:
    """Raise Invalid while a snapshot of the volume is being taken, or it gets another file."""
    if tx.one("SELECT volume_id FROM moves WHERE ? IN (volume_id, new_id)", volume_id):
        raise errors.Invalid(
            f"Invalid volume: Volume {volume_id} is just getting another type under its server."
        )
    if tx.one("SELECT volume_id FROM assists WHERE volume_id = ?", volume_id):
        raise errors.Invalid(
            f"Invalid volume: Volume {volume_id} is just being copied under its server: wait for "
            "its snapshot."
        )


def add(tx: Transaction, volume_id: str, snapshot_id: str) -> None:
    """Have a snapshot taken so; `begin` follows when the transaction is through."""
    row = {"volume_id": volume_id, "snapshot_id": snapshot_id, "phase": LAY, "said": ""}
    tx.insert("assists", row)


def begin(volumes: Volumes, volume_id: str) -> None:
    """Go on with it in a thread of its own: it waits for others most of the time."""
    threading.Thread(target=run, args=(volumes, volume_id), name="assist", daemon=True).start()


def resume(volumes: Volumes) -> None:
    """Go on after a crash."""
    for row in volumes.store.all("SELECT volume_id FROM assists"):
        begin(volumes, row["volume_id"])


def hear(tx: Transaction, snapshot_id: str, status: str) -> bool:
    """Take note of what the compute service says; False if nobody waits for that."""
    found = tx.one("SELECT volume_id, phase FROM assists WHERE snapshot_id = ?", snapshot_id)
    if found is None:
        return False
    said = SAID.get((found["phase"], status))
    if said:
        _set(tx, found["volume_id"], said=said)
    return True


def run(volumes: Volumes, volume_id: str) -> None:
    """Do phase after phase; what fails is tried again, since the guest's file must come down."""
    phases.run(volumes, "assists", PHASES, volume_id)


def _lay(volumes: Volumes, row: Row) -> None:
    over = overlay_path(volumes, row)
    files.lay_over(volumes.disk_of(row["volume_id"]), over)
    info = {"snapshot_id": row["snapshot_id"], "type": "qcow2", "new_file": over.name}
    body = {"snapshot": {"volume_id": row["volume_id"], "create_info": info}}
    try:
        _ask(volumes, row, "POST", "os-assisted-volume-snapshots", body)
    except CannotAsk as error:
        LOG.warning("volume %s: no snapshot: %s", row["volume_id"], error.message)
        with volumes.store.write() as tx:
            _end_snapshot(volumes, tx, row, "error")
            _set(tx, row["volume_id"], phase=MERGE, said="")
        return
    _next(volumes, row, COPY)


def _copy(volumes: Volumes, row: Row) -> None:
    """The disk itself changes no more."""
    snapshot = volumes.store.one("SELECT * FROM snapshots WHERE id = ?", row["snapshot_id"])
    if snapshot is not None and snapshot["status"] == "creating":
        target = volumes.snapshot_disk(row["snapshot_id"])
        try:
            disk = volumes.disk_of(row["volume_id"])
            files.copy(disk, target, snapshot["size"], shared=True)
        except Exception:
            LOG.exception("snapshot %s came to no end", row["snapshot_id"])
            with volumes.store.write() as tx:
                _end_snapshot(volumes, tx, row, "error")
    _next(volumes, row, MERGE)


def _merge(volumes: Volumes, row: Row) -> None:
    """The guest's file comes down: under the guest, or, when no server has the volume, here."""
    sql = "SELECT status FROM attachments WHERE volume_id = ? AND connector IS NOT NULL"
    if volumes.store.all(sql, row["volume_id"]):
        over = overlay_path(volumes, row).name
        told = {
            "volume_id": row["volume_id"],
            "type": "qcow2",
            "file_to_merge": over,
            "merge_target_file": volumes.disk_of(row["volume_id"]).path.name,
        }
        query = urlencode({"delete_info": json.dumps(told)})
        path = f"os-assisted-volume-snapshots/{row['snapshot_id']}?{query}"
        _ask(volumes, row, "DELETE", path)
        with volumes.store.write() as tx:
            _forget(volumes, tx, row)
    else:
        _fold(volumes, row)
    files.remove([overlay_path(volumes, row)])
    if volumes.store.one("SELECT id FROM snapshots WHERE id = ?", row["snapshot_id"]) is None:
        files.remove([volumes.snapshot_disk(row["snapshot_id"]).path])


def _fold(volumes: Volumes, row: Row) -> None:
    """Nobody can begin to use the volume while the little that is left comes down."""
    over = overlay_path(volumes, row)
    files.commit(over)
    with volumes.store.write() as tx:
        sql = "SELECT id FROM attachments WHERE volume_id = ? AND connector IS NOT NULL"
        if tx.one(sql, row["volume_id"]):
            raise CannotAsk(f"A server has just got volume {row['volume_id']}.")
        files.commit(over)
        _forget(volumes, tx, row)


def _ask(volumes: Volumes, row: Row, method: str, path: str, body: Any = None) -> None:
    """Have the compute service do its part and wait for its word. Raises CannotAsk."""
    with volumes.store.write() as tx:
        _set(tx, row["volume_id"], said="")
    for _ in range(BUSY_TRIES):
        try:
            volumes.compute.ask(method, path, body)
            break
        except urllib.error.HTTPError as error:
            why = error.read().decode(errors="replace")
            error.close()
        except OSError as error:
            why = str(error)
        LOG.info("volume %s: the compute service does not help yet: %s", row["volume_id"], why)
        if clock.wait_for(lambda: _said(volumes, row) != "", EACH_S, LOOK_S):
            break  # an earlier order of ours was under way
    else:
        raise CannotAsk(f"The compute service refuses: {why}")
    if not clock.wait_for(lambda: _said(volumes, row) != "", ANSWER_S, LOOK_S):
        raise CannotAsk("The compute service does not say how it ended.")
    if _said(volumes, row) == FAILED:
        raise CannotAsk("The compute service could not do it.")


def _said(volumes: Volumes, row: Row) -> str:
    now = phases.find(volumes, "assists", row["volume_id"])
    return DONE if now is None else str(now["said"])


def _next(volumes: Volumes, row: Row, phase: str) -> None:
    with volumes.store.write() as tx:
        _set(tx, row["volume_id"], phase=phase, said="")


def _set(tx: Transaction, volume_id: str, **fields: str) -> None:
    for name, value in fields.items():
        sql = f"UPDATE assists SET {name} = ? WHERE volume_id = ?"  # noqa: S608 - names are ours
        tx.run(sql, value, volume_id)


def _forget(volumes: Volumes, tx: Transaction, row: Row) -> None:
    _end_snapshot(volumes, tx, row, "available")
    tx.run("DELETE FROM assists WHERE volume_id = ?", row["volume_id"])


def _end_snapshot(volumes: Volumes, tx: Transaction, row: Row, status: str) -> None:
    snapshot = tx.one("SELECT status FROM snapshots WHERE id = ?", row["snapshot_id"])
    if snapshot is not None and snapshot["status"] == "creating":
        change(volumes, tx, "snapshots", row["snapshot_id"], status=status)


PHASES: phases.Phases = {LAY: _lay, COPY: _copy, MERGE: _merge}
