# SPDX-License-Identifier: Apache-2.0
"""Disks on their way to another host or flavor: kept by renaming, fetched file by file.

A host that does not see the files itself reads them through the other host's libvirtd.
"""

from __future__ import annotations

import dataclasses
import shutil
from pathlib import Path

import msgspec

from nova_appliance.common import ids
from nova_appliance.domain.guest import Disk, Guest
from nova_appliance.domain.journey import DiskHeld, Journey
from nova_appliance.virt.driver import NoSuchDisks
from nova_appliance.virt.libvirt import overlays
from nova_appliance.virt.libvirt.disks import LocalDisks, finish, size_bytes
from nova_appliance.virt.libvirt.far_files import FarFiles, NearFiles
from nova_appliance.virt.libvirt.folders import CONFIG_DRIVE, make_private
from nova_appliance.virt.moves import DiskShrinks

_MARK = "moving-"
_PART, _BASE = ".part", ".base"


@dataclasses.dataclass(frozen=True)
class LibvirtMoves:
    """See virt.moves.Moves."""

    disks: LocalDisks
    address: str
    """URI under which other hosts reach our libvirtd."""

    def set_aside(self, server_id: str, journey: Journey) -> Journey:
        """See virt.moves.Moves."""
        folder, kept = self.disks.folders.server(server_id), self.disks.folders.kept(server_id)
        with self.disks.locks.hold(server_id):
            if not kept.is_dir():
                if not folder.is_dir():
                    raise NoSuchDisks(server_id)
                if not any(folder.glob(f"{_MARK}*")):
                    (folder / f"{_MARK}{ids.new_id()}").touch()
                folder.rename(kept)
        return msgspec.structs.replace(
            journey,
            address=self.address,
            folder=str(kept),
            images=str(self.disks.folders.images),
            token=next(kept.glob(f"{_MARK}*")).name,
            disks=tuple(held(kept, self.disks.disk_format)),
        )

    def fetch(self, guest: Guest, journey: Journey) -> None:
        """See virt.moves.Moves."""
        folders = self.disks.folders
        folder = folders.server(guest.server_id)
        sizes = {disk.name: disk.virtual_bytes for disk in journey.disks}
        wanted = [disk for disk in guest.disks if _comes_along(disk, sizes)]
        for disk in wanted:
            if 0 < size_bytes(disk) < sizes[disk.name]:
                raise DiskShrinks(disk.name, sizes[disk.name], size_bytes(disk))
        with self.disks.locks.hold(guest.server_id):
            folders.make()
            make_private(folder)
            with self._files(journey) as files:
                for disk in wanted:
                    self._fetch_disk(files, folder, disk)
                if guest.config_drive is not None and not (folder / CONFIG_DRIVE).exists():
                    part = folder / (CONFIG_DRIVE + _PART)
                    if files.copy(CONFIG_DRIVE, part):
                        finish(part, folder / CONFIG_DRIVE)

    def take_back(self, server_id: str) -> None:
        """See virt.moves.Moves."""
        folder, kept = self.disks.folders.server(server_id), self.disks.folders.kept(server_id)
        with self.disks.locks.hold(server_id):
            if kept.is_dir():
                if folder.exists():
                    shutil.rmtree(folder)
                kept.rename(folder)
            for token in folder.glob(f"{_MARK}*"):
                token.unlink()

    def drop_kept(self, server_id: str) -> None:
        """See virt.moves.Moves."""
        kept = self.disks.folders.kept(server_id)
        with self.disks.locks.hold(server_id):
            if kept.exists():
                shutil.rmtree(kept)

    def kept(self) -> frozenset[str]:
        """See virt.moves.Moves."""
        return self.disks.folders.keepers()

    def _files(self, journey: Journey) -> NearFiles | FarFiles:
        """How the kept files are read: as ours if we see the token, else from afar."""
        folder = Path(journey.folder)
        if journey.token and (folder / journey.token).is_file():
            return NearFiles(folder)
        return FarFiles(journey.address, folder, Path(journey.images))

    def _fetch_disk(self, files: NearFiles | FarFiles, folder: Path, disk: Disk) -> None:
        target = folder / Path(disk.name).name
        if target.exists():
            return
        part, base = target.with_name(target.name + _PART), target.with_name(target.name + _BASE)
        part.unlink(missing_ok=True)
        if not files.copy(disk.name, part):
            raise NoSuchDisks(folder.name)
        if self.disks.disk_format == "qcow2":
            self._put_on_its_base(files, part, base)
        overlays.grow(part, self.disks.disk_format, size_bytes(disk))
        finish(part, target)

    def _put_on_its_base(self, files: NearFiles | FarFiles, part: Path, base: Path) -> None:
        """Let an overlay lie over our copy of its image, or over nothing when we have none."""
        backing = overlays.backing_file(part)
        if backing is None or files.sees(Path(backing)):
            return
        name = Path(backing).name
        if ids.is_id(name):
            with self.disks.images.locks.hold(name):
                ours = self.disks.images.find(name)
                if ours is not None:
                    overlays.lie_over(part, self.disks.folders.image(name), ours.disk_format)
                    return
        base.unlink(missing_ok=True)
        files.copy_image(name, base)
        overlays.swallow(part, base)
        base.unlink()


def _comes_along(disk: Disk, sizes: dict[str, int]) -> bool:
    """A swap disk of another size is made anew: nothing in it outlives the guest's power."""
    if disk.purpose == "swap":
        return sizes.get(disk.name) == size_bytes(disk)
    return disk.name in sizes


def held(folder: Path, disk_format: str) -> list[DiskHeld]:
    """The disks in a server's folder, by name."""
    return [
        DiskHeld(name=name, virtual_bytes=overlays.virtual_bytes(folder / name, disk_format))
        for name in disk_names(folder)
    ]


def disk_names(folder: Path) -> list[str]:
    """Names of the files in a server's folder that are its disks."""
    names = sorted(p.name for p in folder.iterdir())
    return [
        name
        for name in names
        if (name == "disk" or name.startswith("disk."))
        and not name.startswith(CONFIG_DRIVE)
        and not name.endswith((_PART, _BASE))
    ]
