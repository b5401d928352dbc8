# SPDX-License-Identifier: Apache-2.0
"""Devices plugged into guests and taken out: in the definition, and live in a guest that is on.

A guest lets go of a device by itself: it is asked again until it does or time is over.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable

import libvirt
from lxml import etree

from nova_appliance.common import clock
from nova_appliance.virt.driver import DeviceHeld
from nova_appliance.virt.libvirt import domains
from nova_appliance.virt.libvirt.connection import Connection
from nova_appliance.virt.libvirt.lifecycle import Starter

TRIES = 8
EACH_S = 5.0
_LOOK_EVERY_S = 0.1
_LIVE = libvirt.VIR_DOMAIN_AFFECT_LIVE
_KEPT = libvirt.VIR_DOMAIN_AFFECT_CONFIG
_ALREADY = (libvirt.VIR_ERR_DEVICE_MISSING, libvirt.VIR_ERR_OPERATION_FAILED)
"""A device that is out is asked for once more: it was asked for already, or went just now."""


@dataclasses.dataclass(frozen=True)
class Kind:
    """How the devices of a kind are found in a definition, and told from one another."""

    path: str
    key_of: Callable[[etree._Element], str | None]
    """Nothing for what is none of ours."""


def _mac(card: etree._Element) -> str | None:
    address = card.find("mac")
    return None if address is None else address.get("address")


CARDS = Kind("devices/interface", _mac)
DISKS = Kind("devices/disk", lambda disk: disk.findtext("serial"))
"""Volumes: a disk has the id of its volume for a serial."""


@dataclasses.dataclass(frozen=True)
class Plugs:
    """The devices of one kind."""

    connection: Connection
    starter: Starter
    kind: Kind
    tries: int = TRIES
    each_s: float = EACH_S

    def attach(self, server_id: str, key: str, device: etree._Element) -> None:
        """Twice is once. A guest that is not defined gets the device when it is started."""
        xml = etree.tostring(device, encoding="unicode")

        def deed(lent: libvirt.virConnect) -> None:
            domain = domains.look_up(lent, server_id)
            if domain is None:
                return
            if domain.isActive() and key not in devices(domain, self.kind, live=True):
                domain.attachDeviceFlags(xml, _LIVE)
            if domain.isPersistent() and key not in devices(domain, self.kind, live=False):
                domain.attachDeviceFlags(xml, _KEPT)

        with self.starter.locks.hold(server_id):
            self.connection.call(deed)

    def detach(self, server_id: str, key: str, name: str) -> None:
        """Wait until the device, which a sentence calls by its name, is out. Raises DeviceHeld."""
        with self.starter.locks.hold(server_id):
            for _ in range(self.tries):
                if self.connection.call(lambda lent: self._ask_for(lent, server_id, key)):
                    return
                if clock.wait_for(
                    lambda: key not in self.plugged(server_id), self.each_s, _LOOK_EVERY_S
                ):
                    return
        raise DeviceHeld(server_id, name)

    def plugged(self, server_id: str) -> frozenset[str]:
        """Keys of the devices that the guest has now, or would have if it were on."""

        def deed(lent: libvirt.virConnect) -> frozenset[str]:
            domain = domains.look_up(lent, server_id)
            return (
                frozenset() if domain is None else frozenset(devices(domain, self.kind, live=True))
            )

        return self.connection.call(deed)

    def _ask_for(self, lent: libvirt.virConnect, server_id: str, key: str) -> bool:
        """Whether the device is out already."""
        domain = domains.look_up(lent, server_id)
        if domain is None:
            return True
        kept = devices(domain, self.kind, live=False).get(key) if domain.isPersistent() else None
        if kept is not None:
            domain.detachDeviceFlags(kept, _KEPT)
        live = devices(domain, self.kind, live=True).get(key) if domain.isActive() else None
        if live is None:
            return True
        try:
            domain.detachDeviceFlags(live, _LIVE)
        except libvirt.libvirtError as error:
            if error.get_error_code() not in _ALREADY:
                raise
        return False


def devices(domain: libvirt.virDomain, kind: Kind, *, live: bool) -> dict[str, str]:
    """Key > XML of the guest's devices of a kind, now or at its next start."""
    flags = 0 if live and domain.isActive() else libvirt.VIR_DOMAIN_XML_INACTIVE
    parser = etree.XMLParser(resolve_entities=False, no_network=True)
    root = etree.fromstring(domain.XMLDesc(flags), parser)
    keyed = ((kind.key_of(device), device) for device in root.iterfind(kind.path))
    return {key: etree.tostring(device, encoding="unicode") for key, device in keyed if key}
