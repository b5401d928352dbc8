# SPDX-License-Identifier: Apache-2.0
"""Plugs ports into guests and takes them out: in the definition, and live in a guest that is on.

A guest lets go of a card by itself: it is asked again until it does or time is over.
"""

from __future__ import annotations

import dataclasses

import libvirt
from lxml import etree

from nova_appliance.common import clock
from nova_appliance.domain.guest import Vif
from nova_appliance.virt.driver import DeviceHeld
from nova_appliance.virt.libvirt import bridges, domains
from nova_appliance.virt.libvirt.connection import Connection
from nova_appliance.virt.libvirt.lifecycle import Starter
from nova_appliance.virt.libvirt.xml.interface import interface

TRIES = 8
EACH_S = 5.0
_LOOK_EVERY_S = 0.1
LIVE = libvirt.VIR_DOMAIN_AFFECT_LIVE
KEPT = libvirt.VIR_DOMAIN_AFFECT_CONFIG


@dataclasses.dataclass(frozen=True)
class LibvirtInterfaces:
    """See virt.driver.Interfaces."""

    connection: Connection
    starter: Starter
    tries: int = TRIES
    each_s: float = EACH_S

    def attach(self, server_id: str, vif: Vif) -> None:
        """See virt.driver.Interfaces."""
        card = interface(vif)
        if card is None:
            return
        xml = etree.tostring(card, encoding="unicode")
        if self.starter.host.virt_type != "test":
            bridges.make_missing((vif,))
        with self.starter.locks.hold(server_id):
            self.connection.call(lambda lent: _attach(lent, server_id, vif, xml))

    def detach(self, server_id: str, vif: Vif) -> None:
        """See virt.driver.Interfaces."""
        with self.starter.locks.hold(server_id):
            for _ in range(self.tries):
                if self.connection.call(lambda lent: _detach(lent, server_id, vif)):
                    return
                if clock.wait_for(lambda: self._is_out(server_id, vif), self.each_s, _LOOK_EVERY_S):
                    return
        raise DeviceHeld(server_id, f"port {vif.port_id}")

    def plugged(self, server_id: str) -> frozenset[str]:
        """See virt.driver.Interfaces."""

        def deed(lent: libvirt.virConnect) -> frozenset[str]:
            domain = domains.look_up(lent, server_id)
            return frozenset() if domain is None else frozenset(_cards(domain, live=True))

        return self.connection.call(deed)

    def _is_out(self, server_id: str, vif: Vif) -> bool:
        return vif.mac not in self.plugged(server_id)


def _attach(lent: libvirt.virConnect, server_id: str, vif: Vif, xml: str) -> None:
    """A guest that is not defined gets the card when it is started."""
    domain = domains.look_up(lent, server_id)
    if domain is None:
        return
    if domain.isActive() and vif.mac not in _cards(domain, live=True):
        domain.attachDeviceFlags(xml, LIVE)
    if domain.isPersistent() and vif.mac not in _cards(domain, live=False):
        domain.attachDeviceFlags(xml, KEPT)


def _detach(lent: libvirt.virConnect, server_id: str, vif: Vif) -> bool:
    """Ask for the card; whether it is out already."""
    domain = domains.look_up(lent, server_id)
    if domain is None:
        return True
    kept = _cards(domain, live=False).get(vif.mac) if domain.isPersistent() else None
    if kept is not None:
        domain.detachDeviceFlags(kept, KEPT)
    live = _cards(domain, live=True).get(vif.mac) if domain.isActive() else None
    if live is None:
        return True
    try:
        domain.detachDeviceFlags(live, LIVE)
    except libvirt.libvirtError as error:
        # it is asked already, or went just now
        if error.get_error_code() not in (
            libvirt.VIR_ERR_DEVICE_MISSING,
            libvirt.VIR_ERR_OPERATION_FAILED,
        ):
            raise
    return False


def _cards(domain: libvirt.virDomain, *, live: bool) -> dict[str, str]:
    """MAC > XML of the guest's network cards, now or at its next start."""
    flags = 0 if live and domain.isActive() else libvirt.VIR_DOMAIN_XML_INACTIVE
    parser = etree.XMLParser(resolve_entities=False, no_network=True)
    root = etree.fromstring(domain.XMLDesc(flags), parser)
    found = {}
    for card in root.iterfind("devices/interface"):
        address = card.find("mac")
        if address is not None:
            found[address.get("address", "")] = etree.tostring(card, encoding="unicode")
    return found
