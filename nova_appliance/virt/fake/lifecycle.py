# SPDX-License-Identifier: Apache-2.0
"""Fake guests come, go, and have power, all by records."""

from __future__ import annotations

import dataclasses

from nova_appliance.domain.guest import Guest, GuestSeen, PowerState
from nova_appliance.virt.driver import (
    NoSuchDisks,
)
from nova_appliance.virt.fake.hypervisor import Hypervisor


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
