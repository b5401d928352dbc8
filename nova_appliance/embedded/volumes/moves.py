# SPDX-License-Identifier: Apache-2.0
"""Volumes in use that get another format: the compute service has the guest's QEMU copy the disk to
the file of a volume made for that, and go on with it. Then the two volumes change files.

Each phase may run twice; a row says how far it is, and `resume` goes on after a crash.
"""

from __future__ import annotations

import logging
import threading
import urllib.error
from typing import Any

from nova_appliance.common import clock, errors, ids
from nova_appliance.embedded.checks import boolean, uuid
from nova_appliance.embedded.store import Row, Transaction
from nova_appliance.embedded.volumes import files, jobs, phases, statuses
from nova_appliance.embedded.volumes.service import (
    MIGRATING,
    TARGET,
    Volumes,
    change,
    find_in,
    require_admin,
)

LOG = logging.getLogger(__name__)
MAKE, ASK, CLEAN, BACK = "make", "ask", "clean", "back"
FINAL = (400, 403, 404)
"""Answers of the compute service that stay so; a server that is busy gets 409."""
BUSY_TRIES = 30
"""A server that does something else is asked again so often before the volume stays as it was."""
ANSWER_S = 25 * 3600.0
"""The compute service gives itself 24 hours to copy."""
EACH_S = 1.0
"""Between two orders to a server that is busy."""
LOOK_S = 0.2
_NEW = {
    "status": "creating",
    "new_size": None,
    "upload": None,
    "name_id": None,
    "snapshot_id": None,
    "source_volid": None,
    "image_id": None,
}


def add(volumes: Volumes, tx: Transaction, volume: Row, type_id: str) -> str:
    """Have a volume moved; `begin` follows when the transaction is through, and the job that makes
    the disk of the new one, whose id is returned.
    """
    if volume["multiattach"] or len(_attached(tx, volume["id"])) != 1:
        raise errors.Invalid(
            f"Invalid volume: several servers may have volume {volume['id']}: detach it first."
        )
    if not volumes.compute.is_there:
        raise errors.Unsupported("This cloud has no compute service that could help.")
    moment, new_id = volumes.now(), ids.new_id()
    new = {
        "id": new_id,
        "volume_type": type_id,
        "migration_status": f"{TARGET}{volume['id']}",
        "created_at": moment,
        "updated_at": moment,
    }
    tx.insert("volumes", volume | _NEW | new)
    tx.insert("moves", {"volume_id": volume["id"], "new_id": new_id, "phase": MAKE})
    told = {"status": "retyping", "upload": None, "migration_status": MIGRATING}
    change(volumes, tx, "volumes", volume["id"], **told)
    return new_id


def begin(volumes: Volumes, volume_id: str) -> None:
    """Go on with it in a thread of its own: it waits for others most of the time."""
    threading.Thread(target=run, args=(volumes, volume_id), name="move", daemon=True).start()


def resume(volumes: Volumes) -> None:
    """Go on after a crash."""
    for row in volumes.store.all("SELECT volume_id FROM moves"):
        begin(volumes, row["volume_id"])


def complete(req: Any, volume_id: str, asked: dict[str, Any]) -> tuple[int, dict[str, Any]]:
    """os-migrate_volume_completion: the compute service says that a server uses the new file, or that
    it could not be copied. Said again it changes nothing.
    """
    require_admin(req.caller)
    new_id, error = uuid(asked.get("new_volume")), boolean(asked.get("error") or False)
    with req.service.store.write() as tx:
        volume = find_in(tx, req.caller, "volumes", volume_id)
        row = tx.one("SELECT * FROM moves WHERE volume_id = ?", volume_id)
        here = row is not None and row["new_id"] == new_id
        phase = str(row["phase"]) if row and here else ""
        if phase in {MAKE, ASK}:
            (_call_off if error else _exchange)(req.service, tx, volume, new_id)
        elif not error and volume["name_id"] != new_id:
            raise errors.Invalid(f"Invalid volume: volume {volume_id} does not move to {new_id}.")
    return 200, {"save_volume_id": volume_id}


def _exchange(volumes: Volumes, tx: Transaction, volume: Row, new_id: str) -> None:
    """The volume has the new file and the server that uses it; the other gets what it had."""
    new = find_new(tx, new_id)
    if not _taken(tx, new_id):
        raise errors.Invalid(f"Invalid volume: no server has volume {new_id}.")
    change(
        volumes, tx, "volumes", volume["id"],
        name_id=new["name_id"] or new_id, volume_type=new["volume_type"], migration_status="success",
    )  # fmt: skip
    change(
        volumes, tx, "volumes", new_id,
        name_id=volume["name_id"] or volume["id"], volume_type=volume["volume_type"],
    )  # fmt: skip
    to = "UPDATE attachments SET volume_id = CASE volume_id WHEN ?1 THEN ?2 ELSE ?1 END"
    tx.run(f"{to} WHERE volume_id IN (?1, ?2)", volume["id"], new_id)
    _set(tx, volume["id"], CLEAN)


def _call_off(volumes: Volumes, tx: Transaction, volume: Row, new_id: str) -> None:
    """No server can get the new volume any more."""
    change(volumes, tx, "volumes", new_id, status="error")
    _set(tx, volume["id"], BACK)


def find_new(tx: Transaction, new_id: str) -> Row:
    """The volume that is there for its file only. Raises Invalid."""
    new = tx.one("SELECT * FROM volumes WHERE id = ?", new_id)
    if new is None:
        raise errors.Invalid(f"Invalid volume: there is no volume {new_id}.")
    return new


def run(volumes: Volumes, volume_id: str) -> None:
    """Do phase after phase; what fails is tried again."""
    phases.run(volumes, "moves", PHASES, volume_id)


def _make(volumes: Volumes, row: Row) -> None:
    """The new file is blank and of the same size."""

    def status() -> str:
        sql = "SELECT status FROM volumes WHERE id = ?"
        found = volumes.store.one(sql, row["new_id"])
        return str(found["status"]) if found else "gone"

    clock.wait_for(lambda: status() != "creating", ANSWER_S, LOOK_S)
    with volumes.store.write() as tx:
        _set(tx, row["volume_id"], ASK if status() == "available" else BACK, before=MAKE)


def _ask(volumes: Volumes, row: Row) -> None:
    """Have the compute service begin, and wait for its word."""
    why = ""
    for _ in range(BUSY_TRIES):
        why, is_final = _order(volumes, row)
        if not why or clock.wait_for(lambda: _is_under_way(volumes, row), EACH_S, LOOK_S):
            why = ""  # an earlier order of ours was under way
            break
        LOG.info("volume %s: the compute service does not copy it yet: %s", row["volume_id"], why)
        if is_final:
            break
    if not why:
        clock.wait_for(lambda: not _is_awaited(volumes, row), ANSWER_S, LOOK_S)
        why = "nobody says how it ended"
    with volumes.store.write() as tx:
        if _phase(tx, row) == ASK and not _taken(tx, row["new_id"]):
            LOG.warning("volume %s stays as it was: %s", row["volume_id"], why)
            _call_off(volumes, tx, {"id": row["volume_id"]}, row["new_id"])


def _order(volumes: Volumes, row: Row) -> tuple[str, bool]:
    """Why the compute service does not begin, and whether that stays so."""
    servers = _attached(volumes.store, row["volume_id"])
    if not servers:
        return "no server has it", True
    path = f"servers/{servers[0]}/os-volume_attachments/{row['volume_id']}"
    try:
        volumes.compute.ask("PUT", path, {"volumeAttachment": {"volumeId": row["new_id"]}})
    except urllib.error.HTTPError as error:
        why = error.read().decode(errors="replace")
        error.close()
        return why or str(error), error.code in FINAL
    except OSError as error:
        return str(error) or "nobody answers", False
    return "", False


def _is_under_way(volumes: Volumes, row: Row) -> bool:
    return _phase(volumes.store, row) != ASK or bool(_taken(volumes.store, row["new_id"]))


def _is_awaited(volumes: Volumes, row: Row) -> bool:
    """Whether a word of the compute service may still come."""
    there = _attached(volumes.store, row["volume_id"]) or _taken(volumes.store, row["new_id"])
    return bool(there) and _phase(volumes.store, row) == ASK


def _clean(volumes: Volumes, row: Row) -> None:
    """The old file, which is the other volume's now, goes when no server has it."""
    new = volumes.store.one("SELECT * FROM volumes WHERE id = ?", row["new_id"])

    def is_free() -> bool:
        taken = _taken(volumes.store, row["new_id"])
        return not taken and (new is None or not files.is_open(volumes.disk(new).path))

    if clock.wait_for(is_free, ANSWER_S, LOOK_S):
        _end(volumes, row)


def _back(volumes: Volumes, row: Row) -> None:
    """The volume is as it was."""
    _end(volumes, row, migration_status="error")


def _end(volumes: Volumes, row: Row, **fields: Any) -> None:
    with volumes.store.write() as tx:
        tx.run("DELETE FROM attachments WHERE volume_id = ?", row["new_id"])
        change(volumes, tx, "volumes", row["new_id"], status="deleting")
        volume = tx.one("SELECT status FROM volumes WHERE id = ?", row["volume_id"])
        if volume and volume["status"] == "retyping":
            change(volumes, tx, "volumes", row["volume_id"], status="in-use", **fields)
            statuses.settle(volumes, tx, row["volume_id"])
        tx.run("DELETE FROM moves WHERE volume_id = ?", row["volume_id"])
    jobs.begin(volumes, "volumes", row["new_id"])


def _attached(reader: Any, volume_id: str) -> list[str]:
    """Servers that have the volume."""
    sql = "SELECT server_id FROM attachments WHERE volume_id = ? AND status = 'attached'"
    return [one["server_id"] for one in reader.all(sql, volume_id)]


def _taken(reader: Any, volume_id: str) -> list[Row]:
    found: list[Row] = reader.all("SELECT id FROM attachments WHERE volume_id = ?", volume_id)
    return found


def _phase(reader: Any, row: Row) -> str:
    now = reader.one("SELECT phase FROM moves WHERE volume_id = ?", row["volume_id"])
    return str(now["phase"]) if now else ""


def _set(tx: Transaction, volume_id: str, phase: str, before: str | None = None) -> None:
    """Go to a phase; only from `before`, where that is named."""
    sql = "UPDATE moves SET phase = ? WHERE volume_id = ? AND phase = coalesce(?, phase)"
    tx.run(sql, phase, volume_id, before)


PHASES: phases.Phases = {
    MAKE: _make,
    ASK: _ask,
    CLEAN: _clean,
    BACK: _back,
}
