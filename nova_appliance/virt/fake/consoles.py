# SPDX-License-Identifier: Apache-2.0
"""What fake guests say; their ports are made up."""

from __future__ import annotations

import dataclasses
import zlib

from nova_appliance.domain.console import ConsoleAddress
from nova_appliance.domain.guest import PowerState
from nova_appliance.virt.driver import (
    NoSuchConsole,
    NotRunning,
)
from nova_appliance.virt.fake.hypervisor import Hypervisor

COLUMNS, ROWS = 80, 25
FIRST_PORTS = {"vnc": 20000, "spice": 30000, "serial": 40000}


PORTS = 10000


@dataclasses.dataclass(frozen=True)
class FakeConsoles:
    """What the fake guests said."""

    hypervisor: Hypervisor

    def output(self, server_id: str, max_bytes: int) -> bytes:
        """See virt.driver.Consoles."""
        with self.hypervisor.deed("output"):
            text = self.hypervisor.guest(server_id).console.encode()
        return text[-max_bytes:] if max_bytes > 0 else b""

    def screenshot(self, server_id: str) -> bytes:
        """See virt.driver.Consoles; lines of what the guest said, a grey dot for each character."""
        with self.hypervisor.deed("screenshot"):
            guest = self.hypervisor.guest(server_id)
            if guest.power_state != PowerState.RUNNING:
                raise NotRunning(server_id)
            return _drawn(guest.console)

    def address(self, server_id: str, device: str) -> ConsoleAddress:
        """See virt.driver.Consoles; the port is made from the id, and nobody listens there."""
        with self.hypervisor.deed("address"):
            if self.hypervisor.guest(server_id).power_state != PowerState.RUNNING:
                raise NotRunning(server_id)
            if device not in FIRST_PORTS:
                raise NoSuchConsole(server_id, device)
            port = FIRST_PORTS[device] + zlib.crc32(server_id.encode()) % PORTS
            told = self.hypervisor.settings
            secure = {"spice": told.spice_secure, "serial": told.serial_secure}.get(device, False)
            return ConsoleAddress(
                host=told.host_ip, port=0 if secure else port, tls_port=port if secure else None
            )


def _drawn(text: str) -> bytes:
    """The last lines as a PPM of 80 by 25 dots."""
    lines = [line.ljust(COLUMNS)[:COLUMNS] for line in text.split("\n")[-ROWS:]]
    lines += [" " * COLUMNS] * (ROWS - len(lines))
    dots = bytes(min(ord(char) - 32, 255) if char > " " else 0 for char in "".join(lines))
    return f"P6 {COLUMNS} {ROWS} 255\n".encode() + bytes(d for dot in dots for d in (dot,) * 3)
