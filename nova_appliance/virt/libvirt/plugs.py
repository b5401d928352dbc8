# SPDX-License-Identifier: Apache-2.0
"""Devices plugged into guests and taken out: in the definition, and live in a guest that is on.

A guest lets go of a device by itself: it is asked again until it does or time is over.
"""

from __future__ import annotations

import copy
import dataclasses
from collections.abc import Callable

import libvirt
from lxml import etree

from nova_appliance.common import clock
from nova_appliance.virt.driver import DeviceHeld
from nova_appliance.virt.libvirt import domains
from nova_appliance.virt.libvirt.connection import Connection
from nova_appliance.virt.libvirt.lifecycle import Starter
from nova_appliance.virt.libvirt.xml.disk import Targets

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
    fit: Callable[[etree._Element, etree._Element], None] | None = None
    """Change a device so that the guest with this definition can take it."""


def _mac(card: etree._Element) -> str | None:
    address = card.find("mac")
    return None if address is None else address.get("address")


CARDS = Kind("devices/interface", _mac)


def _name_anew(disk: etree._Element, root: etree._Element) -> None:
    """The next free name where the wanted one is another disk's, such as the config drive's.

    It is a name between libvirt and us only, and the wanted one again when the guest starts anew.
    """
    names = Targets(each.get("dev", "") for each in root.iterfind("devices/disk/target"))
    for target in disk.iterfind("target"):
        target.set("dev", names.free(target.get("bus", ""), target.get("dev", "")))


DISKS = Kind("devices/disk", lambda disk: disk.findtext("serial"), _name_anew)
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

        def deed(lent: libvirt.virConnect) -> None:
            domain = domains.look_up(lent, server_id)
            if domain is None:
                return
            if domain.isActive():
                self._plug(domain, key, device, _LIVE)
            if domain.isPersistent():
                self._plug(domain, key, device, _KEPT)

        with self.starter.locks.hold(server_id):
            self.connection.call(deed)

    def _plug(self, domain: libvirt.virDomain, key: str, device: etree._Element, to: int) -> None:
        live = to == _LIVE
        if key not in devices(domain, self.kind, live=live):
            fitting = copy.deepcopy(device)
            if self.kind.fit is not None:
                self.kind.fit(fitting, definition(domain, live=live))
            domain.attachDeviceFlags(etree.tostring(fitting, encoding="unicode"), to)

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
    found = definition(domain, live=live).iterfind(kind.path)
    keyed = ((kind.key_of(device), device) for device in found)
    return {key: etree.tostring(device, encoding="unicode") for key, device in keyed if key}


def definition(domain: libvirt.virDomain, *, live: bool) -> etree._Element:
    """The guest as it is now, or as it is started next time."""
    flags = 0 if live and domain.isActive() else libvirt.VIR_DOMAIN_XML_INACTIVE
    parser = etree.XMLParser(resolve_entities=False, no_network=True)
    return etree.fromstring(domain.XMLDesc(flags), parser)
