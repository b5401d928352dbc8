# SPDX-License-Identifier: Apache-2.0
"""Power of guests by libvirt: the ACPI button, and the plug."""

from __future__ import annotations

import contextlib
import dataclasses

import libvirt

from nova_appliance.common import clock
from nova_appliance.domain.guest import Guest
from nova_appliance.virt.libvirt import domains
from nova_appliance.virt.libvirt.connection import Connection
from nova_appliance.virt.libvirt.lifecycle import Starter

_PRESS_AGAIN_S = 5.0  # a guest that still boots does not hear the first press
_LOOK_EVERY_S = 0.2


@dataclasses.dataclass(frozen=True)
class LibvirtPower:
    """See virt.driver.Power."""

    connection: Connection
    starter: Starter

    def on(self, guest: Guest) -> None:
        """See virt.driver.Power."""
        self.starter.start(guest)

    def off(self, server_id: str, timeout_s: float) -> None:
        """See virt.driver.Power."""
        if not self._shut_down(server_id, timeout_s):
            self._cut(server_id)

    def reboot_soft(self, server_id: str, timeout_s: float) -> bool:
        """See virt.driver.Power."""
        is_on = self.connection.call(lambda lent: domains.get(lent, server_id).isActive())
        if not is_on or not self._shut_down(server_id, timeout_s):
            return False
        with self.starter.locks.hold(server_id):
            self.connection.call(lambda lent: _start_again(domains.get(lent, server_id)))
        return True

    def reboot_hard(self, guest: Guest) -> None:
        """See virt.driver.Power."""
        found = self.connection.call(lambda lent: domains.look_up(lent, guest.server_id))
        if found is not None:
            self._cut(guest.server_id)
        self.starter.start(guest)

    def _cut(self, server_id: str) -> None:
        self.connection.call(lambda lent: domains.cut_power(domains.get(lent, server_id)))

    def _shut_down(self, server_id: str, timeout_s: float) -> bool:
        """Press the button until the guest is off; False when time is over."""
        deadline = clock.SYSTEM.monotonic() + timeout_s
        while True:
            if self._is_off(server_id):
                return True
            left_s = deadline - clock.SYSTEM.monotonic()
            if left_s <= 0:
                return False
            self.connection.call(lambda lent: _press(domains.get(lent, server_id)))
            clock.wait_for(
                lambda: self._is_off(server_id), min(left_s, _PRESS_AGAIN_S), _LOOK_EVERY_S
            )

    def _is_off(self, server_id: str) -> bool:
        return self.connection.call(lambda lent: not domains.get(lent, server_id).isActive())


def _press(domain: libvirt.virDomain) -> None:
    with contextlib.suppress(libvirt.libvirtError):  # off already, or paused: time decides
        domain.shutdown()


def _start_again(domain: libvirt.virDomain) -> None:
    if not domain.isActive():
        domain.create()
