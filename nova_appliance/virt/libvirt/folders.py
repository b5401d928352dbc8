# SPDX-License-Identifier: Apache-2.0
"""Where things lie on a host: one folder for each server, one for cached images."""

from __future__ import annotations

import dataclasses
from pathlib import Path

from nova_appliance.common import ids
from nova_appliance.common.errors import Invalid
from nova_appliance.virt.settings import VirtSettings

CONSOLE_LOG = "console.log"
CONFIG_DRIVE = "disk.config"
KEPT = ".kept"
_MODE = 0o711  # QEMU runs as a user of its own and must pass through


@dataclasses.dataclass(frozen=True)
class Folders:
    """Paths by id; an id that is none never becomes a path."""

    servers: Path
    images: Path

    def server(self, server_id: str) -> Path:
        """Folder of one server's disks, config drive and console log."""
        return self.servers / _checked(server_id)

    def kept(self, server_id: str) -> Path:
        """Folder of the disks as they were before the server moved."""
        return self.servers / (_checked(server_id) + KEPT)

    def keepers(self) -> frozenset[str]:
        """Ids of the servers of which something is kept."""
        found = self.servers.glob(f"*{KEPT}") if self.servers.is_dir() else ()
        return frozenset(name for p in found if ids.is_id(name := p.name.removesuffix(KEPT)))

    def image(self, image_id: str) -> Path:
        """File of a cached image."""
        return self.images / _checked(image_id)

    def owners(self) -> frozenset[str]:
        """Ids of the servers that have a folder."""
        if not self.servers.is_dir():
            return frozenset()
        return frozenset(p.name for p in self.servers.iterdir() if ids.is_id(p.name) and p.is_dir())

    def make(self) -> None:
        """Make both folders, if they are not there."""
        for folder in (self.servers, self.images):
            folder.mkdir(parents=True, exist_ok=True)
            folder.chmod(_MODE)


def folders_of(settings: VirtSettings) -> Folders:
    """The folders that the settings name."""
    if settings.state_dir is None:
        raise Invalid("The libvirt driver needs state_dir, the folder of the servers' disks.")
    return Folders(
        servers=settings.state_dir.absolute(),
        images=(settings.image_dir or settings.state_dir / "_base").absolute(),
    )


def make_private(folder: Path) -> None:
    """Make a folder that the hypervisor may pass and nobody else may list."""
    folder.mkdir(mode=_MODE, exist_ok=True)
    folder.chmod(_MODE)


def _checked(name: str) -> str:
    if not ids.is_id(name):
        raise Invalid(f"{name!r} is not an id.")
    return name
