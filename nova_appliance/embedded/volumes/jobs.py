# SPDX-License-Identifier: Apache-2.0
"""The slow work on disks, in threads: a row's status says what is to be done with it.

Each job may run twice; `resume` runs again what a crash cut off.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Callable
from typing import Any

from nova_appliance.embedded.images import data as image_data
from nova_appliance.embedded.images.files import measure
from nova_appliance.embedded.news import FAILED
from nova_appliance.embedded.store import Row
from nova_appliance.embedded.volumes import files, statuses
from nova_appliance.embedded.volumes.service import Volumes, change, overlay_path

LOG = logging.getLogger(__name__)


def begin(volumes: Volumes, table: str, row_id: str) -> None:
    """Have done soon what the row's status says."""
    volumes.pool.submit(_run, volumes, table, row_id)


def resume(volumes: Volumes) -> None:
    """Go on after a crash, and remove files that no row speaks for."""
    keep = {volumes.disk(row).path.name for row in volumes.store.all("SELECT * FROM volumes")}
    rows = volumes.store.all("SELECT id FROM snapshots")
    keep |= {volumes.snapshot_disk(row["id"]).path.name for row in rows}
    rows = volumes.store.all("SELECT * FROM assists")
    keep |= {overlay_path(volumes, row).name for row in rows}
    files.sweep(volumes.directory, keep)
    for table, status in JOBS:
        sql = f"SELECT id FROM {table} WHERE status = ?"  # noqa: S608 - names are ours
        for row in volumes.store.all(sql, status):
            begin(volumes, table, row["id"])


def _run(volumes: Volumes, table: str, row_id: str) -> None:
    row = volumes.store.one(f"SELECT * FROM {table} WHERE id = ?", row_id)  # noqa: S608
    if row is None or (table, row["status"]) not in JOBS:
        return
    job, failed = JOBS[table, row["status"]]
    try:
        job(volumes, row)
    except Exception:
        LOG.exception("%s %s: %s came to no end", table, row_id, row["status"])
        _settle(volumes, table, row, status=failed)


def _make(volumes: Volumes, row: Row) -> None:
    target = volumes.disk(row)
    if row["snapshot_id"]:
        files.copy(volumes.snapshot_disk(row["snapshot_id"]), target, row["size"])
    elif row["source_volid"]:
        files.copy(volumes.disk_of(row["source_volid"]), target, row["size"])
    elif row["image_id"]:
        image = json.loads(row["image_metadata"])
        source = files.Disk(volumes.images.path(row["image_id"]), image["disk_format"])
        files.copy(source, target, row["size"])
    else:
        files.blank(target, row["size"])
    if not _settle(volumes, "volumes", row, status="available"):
        files.remove([target.path])


def _remove(volumes: Volumes, row: Row) -> None:
    files.remove([volumes.disk(row).path])
    with volumes.store.write() as tx:
        tx.run("DELETE FROM attachments WHERE volume_id = ?", row["id"])
        tx.run("DELETE FROM volumes WHERE id = ?", row["id"])


def _extend(volumes: Volumes, row: Row) -> None:
    """The disk grows; servers that have it are told."""
    files.grow(volumes.disk(row), row["new_size"])
    sql = "SELECT server_id FROM attachments WHERE volume_id = ? AND status = 'attached'"
    servers = [one["server_id"] for one in volumes.store.all(sql, row["id"])]
    status = "in-use" if servers else "available"
    _settle(volumes, "volumes", row, status=status, size=row["new_size"], new_size=None)
    volumes.news.tell([("volume-extended", server_id, row["id"]) for server_id in servers])


def _upload(volumes: Volumes, row: Row) -> None:
    """The image gets the disk's content, unless it is gone or has it already."""
    wanted = json.loads(row["upload"])
    images, image_id = volumes.images, wanted["image_id"]
    image = images.store.one("SELECT * FROM images WHERE id = ?", image_id)
    if image is not None and image["status"] == "queued":
        beside = images.path(image_id).with_name(f"{image_id}.volume")
        files.export(volumes.disk(row), beside, image["disk_format"])
        image_data.activate(images, image, measure(beside), "queued")
    _settle(volumes, "volumes", row, status=wanted["status"], upload=None)


def _reimage(volumes: Volumes, row: Row) -> None:
    """The disk begins as the image; servers that wait for it are told, however it ends."""
    wanted = json.loads(row["upload"])
    sql = "SELECT server_id FROM attachments WHERE volume_id = ? AND server_id IS NOT NULL"
    found = [one["server_id"] for one in volumes.store.all(sql, row["id"])]
    told = [("volume-reimaged", server_id, row["id"]) for server_id in found]
    source = volumes.images.path(wanted["image_id"])
    try:
        image = files.Disk(source, json.loads(wanted["image"])["disk_format"])
        files.overwrite(image, volumes.disk(row), row["size"])
    except Exception:
        _settle(volumes, "volumes", row, status="error", upload=None)
        volumes.news.tell(told, FAILED)
        raise
    fresh = {"image_id": wanted["image_id"], "image_metadata": wanted["image"], "bootable": 1}
    if _settle(volumes, "volumes", row, status="available", upload=None, **fresh):
        volumes.news.tell(told)


def _copy(volumes: Volumes, row: Row) -> None:
    """A volume that a guest writes to is copied by assists.py."""
    if volumes.store.one("SELECT volume_id FROM assists WHERE snapshot_id = ?", row["id"]):
        return
    target = volumes.snapshot_disk(row["id"])
    files.copy(volumes.disk_of(row["volume_id"]), target, row["size"])
    if not _settle(volumes, "snapshots", row, status="available"):
        files.remove([target.path])


def _drop(volumes: Volumes, row: Row) -> None:
    files.remove([volumes.snapshot_disk(row["id"]).path])
    with volumes.store.write() as tx:
        tx.run("DELETE FROM snapshots WHERE id = ?", row["id"])


def _retype(volumes: Volumes, row: Row) -> None:
    """The disk gets the format of another type, in a file beside it: both are there until one is
    the volume's.
    """
    if row["upload"] is None:
        return  # moves.py
    new = json.loads(row["upload"])
    old, target = volumes.disk(row), volumes.disk(row | new)
    told = {"status": "available", "upload": None}
    try:
        files.overwrite(old, target, row["size"])
    except Exception:
        _settle(volumes, "volumes", row, **told, migration_status="error")
        files.remove([target.path])
        raise
    done = _settle(volumes, "volumes", row, **told, migration_status="success", **new)
    files.remove([old.path if done else target.path])


def _settle(volumes: Volumes, table: str, row: Row, **fields: Any) -> bool:
    """End a job, if the row is still as the job found it."""
    with volumes.store.write() as tx:
        sql = f"SELECT status FROM {table} WHERE id = ?"  # noqa: S608 - names are ours
        now = tx.one(sql, row["id"])
        if now is None or now["status"] != row["status"]:
            return False
        change(volumes, tx, table, row["id"], **fields)
        if table == "volumes":
            statuses.settle(volumes, tx, row["id"])
        return True


JOBS: dict[tuple[str, str], tuple[Callable[[Volumes, Row], None], str]] = {
    ("volumes", "creating"): (_make, "error"),
    ("volumes", "deleting"): (_remove, "error_deleting"),
    ("volumes", "extending"): (_extend, "error_extending"),
    ("volumes", "uploading"): (_upload, "available"),
    ("volumes", "downloading"): (_reimage, "error"),
    ("volumes", "retyping"): (_retype, "available"),
    ("snapshots", "creating"): (_copy, "error"),
    ("snapshots", "deleting"): (_drop, "error_deleting"),
}
"""(Table, status) > what is to be done, and the status when it cannot be done."""
