# SPDX-License-Identifier: Apache-2.0
"""The agents inside fake guests: they obey while their guest runs."""

from __future__ import annotations

import dataclasses

import msgspec

from nova_appliance.domain.guest import PowerState
from nova_appliance.virt.driver import NoGuestAgent
from nova_appliance.virt.fake.hypervisor import Hypervisor


@dataclasses.dataclass(frozen=True)
class FakeInside:
    """See virt.driver.Inside."""

    hypervisor: Hypervisor

    def set_password(self, server_id: str, user: str, password: str) -> None:
        """See virt.driver.Inside; the console tells that, not what."""
        del password
        with self.hypervisor.deed("set_password"):
            self._need_power(server_id)
            self.hypervisor.say(server_id, f"the password of {user} was changed")

    def freeze(self, server_id: str) -> None:
        """See virt.driver.Inside."""
        with self.hypervisor.deed("freeze"):
            self._need_power(server_id)
            self._hold(server_id, frozen=True)

    def thaw(self, server_id: str) -> None:
        """See virt.driver.Inside."""
        with self.hypervisor.deed("thaw"):
            self._hold(server_id, frozen=False)

    def _hold(self, server_id: str, *, frozen: bool) -> None:
        found = self.hypervisor.guest(server_id)
        if found.frozen != frozen:
            held = msgspec.structs.replace(found, frozen=frozen)
            self.hypervisor.guests.put(server_id, held)
            self.hypervisor.say(server_id, "frozen" if frozen else "thawed")

    def _need_power(self, server_id: str) -> None:
        if self.hypervisor.guest(server_id).power_state != PowerState.RUNNING:
            raise NoGuestAgent(server_id, "it does not run")
