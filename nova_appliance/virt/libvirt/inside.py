# SPDX-License-Identifier: Apache-2.0
"""Talks to qemu-ga in guests through libvirt."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable

import libvirt

from nova_appliance.virt.driver import NoGuestAgent
from nova_appliance.virt.libvirt import domains
from nova_appliance.virt.libvirt.connection import Connection

_NOBODY = (
    libvirt.VIR_ERR_AGENT_UNRESPONSIVE,
    libvirt.VIR_ERR_AGENT_UNSYNCED,
    libvirt.VIR_ERR_ARGUMENT_UNSUPPORTED,
    libvirt.VIR_ERR_OPERATION_INVALID,
    libvirt.VIR_ERR_OPERATION_UNSUPPORTED,
)


@dataclasses.dataclass(frozen=True)
class LibvirtInside:
    """See virt.driver.Inside."""

    connection: Connection

    def set_password(self, server_id: str, user: str, password: str) -> None:
        """See virt.driver.Inside."""
        self._ask(server_id, lambda domain: domain.setUserPassword(user, password, 0))

    def freeze(self, server_id: str) -> None:
        """See virt.driver.Inside."""
        self._ask(server_id, lambda domain: domain.fsFreeze())

    def thaw(self, server_id: str) -> None:
        """See virt.driver.Inside; a guest without power holds nothing."""

        def is_on(lent: libvirt.virConnect) -> bool:
            return bool(domains.get(lent, server_id).isActive())

        if self.connection.call(is_on):
            self._ask(server_id, lambda domain: domain.fsThaw())

    def _ask(self, server_id: str, wish: Callable[[libvirt.virDomain], object]) -> None:
        def deed(lent: libvirt.virConnect) -> None:
            domain = domains.get(lent, server_id)
            if not domain.isActive():
                raise NoGuestAgent(server_id, "it does not run")
            try:
                wish(domain)
            except libvirt.libvirtError as error:
                if error.get_error_code() in _NOBODY:
                    raise NoGuestAgent(server_id, str(error)) from error
                raise

        self.connection.call(deed)
