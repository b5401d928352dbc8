# SPDX-License-Identifier: Apache-2.0
"""Interfaces of fake guests: the cards that each has in its record."""

from __future__ import annotations

import dataclasses

import msgspec

from nova_appliance.domain.guest import Vif
from nova_appliance.virt.fake.hypervisor import Hypervisor


@dataclasses.dataclass(frozen=True)
class FakeInterfaces:
    """See virt.driver.Interfaces."""

    hypervisor: Hypervisor

    def attach(self, server_id: str, vif: Vif) -> None:
        """See virt.driver.Interfaces."""
        with self.hypervisor.deed("attach_interface"):
            if vif.kind != "none":
                self._change(server_id, vif, plugged=True)

    def detach(self, server_id: str, vif: Vif) -> None:
        """See virt.driver.Interfaces."""
        with self.hypervisor.deed("detach_interface"):
            self._change(server_id, vif, plugged=False)

    def plugged(self, server_id: str) -> frozenset[str]:
        """See virt.driver.Interfaces."""
        found = self.hypervisor.guests.get(server_id)
        return frozenset(found.macs) if found else frozenset()

    def _change(self, server_id: str, vif: Vif, *, plugged: bool) -> None:
        found = self.hypervisor.guests.get(server_id)
        if found is not None:
            kept = [mac for mac in found.macs if mac != vif.mac]
            macs = (*kept, vif.mac) if plugged else tuple(kept)
            self.hypervisor.guests.put(server_id, msgspec.structs.replace(found, macs=macs))
