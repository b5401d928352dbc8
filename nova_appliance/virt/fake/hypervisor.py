# SPDX-License-Identifier: Apache-2.0
"""The machine that the fake driver drives: guests, disks and images without any virtualisation.

Keeps its state in files under state_dir, or in memory when there is none; fails when told to.
"""

from __future__ import annotations

import collections
import contextlib
import threading
from collections.abc import Iterator

import msgspec

from nova_appliance.common import clock
from nova_appliance.domain.guest import Disk, Guest, GuestSeen, PowerState
from nova_appliance.virt.driver import ImageSeen, NoSuchGuest
from nova_appliance.virt.fake.counts import Counts
from nova_appliance.virt.fake.shelf import Shelf
from nova_appliance.virt.settings import VirtSettings

_CONSOLE_BYTES = 1 << 16


class FakeGuest(msgspec.Struct, frozen=True, kw_only=True):
    """A guest on the shelf."""

    server_id: str
    name: str
    vcpus: int
    memory_mib: int
    power_state: PowerState = PowerState.SHUTDOWN
    console: str = ""
    saved: bool = False
    """Off, with its memory kept."""
    frozen: bool = False
    """What is written to its file systems is held."""
    macs: tuple[str, ...] = ()
    """Its network cards."""
    volumes: tuple[str, ...] = ()
    """Ids of its volumes."""
    shares: tuple[str, ...] = ()
    """Ids of its shares."""

    def runs(self) -> bool:
        """Whether it has power."""
        return self.power_state != PowerState.SHUTDOWN

    def seen(self) -> GuestSeen:
        """As the driver reports it."""
        return GuestSeen(server_id=self.server_id, name=self.name, power_state=self.power_state)


class FakeDisks(msgspec.Struct, frozen=True, kw_only=True):
    """The disks of one server."""

    server_id: str
    disks: tuple[Disk, ...]


class FakeSnapshot(msgspec.Struct, frozen=True, kw_only=True):
    """A copy of a server's root disk."""

    server_id: str


class Hypervisor:
    """State shared by the concerns of one fake driver; safe for threads."""

    def __init__(self, settings: VirtSettings) -> None:
        folder = settings.state_dir
        self.settings = settings
        self.lock = threading.RLock()
        self.guests = Shelf(FakeGuest, folder / "guests" if folder else None)
        self.disks = Shelf(FakeDisks, folder / "disks" if folder else None)
        self.kept = Shelf(FakeDisks, folder / "kept" if folder else None)
        self.images = Shelf(ImageSeen, folder / "images" if folder else None)
        self.snapshots = Shelf(FakeSnapshot, folder / "snapshots" if folder else None)
        self._failures: dict[str, collections.deque[Exception]] = {}
        self._deaf: set[str] = set()
        self.mounted: set[str] = set()
        """Ids of shares."""
        self.counts = Counts()

    def fail_next(self, operation: str, error: Exception, times: int = 1) -> None:
        """Let the next `times` calls of `operation` ("start_new", "create", ...) raise `error`."""
        with self.lock:
            self._failures.setdefault(operation, collections.deque()).extend([error] * times)

    def make_deaf(self, server_id: str) -> None:
        """Let this guest ignore the request to shut down, as one without ACPI does."""
        self._deaf.add(server_id)

    def obeys(self, server_id: str) -> bool:
        """Whether the guest reacts to a request to shut down."""
        return server_id not in self._deaf

    @contextlib.contextmanager
    def deed(self, operation: str) -> Iterator[None]:
        """Around each deed: its delay, its scripted failure, then the lock."""
        if self.settings.fake_delay_s:
            clock.SYSTEM.sleep(self.settings.fake_delay_s)
        with self.lock:
            if self._failures.get(operation):
                raise self._failures[operation].popleft()
            yield

    def all_disks(self) -> tuple[Disk, ...]:
        """Disks of guests that are here, and those that are kept while their guests move."""
        held = (*self.disks.records(), *self.kept.records())
        return tuple(disk for row in held for disk in row.disks)

    def guest(self, server_id: str) -> FakeGuest:
        """Return the guest; raises NoSuchGuest."""
        found = self.guests.get(server_id)
        if found is None:
            raise NoSuchGuest(server_id)
        return found

    def run(self, guest: Guest) -> FakeGuest:
        """Define the guest as given, running; its console goes on."""
        old = self.guests.get(guest.server_id)
        self.counts.forget(guest.server_id)
        new = FakeGuest(
            server_id=guest.server_id,
            name=guest.name,
            vcpus=guest.vcpus,
            memory_mib=guest.memory_mib,
            power_state=PowerState.RUNNING,
            console=old.console if old else "",
            macs=tuple(vif.mac for vif in guest.vifs if vif.kind != "none"),
            volumes=tuple(volume.volume_id for volume in guest.volumes),
            shares=tuple(share.share_id for share in guest.shares),
        )
        return self._say(new, f"{guest.name}: started with {guest.memory_mib} MiB\n")

    def halt(self, server_id: str, why: str) -> None:
        """Take the guest's power; one that is off stays as it is."""
        found = self.guest(server_id)
        if found.power_state != PowerState.SHUTDOWN:
            off = {"power_state": PowerState.SHUTDOWN, "frozen": False}
            stopped = msgspec.structs.replace(found, **off)
            self._say(stopped, f"{found.name}: {why}\n")

    def wake(self, server_id: str) -> None:
        """Give power to a guest as it was defined last."""
        self.counts.forget(server_id)
        started = msgspec.structs.replace(self.guest(server_id), power_state=PowerState.RUNNING)
        self._say(started, f"{started.name}: started again\n")

    def hold(self, server_id: str, why: str) -> None:
        """Stop the processors of a guest that runs."""
        held = msgspec.structs.replace(self.guest(server_id), power_state=PowerState.PAUSED)
        self._say(held, f"{held.name}: {why}\n")

    def save(self, server_id: str) -> None:
        """Keep the memory of a guest and take its power."""
        off = {"power_state": PowerState.SHUTDOWN, "saved": True}
        found = self.guest(server_id)
        self._say(msgspec.structs.replace(found, **off), f"{found.name}: suspended\n")

    def go_on(self, server_id: str, why: str) -> None:
        """Let a guest that was held or saved run where it was."""
        on = {"power_state": PowerState.RUNNING, "saved": False}
        went_on = msgspec.structs.replace(self.guest(server_id), **on)
        self._say(went_on, f"{went_on.name}: {why}\n")

    def say(self, server_id: str, text: str) -> None:
        """Add a line to the guest's console."""
        found = self.guest(server_id)
        self._say(found, f"{found.name}: {text}\n")

    def _say(self, guest: FakeGuest, text: str) -> FakeGuest:
        spoken = msgspec.structs.replace(guest, console=(guest.console + text)[-_CONSOLE_BYTES:])
        self.guests.put(guest.server_id, spoken)
        return spoken
