# SPDX-License-Identifier: Apache-2.0
"""What the volume handlers share (`req.service`): rows, files, images, and who may see what."""

from __future__ import annotations

import concurrent.futures
import dataclasses
import datetime as dt
from pathlib import Path
from typing import Any

from nova_appliance.common import clock, errors
from nova_appliance.embedded.compute import Compute
from nova_appliance.embedded.images.service import Images, images_of
from nova_appliance.embedded.news import News
from nova_appliance.embedded.settings import Settings
from nova_appliance.embedded.store import Row, Store, Transaction
from nova_appliance.embedded.tokens import Caller, Tokens
from nova_appliance.embedded.volumes import types
from nova_appliance.embedded.volumes.files import Disk

SCHEMA = """
CREATE TABLE IF NOT EXISTS volumes (
    id TEXT PRIMARY KEY, project_id TEXT NOT NULL, user_id TEXT NOT NULL,
    name TEXT, description TEXT, size INTEGER NOT NULL, new_size INTEGER, status TEXT NOT NULL,
    bootable INTEGER NOT NULL, volume_type TEXT NOT NULL, multiattach INTEGER NOT NULL,
    availability_zone TEXT NOT NULL, snapshot_id TEXT, source_volid TEXT, image_id TEXT,
    metadata TEXT NOT NULL, image_metadata TEXT NOT NULL, upload TEXT,
    created_at TEXT NOT NULL, updated_at TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS volumes_project ON volumes (project_id);
CREATE TABLE IF NOT EXISTS snapshots (
    id TEXT PRIMARY KEY, volume_id TEXT NOT NULL, project_id TEXT NOT NULL, user_id TEXT NOT NULL,
    name TEXT, description TEXT, size INTEGER NOT NULL, status TEXT NOT NULL,
    metadata TEXT NOT NULL, created_at TEXT NOT NULL, updated_at TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS snapshots_volume ON snapshots (volume_id);
CREATE TABLE IF NOT EXISTS attachments (
    id TEXT PRIMARY KEY, volume_id TEXT NOT NULL, project_id TEXT NOT NULL, server_id TEXT,
    status TEXT NOT NULL, mode TEXT NOT NULL, host TEXT, mountpoint TEXT, connector TEXT,
    created_at TEXT NOT NULL, attached_at TEXT);
CREATE INDEX IF NOT EXISTS attachments_volume ON attachments (volume_id);
CREATE TABLE IF NOT EXISTS assists (
    volume_id TEXT PRIMARY KEY, snapshot_id TEXT NOT NULL, phase TEXT NOT NULL, said TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS moves (
    volume_id TEXT PRIMARY KEY, new_id TEXT NOT NULL, phase TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS quotas (
    project_id TEXT NOT NULL, resource TEXT NOT NULL, amount INTEGER NOT NULL,
    PRIMARY KEY (project_id, resource))
"""
LATER = (("volumes", "name_id", "TEXT"), ("volumes", "migration_status", "TEXT"))
"""`name_id` is the id in the name of the volume's file, if that is another than the volume's."""
MIGRATING, TARGET = "migrating", "target:"
"""migration_status of a volume that gets another file, and of the one that lends it, with an id."""
ZONE = "nova"
WORKERS = 2
"""Disks that are made or copied at the same time."""
NOUNS = {"volumes": "Volume", "snapshots": "Snapshot", "attachments": "Attachment"}


@dataclasses.dataclass(frozen=True)
class Volumes:
    """One volume service: its file of rows, its directory of disks."""

    settings: Settings
    store: Store
    tokens: Tokens
    images: Images
    directory: Path
    news: News
    compute: Compute
    pool: concurrent.futures.ThreadPoolExecutor

    def disk(self, volume: Row) -> Disk:
        """The disk of a volume, of which these are columns or more: id, name_id, volume_type."""
        form = types.format_of(volume["volume_type"])
        suffix = "" if form == types.RAW else f".{form}"
        return Disk(self.directory / f"volume-{volume['name_id'] or volume['id']}{suffix}", form)

    def disk_of(self, volume_id: str) -> Disk:
        """The disk of the volume with this id. Raises NotFound."""
        row = self.store.one("SELECT * FROM volumes WHERE id = ?", volume_id)
        if row is None:
            raise errors.NotFound(f"Volume {volume_id} could not be found.")
        return self.disk(row)

    def snapshot_disk(self, snapshot_id: str) -> Disk:
        """The disk of a snapshot, which is raw."""
        return Disk(self.directory / f"snapshot-{snapshot_id}")

    def now(self) -> str:
        """The present time as Cinder writes it."""
        moment = dt.datetime.fromtimestamp(self.tokens.now(), dt.UTC)
        return moment.strftime("%Y-%m-%dT%H:%M:%S.%f")


def open_volumes(settings: Settings, time: clock.Clock = clock.SYSTEM) -> Volumes:
    """Open the volume service; jobs.resume goes on with what a crash cut off."""
    return Volumes(
        settings=settings,
        store=Store(settings.state_dir / "volumes.db", SCHEMA, LATER),
        tokens=Tokens(settings, time),
        images=images_of(settings, time),
        directory=settings.state_dir / "volumes",
        news=News(settings, "cinder"),
        compute=Compute(settings, "cinder"),
        pool=concurrent.futures.ThreadPoolExecutor(WORKERS, "volumes"),
    )


def overlay_path(volumes: Volumes, assist: Row) -> Path:
    """The file that a guest writes to while the disk below it is copied."""
    return volumes.directory / f"volume-{assist['volume_id']}.over-{assist['snapshot_id']}"


def current_disk(volumes: Volumes, volume_id: str) -> Disk:
    """The file that a guest is to use now."""
    assist = volumes.store.one("SELECT * FROM assists WHERE volume_id = ?", volume_id)
    if assist is not None and (over := overlay_path(volumes, assist)).exists():
        return Disk(over, types.QCOW2)
    return volumes.disk_of(volume_id)


def is_target(volume: Row) -> bool:
    """Whether the volume is there only to lend another its file."""
    return (volume["migration_status"] or "").startswith(TARGET)


def find(req: Any, table: str, row_id: str) -> Row:
    """A volume, snapshot or attachment that the caller may see; raises NotFound."""
    return find_in(req.service.store, req.caller, table, row_id)


def find_in(reader: Store | Transaction, caller: Caller, table: str, row_id: str) -> Row:
    """The same, as a transaction sees it."""
    row = reader.one(f"SELECT * FROM {table} WHERE id = ?", row_id)  # noqa: S608 - names are ours
    if row is None or not (caller.is_admin or row["project_id"] == caller.project_id):
        raise errors.NotFound(f"{NOUNS[table]} {row_id} could not be found.")
    return row


def require_member(caller: Caller) -> None:
    """Readers look, members change."""
    if not (caller.is_admin or "member" in caller.roles):
        raise errors.Forbidden("Policy doesn't allow this to be performed: it needs role member.")


def require_admin(caller: Caller) -> None:
    """Some things are for administrators."""
    if not caller.is_admin:
        raise errors.Forbidden("Policy doesn't allow this to be performed: it needs role admin.")


def change(volumes: Volumes, tx: Transaction, table: str, row_id: str, **fields: Any) -> None:
    """Set columns of a row, and when that was."""
    tx.update(table, row_id, fields | {"updated_at": volumes.now()})
