# SPDX-License-Identifier: Apache-2.0
"""Suspension by records: guests that are held or saved, and interrupts that they note."""

from __future__ import annotations

import dataclasses

from nova_appliance.domain.guest import Guest, PowerState
from nova_appliance.virt.driver import CannotNow
from nova_appliance.virt.fake.hypervisor import Hypervisor


@dataclasses.dataclass(frozen=True)
class FakeSuspension:
    """See virt.driver.Suspension."""

    hypervisor: Hypervisor

    def pause(self, server_id: str) -> None:
        """See virt.driver.Suspension."""
        with self.hypervisor.deed("pause"):
            if self._need_on(server_id, "be paused") == PowerState.RUNNING:
                self.hypervisor.hold(server_id, "paused")

    def unpause(self, server_id: str) -> None:
        """See virt.driver.Suspension."""
        with self.hypervisor.deed("unpause"):
            if self._need_on(server_id, "go on") == PowerState.PAUSED:
                self.hypervisor.go_on(server_id, "goes on")

    def suspend(self, server_id: str) -> None:
        """See virt.driver.Suspension."""
        with self.hypervisor.deed("suspend"):
            if not self.hypervisor.guest(server_id).saved:
                self._need_on(server_id, "be suspended")
                self.hypervisor.save(server_id)

    def resume(self, guest: Guest) -> None:
        """See virt.driver.Suspension."""
        with self.hypervisor.deed("resume"):
            found = self.hypervisor.guests.get(guest.server_id)
            if found is None or (found.power_state == PowerState.SHUTDOWN and not found.saved):
                self.hypervisor.run(guest)
            elif found.power_state != PowerState.RUNNING:
                self.hypervisor.go_on(guest.server_id, "resumed")

    def interrupt(self, server_id: str) -> None:
        """See virt.driver.Suspension."""
        with self.hypervisor.deed("interrupt"):
            self._need_on(server_id, "take an interrupt")
            self.hypervisor.say(server_id, "interrupted by NMI")

    def _need_on(self, server_id: str, deed: str) -> PowerState:
        power = self.hypervisor.guest(server_id).power_state
        if power not in (PowerState.RUNNING, PowerState.PAUSED):
            raise CannotNow(server_id, deed)
        return power
