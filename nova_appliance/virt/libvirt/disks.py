# SPDX-License-Identifier: Apache-2.0
"""Disks of guests as files: whole or not there, made under another name and then renamed."""

from __future__ import annotations

import dataclasses
import os
import shutil
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

from nova_appliance.common import ids
from nova_appliance.domain.config_drive import unpacked
from nova_appliance.domain.guest import RESCUE_DRIVE, Disk, Guest
from nova_appliance.virt.driver import DiskTooSmall, NoSuchImage
from nova_appliance.virt.libvirt import config_drives, overlays
from nova_appliance.virt.libvirt.folders import CONFIG_DRIVE, Folders, make_private
from nova_appliance.virt.libvirt.images import ImageCache
from nova_appliance.virt.locks import NamedLocks

MIB, GIB = 1 << 20, 1 << 30
_PART = ".part"
_BLANK_PREFIX = "blank-"


@dataclasses.dataclass(frozen=True)
class LocalDisks:
    """See virt.driver.Disks."""

    folders: Folders
    images: ImageCache
    disk_format: str
    config_drive_format: str = "iso9660"
    locks: NamedLocks = dataclasses.field(default_factory=NamedLocks)

    def create(self, guest: Guest) -> None:
        """See virt.driver.Disks."""
        folder = self.folders.server(guest.server_id)
        with self.locks.hold(guest.server_id), ExitStack() as undo:
            self.folders.make()
            if not folder.exists():
                undo.callback(shutil.rmtree, folder, ignore_errors=True)
            make_private(folder)
            for disk in guest.disks:
                self._create_one(folder, disk)
            self._make_drive(folder, guest)
            undo.pop_all()

    def renew(self, guest: Guest, *, keep_ephemeral: bool) -> None:
        """See virt.driver.Disks."""
        kept = {d.name for d in guest.disks if keep_ephemeral and d.purpose != "root"}
        folder = self.folders.server(guest.server_id)
        with self.locks.hold(guest.server_id):
            for file in folder.glob("disk*") if folder.exists() else ():
                if file.name not in kept:
                    file.unlink(missing_ok=True)
        self.create(guest)

    def drop(self, server_id: str, name: str) -> None:
        """See virt.driver.Disks."""
        with self.locks.hold(server_id):
            (self.folders.server(server_id) / Path(name).name).unlink(missing_ok=True)

    def remove(self, server_id: str) -> None:
        """See virt.driver.Disks."""
        folder = self.folders.server(server_id)
        with self.locks.hold(server_id):
            if folder.exists():
                shutil.rmtree(folder)

    def exists(self, server_id: str) -> bool:
        """See virt.driver.Disks."""
        return self.folders.server(server_id).is_dir()

    def owners(self) -> frozenset[str]:
        """See virt.driver.Disks."""
        return self.folders.owners()

    def images_used(self) -> frozenset[str]:
        """See virt.driver.Disks."""
        return images_used(self.folders)

    def _make_drive(self, folder: Path, guest: Guest) -> None:
        """A guest that is rescued has another drive, which tells it another password."""
        drive = folder / (RESCUE_DRIVE if guest.is_rescued else CONFIG_DRIVE)
        if guest.config_drive is not None and not drive.exists():
            part = drive.with_name(drive.name + _PART)
            config_drives.make(part, unpacked(guest), self.config_drive_format)
            finish(part, drive)

    def _create_one(self, folder: Path, disk: Disk) -> None:
        target = folder / Path(disk.name).name
        if target.exists():
            return
        part = target.with_name(target.name + _PART)
        part.unlink(missing_ok=True)
        if disk.image_id is not None:
            self._from_image(part, disk)
        elif disk.purpose in overlays.MAKE_BLANK:
            self._from_base(part, self._blank(disk), "raw", size_bytes(disk))
        else:
            overlays.make_empty(part, self.disk_format, size_bytes(disk))
        finish(part, target)

    def _from_image(self, part: Path, disk: Disk) -> None:
        image_id, size = disk.image_id or "", size_bytes(disk)
        with self.images.locks.hold(image_id):  # so that nobody removes the image meanwhile
            image = self.images.find(image_id)
            if image is None:
                raise NoSuchImage(image_id)
            if size and image.virtual_bytes > size:
                raise DiskTooSmall(image_id, image.virtual_bytes, size)
            base = self.folders.image(image_id)
            os.utime(base)  # `nova-manage image_cache list` tells when it was last taken
            if disk.whole and self.disk_format == "qcow2":
                overlays.copy_whole(base, image.disk_format, part, size)
            else:
                self._from_base(part, base, image.disk_format, size)

    def _from_base(self, part: Path, base: Path, base_format: str, size_bytes: int) -> None:
        make = overlays.lay_over if self.disk_format == "qcow2" else overlays.copy_raw
        make(base, base_format, part, size_bytes)

    def _blank(self, disk: Disk) -> Path:
        """The file of a formatted, empty disk of this size, shared by all servers."""
        name = f"{_BLANK_PREFIX}{disk.purpose}-{size_bytes(disk) // MIB}"
        base = self.folders.images / name
        with self.locks.hold(name):
            if not base.exists():
                part = base.with_name(name + _PART)
                overlays.make_blank(part, disk.purpose, size_bytes(disk))
                part.chmod(0o644)
                part.replace(base)
        return base


def size_bytes(disk: Disk) -> int:
    """How large the disk is to be; 0 leaves it to the image."""
    return disk.size_mib * MIB if disk.size_mib else disk.size_gib * GIB


def finish(part: Path, target: Path) -> None:
    """Give a whole file its name."""
    part.chmod(0o600)
    part.replace(target)


def images_used(folders: Folders) -> frozenset[str]:
    """Ids of the cached images that some server's disk lies over."""
    return frozenset(image_users(folders))


def image_users(folders: Folders) -> dict[str, set[str]]:
    """Id of an image > names of the folders with disks over it; the image itself may be missing."""
    found: dict[str, set[str]] = {}
    for disk in _files_of_servers(folders):
        backing = overlays.backing_file(disk)
        if backing and ids.is_id(name := Path(backing).name):
            found.setdefault(name, set()).add(disk.parent.name)
    return found


def _files_of_servers(folders: Folders) -> Iterator[Path]:
    owned = [folders.server(server_id) for server_id in folders.owners()]
    kept = [folders.kept(server_id) for server_id in folders.keepers()]
    for folder in (*owned, *kept):
        yield from (p for p in folder.iterdir() if p.is_file())
