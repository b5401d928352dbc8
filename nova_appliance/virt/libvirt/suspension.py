# SPDX-License-Identifier: Apache-2.0
"""Suspension by libvirt: held processors, managed save, and the interrupt for crash dumps."""

from __future__ import annotations

import dataclasses

import libvirt
from lxml import etree

from nova_appliance.common import clock
from nova_appliance.domain.guest import Guest
from nova_appliance.virt.driver import CannotNow
from nova_appliance.virt.libvirt import domains
from nova_appliance.virt.libvirt.connection import Connection
from nova_appliance.virt.libvirt.lifecycle import Starter

_SAVE_TIMEOUT_S = 600.0
_SERIAL_SOURCES = (
    "devices/serial/source[@service]",
    "devices/console/source[@service]",
)


@dataclasses.dataclass(frozen=True)
class LibvirtSuspension:
    """See virt.driver.Suspension."""

    connection: Connection
    starter: Starter

    def pause(self, server_id: str) -> None:
        """See virt.driver.Suspension."""

        def deed(domain: libvirt.virDomain) -> None:
            _need_on(domain, "be paused")
            if domain.state()[0] != libvirt.VIR_DOMAIN_PAUSED:
                domain.suspend()

        self._with(server_id, deed)

    def unpause(self, server_id: str) -> None:
        """See virt.driver.Suspension."""

        def deed(domain: libvirt.virDomain) -> None:
            _need_on(domain, "go on")
            _let_go(domain)

        self._with(server_id, deed)

    def suspend(self, server_id: str) -> None:
        """See virt.driver.Suspension."""
        self._with(server_id, _save)

    def resume(self, guest: Guest) -> None:
        """See virt.driver.Suspension."""

        def deed(lent: libvirt.virConnect) -> bool:
            domain = domains.look_up(lent, guest.server_id)
            if domain is None:
                return False
            if domain.isActive():
                _let_go(domain)
            elif domain.hasManagedSaveImage():
                self._free_serial_port(domain)
                domain.create()
            return bool(domain.isActive())

        with self.starter.locks.hold(guest.server_id):
            woken = self.connection.call(deed)
        if not woken:
            self.starter.start(guest)

    def interrupt(self, server_id: str) -> None:
        """See virt.driver.Suspension."""

        def deed(domain: libvirt.virDomain) -> None:
            _need_on(domain, "take an interrupt")
            domain.injectNMI()

        self._with(server_id, deed)

    def _with(self, server_id: str, deed: domains.DomainDeed) -> None:
        with self.starter.locks.hold(server_id):
            self.connection.call(lambda lent: deed(domains.get(lent, server_id)))

    def _free_serial_port(self, domain: libvirt.virDomain) -> None:
        """Another guest may listen on the port of the serial console by now."""
        saved = domain.managedSaveGetXMLDesc(libvirt.VIR_DOMAIN_SAVE_IMAGE_XML_SECURE)
        parser = etree.XMLParser(resolve_entities=False, no_network=True)
        root = etree.fromstring(saved, parser)
        sources = [source for path in _SERIAL_SOURCES for source in root.iterfind(path)]
        if not sources:
            return
        old = sources[0].get("service", "0")
        new = str(self.starter.serial_ports.keep_or_take(int(old)))
        if new != old:
            for source in sources:
                source.set("service", new)
            domain.managedSaveDefineXML(etree.tostring(root, encoding="unicode"))


def _save(domain: libvirt.virDomain) -> None:
    """An agent that died may have left libvirt at work; the end of that comes first."""
    clock.wait_for(lambda: not _is_at_work(domain), _SAVE_TIMEOUT_S)
    if domain.isActive():
        domain.managedSave(libvirt.VIR_DOMAIN_SAVE_RUNNING)
    elif not domain.hasManagedSaveImage():
        raise CannotNow(domain.UUIDString(), "be suspended")


def _is_at_work(domain: libvirt.virDomain) -> bool:
    return bool(domain.isActive()) and domain.jobInfo()[0] != libvirt.VIR_DOMAIN_JOB_NONE


def _let_go(domain: libvirt.virDomain) -> None:
    if domain.state()[0] == libvirt.VIR_DOMAIN_PAUSED:
        domain.resume()


def _need_on(domain: libvirt.virDomain, deed: str) -> None:
    if not domain.isActive():
        raise CannotNow(domain.UUIDString(), deed)
