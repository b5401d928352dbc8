# SPDX-License-Identifier: Apache-2.0
"""The agents inside fake guests: they obey while their guest runs."""

from __future__ import annotations

import dataclasses

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
            if self.hypervisor.guest(server_id).power_state != PowerState.RUNNING:
                raise NoGuestAgent(server_id, "it does not run")
            self.hypervisor.say(server_id, f"the password of {user} was changed")
