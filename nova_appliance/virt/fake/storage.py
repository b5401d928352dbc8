# SPDX-License-Identifier: Apache-2.0
"""Disks and images of fake guests, as records."""

from __future__ import annotations

import dataclasses
import tempfile
from collections.abc import Iterable

from nova_appliance.domain.guest import Disk, Guest
from nova_appliance.virt import image_check
from nova_appliance.virt.driver import (
    DiskTooSmall,
    ImageExpected,
    ImageInUse,
    ImageSeen,
    NoSuchImage,
)
from nova_appliance.virt.fake.hypervisor import FakeDisks, Hypervisor
from nova_appliance.virt.locks import NamedLocks

GIB = 1 << 30


@dataclasses.dataclass(frozen=True)
class FakeDiskStore:
    """Disks as records of their sizes."""

    hypervisor: Hypervisor

    def create(self, guest: Guest) -> None:
        """See virt.driver.Disks."""
        with self.hypervisor.deed("create"):
            for disk in guest.disks:
                self._fits(disk)
            record = FakeDisks(server_id=guest.server_id, disks=guest.disks)
            self.hypervisor.disks.put(guest.server_id, record)

    def _fits(self, disk: Disk) -> None:
        if disk.image_id is None:
            return
        image = self.hypervisor.images.get(disk.image_id)
        if image is None:
            raise NoSuchImage(disk.image_id)
        if disk.size_gib and image.virtual_bytes > disk.size_gib * GIB:
            raise DiskTooSmall(disk.image_id, image.virtual_bytes, disk.size_gib * GIB)

    def renew(self, guest: Guest, *, keep_ephemeral: bool) -> None:
        """See virt.driver.Disks; records tell no old disk from a new one."""
        del keep_ephemeral
        with self.hypervisor.deed("renew"):
            self.create(guest)

    def drop(self, server_id: str, name: str) -> None:
        """See virt.driver.Disks."""
        with self.hypervisor.deed("drop_disk"):
            held = self.hypervisor.disks.get(server_id)
            if held is not None:
                left = tuple(disk for disk in held.disks if disk.name != name)
                self.hypervisor.disks.put(server_id, FakeDisks(server_id=server_id, disks=left))

    def remove(self, server_id: str) -> None:
        """See virt.driver.Disks."""
        with self.hypervisor.deed("remove"):
            self.hypervisor.disks.drop(server_id)

    def exists(self, server_id: str) -> bool:
        """See virt.driver.Disks."""
        return self.hypervisor.disks.get(server_id) is not None

    def owners(self) -> frozenset[str]:
        """See virt.driver.Disks."""
        return frozenset(self.hypervisor.disks.keys())

    def images_used(self) -> frozenset[str]:
        """See virt.driver.Disks."""
        disks = self.hypervisor.all_disks()
        return frozenset(disk.image_id for disk in disks if disk.image_id)


@dataclasses.dataclass(frozen=True)
class FakeImages:
    """Images that are read, checked and then forgotten but for their facts."""

    hypervisor: Hypervisor
    downloads: NamedLocks = dataclasses.field(default_factory=NamedLocks)

    def has(self, image_id: str) -> bool:
        """See virt.driver.Images."""
        return self.hypervisor.images.get(image_id) is not None

    def store(self, image_id: str, chunks: Iterable[bytes], expected: ImageExpected) -> ImageSeen:
        """See virt.driver.Images."""
        with self.downloads.hold(image_id):
            found = self.hypervisor.images.get(image_id)
            if found:
                return found
            with self.hypervisor.deed("store"):
                pass
            with tempfile.TemporaryFile() as out:
                seen = image_check.receive(image_id, chunks, expected, out)
            self.hypervisor.images.put(image_id, seen)
            return seen

    def list_(self) -> tuple[ImageSeen, ...]:
        """See virt.driver.Images."""
        return tuple(self.hypervisor.images.records())

    def remove(self, image_id: str) -> None:
        """See virt.driver.Images."""
        with self.hypervisor.lock:
            if any(disk.image_id == image_id for disk in self.hypervisor.all_disks()):
                raise ImageInUse(image_id)
            self.hypervisor.images.drop(image_id)
