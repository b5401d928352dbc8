# SPDX-License-Identifier: Apache-2.0
"""Ports of guests, plugged in and taken out. A network card is known by its MAC address."""

from __future__ import annotations

import dataclasses
import functools

from nova_appliance.domain.guest import Vif
from nova_appliance.virt.libvirt import bridges
from nova_appliance.virt.libvirt.connection import Connection
from nova_appliance.virt.libvirt.lifecycle import Starter
from nova_appliance.virt.libvirt.plugs import CARDS, EACH_S, TRIES, Plugs
from nova_appliance.virt.libvirt.xml.interface import interface


@dataclasses.dataclass(frozen=True)
class LibvirtInterfaces:
    """See virt.driver.Interfaces."""

    connection: Connection
    starter: Starter
    tries: int = TRIES
    each_s: float = EACH_S

    @functools.cached_property
    def _plugs(self) -> Plugs:
        return Plugs(self.connection, self.starter, CARDS, self.tries, self.each_s)

    def attach(self, server_id: str, vif: Vif) -> None:
        """See virt.driver.Interfaces."""
        card = interface(vif)
        if card is None:
            return
        if self.starter.host.virt_type != "test":
            bridges.make_missing((vif,))
        self._plugs.attach(server_id, vif.mac, card)

    def detach(self, server_id: str, vif: Vif) -> None:
        """See virt.driver.Interfaces."""
        self._plugs.detach(server_id, vif.mac, f"port {vif.port_id}")

    def plugged(self, server_id: str) -> frozenset[str]:
        """See virt.driver.Interfaces."""
        return self._plugs.plugged(server_id)
