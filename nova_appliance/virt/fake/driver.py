# SPDX-License-Identifier: Apache-2.0
"""The fake driver: every concern, true to the contract, on a Hypervisor without hardware."""

from __future__ import annotations

import dataclasses
import tempfile
import zlib
from collections.abc import Iterable

from nova_appliance.domain.console import ConsoleAddress
from nova_appliance.domain.guest import Disk, Guest, GuestSeen, PowerState
from nova_appliance.domain.host import Inventory
from nova_appliance.virt import image_check
from nova_appliance.virt.driver import (
    DiskTooSmall,
    Driver,
    ImageExpected,
    ImageInUse,
    ImageSeen,
    NoSuchConsole,
    NoSuchDisks,
    NoSuchImage,
    NotRunning,
)
from nova_appliance.virt.fake.diagnostics import FakeDiagnostics
from nova_appliance.virt.fake.hypervisor import FakeDisks, Hypervisor
from nova_appliance.virt.fake.interfaces import FakeInterfaces
from nova_appliance.virt.fake.snapshots import FakeSnapshots
from nova_appliance.virt.fake.suspension import FakeSuspension
from nova_appliance.virt.locks import NamedLocks
from nova_appliance.virt.settings import VirtSettings

GIB = 1 << 30
FIRST_PORTS = {"vnc": 20000, "spice": 30000, "serial": 40000}
PORTS = 10000


def open_driver(settings: VirtSettings) -> Driver:
    """Open a driver over the state that the last one left in settings.state_dir."""
    return drive(Hypervisor(settings))


def drive(hypervisor: Hypervisor) -> Driver:
    """Make a driver for a hypervisor that the caller holds, to script failures on it."""
    return Driver(
        name="fake",
        lifecycle=FakeLifecycle(hypervisor),
        power=FakePower(hypervisor),
        inventory=FakeInventory(hypervisor),
        disks=FakeDiskStore(hypervisor),
        images=FakeImages(hypervisor),
        consoles=FakeConsoles(hypervisor),
        suspension=FakeSuspension(hypervisor),
        snapshots=FakeSnapshots(hypervisor),
        diagnostics=FakeDiagnostics(hypervisor),
        interfaces=FakeInterfaces(hypervisor),
    )


@dataclasses.dataclass(frozen=True)
class FakeLifecycle:
    """Lifecycle by records."""

    hypervisor: Hypervisor

    def start_new(self, guest: Guest) -> GuestSeen:
        """See virt.driver.Lifecycle."""
        with self.hypervisor.deed("start_new"):
            found = self.hypervisor.guests.get(guest.server_id)
            if found is None or found.power_state != PowerState.RUNNING:
                _need_disks(self.hypervisor, guest)
                found = self.hypervisor.run(guest)
            return found.seen()

    def destroy(self, server_id: str) -> None:
        """See virt.driver.Lifecycle."""
        with self.hypervisor.deed("destroy"):
            self.hypervisor.guests.drop(server_id)

    def find(self, server_id: str) -> GuestSeen | None:
        """See virt.driver.Lifecycle."""
        found = self.hypervisor.guests.get(server_id)
        return found.seen() if found else None

    def list_(self) -> tuple[GuestSeen, ...]:
        """See virt.driver.Lifecycle."""
        return tuple(guest.seen() for guest in self.hypervisor.guests.records())


def _need_disks(hypervisor: Hypervisor, guest: Guest) -> None:
    held = hypervisor.disks.get(guest.server_id)
    names = {disk.name for disk in held.disks} if held else set()
    if held is None or not names.issuperset(disk.name for disk in guest.disks):
        raise NoSuchDisks(guest.server_id)


@dataclasses.dataclass(frozen=True)
class FakePower:
    """Power by records."""

    hypervisor: Hypervisor

    def on(self, guest: Guest) -> None:
        """See virt.driver.Power."""
        with self.hypervisor.deed("on"):
            found = self.hypervisor.guests.get(guest.server_id)
            if found is None or found.power_state != PowerState.RUNNING:
                _need_disks(self.hypervisor, guest)
                self.hypervisor.run(guest)

    def off(self, server_id: str, timeout_s: float) -> None:
        """See virt.driver.Power."""
        with self.hypervisor.deed("off"):
            polite = timeout_s > 0 and self.hypervisor.obeys(server_id)
            self.hypervisor.halt(server_id, "shut down" if polite else "power cut")

    def reboot_soft(self, server_id: str, timeout_s: float) -> bool:
        """See virt.driver.Power."""
        with self.hypervisor.deed("reboot_soft"):
            found = self.hypervisor.guest(server_id)
            obeyed = (
                timeout_s > 0
                and found.power_state == PowerState.RUNNING
                and self.hypervisor.obeys(server_id)
            )
            if obeyed:
                self.hypervisor.halt(server_id, "shut down")
                self.hypervisor.wake(server_id)
            return obeyed

    def reboot_hard(self, guest: Guest) -> None:
        """See virt.driver.Power."""
        with self.hypervisor.deed("reboot_hard"):
            _need_disks(self.hypervisor, guest)
            if self.hypervisor.guests.get(guest.server_id):
                self.hypervisor.halt(guest.server_id, "power cut")
            self.hypervisor.run(guest)


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
        held = self.hypervisor.disks.records()
        return frozenset(disk.image_id for row in held for disk in row.disks if disk.image_id)


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
            held = self.hypervisor.disks.records()
            if any(disk.image_id == image_id for row in held for disk in row.disks):
                raise ImageInUse(image_id)
            self.hypervisor.images.drop(image_id)


@dataclasses.dataclass(frozen=True)
class FakeConsoles:
    """What the fake guests said."""

    hypervisor: Hypervisor

    def output(self, server_id: str, max_bytes: int) -> bytes:
        """See virt.driver.Consoles."""
        with self.hypervisor.deed("output"):
            text = self.hypervisor.guest(server_id).console.encode()
        return text[-max_bytes:] if max_bytes > 0 else b""

    def address(self, server_id: str, device: str) -> ConsoleAddress:
        """See virt.driver.Consoles; the port is made from the id, and nobody listens there."""
        with self.hypervisor.deed("address"):
            if self.hypervisor.guest(server_id).power_state != PowerState.RUNNING:
                raise NotRunning(server_id)
            if device not in FIRST_PORTS:
                raise NoSuchConsole(server_id, device)
            port = FIRST_PORTS[device] + zlib.crc32(server_id.encode()) % PORTS
            return ConsoleAddress(host=self.hypervisor.settings.host_ip, port=port)


@dataclasses.dataclass(frozen=True)
class FakeInventory:
    """As much as the settings say, less what the guests use."""

    hypervisor: Hypervisor

    def read(self) -> Inventory:
        """See virt.driver.Inventories."""
        with self.hypervisor.deed("read"):
            settings = self.hypervisor.settings
            guests = self.hypervisor.guests.records()
            disks = [disk for held in self.hypervisor.disks.records() for disk in held.disks]
        running = [guest for guest in guests if guest.power_state == PowerState.RUNNING]
        return Inventory(
            node=settings.host,
            hypervisor_type="fake",
            hypervisor_version=1_000_000,
            vcpus=settings.fake_vcpus,
            memory_mib=settings.fake_memory_mib,
            memory_used_mib=sum(guest.memory_mib for guest in running),
            disk_gib=settings.fake_disk_gib,
            disk_free_gib=max(0, settings.fake_disk_gib - sum(disk.size_gib for disk in disks)),
            cpu_info={
                "arch": "x86_64",
                "model": "fake",
                "vendor": "fake",
                "features": [],
                "topology": {"sockets": 1, "cores": settings.fake_vcpus, "threads": 1},
            },
            host_ip=settings.host_ip,
            traits=("COMPUTE_IMAGE_TYPE_QCOW2", "COMPUTE_IMAGE_TYPE_RAW", "HW_CPU_X86_SSE2"),
        )
