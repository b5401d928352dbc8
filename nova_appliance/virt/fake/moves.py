# SPDX-License-Identifier: Apache-2.0
"""Disks on their way, as records: a host reaches another one by the folder of its records."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import msgspec

from nova_appliance.domain.guest import Disk, Guest
from nova_appliance.domain.journey import DiskHeld, Journey
from nova_appliance.virt.driver import NoSuchDisks
from nova_appliance.virt.fake.hypervisor import FakeDisks, Hypervisor
from nova_appliance.virt.fake.shelf import Shelf
from nova_appliance.virt.moves import DiskShrinks

MIB, GIB = 1 << 20, 1 << 30


@dataclasses.dataclass(frozen=True)
class FakeMoves:
    """See virt.moves.Moves."""

    hypervisor: Hypervisor

    def set_aside(self, server_id: str, journey: Journey) -> Journey:
        """See virt.moves.Moves."""
        with self.hypervisor.deed("set_aside"):
            held = self.hypervisor.kept.get(server_id) or self.hypervisor.disks.get(server_id)
            if held is None:
                raise NoSuchDisks(server_id)
            if self.hypervisor.kept.get(server_id) is None:
                self.hypervisor.kept.put(server_id, held)
                self.hypervisor.disks.drop(server_id)
        folder = self.hypervisor.settings.state_dir
        disks = tuple(DiskHeld(name=d.name, virtual_bytes=disk_bytes(d)) for d in held.disks)
        return msgspec.structs.replace(
            journey, folder=str(folder / "kept") if folder else "", disks=disks
        )

    def fetch(self, guest: Guest, journey: Journey) -> None:
        """See virt.moves.Moves."""
        with self.hypervisor.deed("fetch"):
            kept = self.hypervisor.kept
            if journey.folder and not journey.stays:
                kept = Shelf(FakeDisks, Path(journey.folder))
            held = kept.get(guest.server_id)
            here = self.hypervisor.disks.get(guest.server_id)
            if here is not None and not {d.name for d in guest.disks} - {
                d.name for d in here.disks
            }:
                return
            if held is None:
                raise NoSuchDisks(guest.server_id)
            had = {disk.name: disk for disk in held.disks}
            for disk in guest.disks:
                old = had.get(disk.name)
                if old and disk.purpose != "swap" and 0 < disk_bytes(disk) < disk_bytes(old):
                    raise DiskShrinks(disk.name, disk_bytes(old), disk_bytes(disk))
            fetched = tuple(disk for disk in guest.disks if disk.name in had)
            record = FakeDisks(server_id=guest.server_id, disks=fetched)
            self.hypervisor.disks.put(guest.server_id, record)

    def take_back(self, server_id: str) -> None:
        """See virt.moves.Moves."""
        with self.hypervisor.deed("take_back"):
            held = self.hypervisor.kept.get(server_id)
            if held is not None:
                self.hypervisor.disks.put(server_id, held)
                self.hypervisor.kept.drop(server_id)

    def drop_kept(self, server_id: str) -> None:
        """See virt.moves.Moves."""
        with self.hypervisor.deed("drop_kept"):
            self.hypervisor.kept.drop(server_id)

    def kept(self) -> frozenset[str]:
        """See virt.moves.Moves."""
        return frozenset(self.hypervisor.kept.keys())


def disk_bytes(disk: Disk) -> int:
    """How large a guest sees the disk."""
    return disk.size_mib * MIB if disk.size_mib else disk.size_gib * GIB
