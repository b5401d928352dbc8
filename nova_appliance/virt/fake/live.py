# SPDX-License-Identifier: Apache-2.0
"""Live migration of records: the guest's record is written on the other host's shelf."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import msgspec

from nova_appliance.domain.guest import Guest, PowerState
from nova_appliance.domain.journey import DiskHeld, Journey
from nova_appliance.domain.migration import ABORT, Amount
from nova_appliance.domain.passport import Passport, Progress, Welcome
from nova_appliance.virt.driver import CannotNow
from nova_appliance.virt.fake.hypervisor import FakeDisks, FakeGuest, Hypervisor
from nova_appliance.virt.fake.moves import disk_bytes
from nova_appliance.virt.fake.shelf import Shelf
from nova_appliance.virt.moves import MoveAborted, Watch

MIB = 1 << 20
ROUNDS = 4
"""In so many parts the memory is sent."""


@dataclasses.dataclass(frozen=True)
class FakeLive:
    """See virt.moves.LiveMoves."""

    hypervisor: Hypervisor

    def passport(self, guest: Guest, journey: Journey) -> Passport:
        """See virt.moves.LiveMoves."""
        with self.hypervisor.deed("passport"):
            found = self.hypervisor.guest(guest.server_id)
            if found.power_state not in (PowerState.RUNNING, PowerState.PAUSED):
                raise CannotNow(guest.server_id, "be migrated")
            held = self.hypervisor.disks.get(guest.server_id)
        sizes = {disk.name: disk_bytes(disk) for disk in held.disks} if held else {}
        disks = tuple(DiskHeld(name=name, virtual_bytes=size) for name, size in sizes.items())
        address = str(self.hypervisor.settings.state_dir or "")
        told = msgspec.structs.replace(journey, address=address, disks=disks)
        return Passport(journey=told, cpu="fake", taken_bytes=sum(sizes.values()) // 2)

    def admit(self, guest: Guest, passport: Passport, *, shared: bool) -> Welcome:
        """See virt.moves.LiveMoves."""
        with self.hypervisor.deed("admit"):
            names = {disk.name for disk in passport.journey.disks}
            disks = tuple(disk for disk in guest.disks if disk.name in names)
            record = FakeDisks(server_id=guest.server_id, disks=disks)
            self.hypervisor.disks.put(guest.server_id, record)
        address = str(self.hypervisor.settings.state_dir or "")
        volumes = {volume.volume_id: volume.path for volume in guest.volumes}
        return Welcome(address=address, shared=shared, volumes=volumes)

    def go(self, guest: Guest, welcome: Welcome, watch: Watch) -> None:
        """See virt.moves.LiveMoves."""
        there = Shelf(FakeGuest, Path(welcome.address) / "guests")
        if self.hypervisor.guests.get(guest.server_id) is None and there.get(guest.server_id):
            return
        total = guest.memory_mib * MIB
        for sent in range(ROUNDS + 1):
            with self.hypervisor.deed("go"):
                done = total * sent // ROUNDS
            memory = Amount(total=total, processed=done, remaining=total - done)
            if watch(Progress(memory=memory)) == ABORT:
                raise MoveAborted(guest.server_id)
        with self.hypervisor.deed("switch"):
            there.put(guest.server_id, self.hypervisor.guest(guest.server_id))
            self.hypervisor.guests.drop(guest.server_id)
