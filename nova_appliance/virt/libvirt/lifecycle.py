# SPDX-License-Identifier: Apache-2.0
"""Lifecycle of guests by libvirt: define and start, find, forget."""

from __future__ import annotations

import dataclasses
from contextlib import ExitStack

import libvirt

from nova_appliance.common.errors import ApplianceError
from nova_appliance.domain.guest import Guest, GuestSeen
from nova_appliance.virt.driver import NoSuchDisks
from nova_appliance.virt.libvirt import bridges, domains, firmware, pages, pins
from nova_appliance.virt.libvirt.connection import Connection
from nova_appliance.virt.libvirt.console_ports import FreePorts
from nova_appliance.virt.libvirt.folders import Folders
from nova_appliance.virt.libvirt.xml.domain import HostTraits, disk_parts, domain_xml
from nova_appliance.virt.locks import NamedLocks

LACKS = {
    "spice TLS": "[spice] require_secure is set, but this host's /etc/libvirt/qemu.conf does not say "
    "spice_tls = 1: let site.yml bring it, or unset the option.",
    "Unable to access credentials": "A console of this guest wants TLS, but QEMU finds no certificate "
    "for it: default_tls_x509_cert_dir in this host's /etc/libvirt/qemu.conf names the folder; let "
    "site.yml bring both, or unset [serial_console] require_secure.",
}
"""Words of libvirt where it lacks what nova.conf relies on > what to do."""
PINS = "pins"
"""One guest at a time chooses its processors."""


class NoSecureConsole(ApplianceError):
    """QEMU has no TLS here, which nova.conf relies on; another host may have it."""


@dataclasses.dataclass(frozen=True)
class Starter:
    """Gives power to guests; Lifecycle and Power share it."""

    connection: Connection
    host: HostTraits
    folders: Folders
    serial_ports: FreePorts
    locks: NamedLocks = dataclasses.field(default_factory=NamedLocks)

    def start(self, guest: Guest) -> GuestSeen:
        """Define the guest as given and start it; one that runs is left alone."""
        with self.locks.hold(guest.server_id):
            return self.connection.call(lambda lent: self._start(lent, guest))

    def _start(self, lent: libvirt.virConnect, guest: Guest) -> GuestSeen:
        found = domains.look_up(lent, guest.server_id)
        if found is not None and found.isActive():
            _go_on(found)
            return _seen(found, guest)
        folder = self.folders.server(guest.server_id)
        if self.host.virt_type != "test":
            self._need_files(guest)
            bridges.make_missing(guest.vifs)
            pages.check(lent, guest)
        with ExitStack() as undo:
            port = self.serial_ports.take()
            with self.locks.hold(PINS):
                cpus = pins.choose(lent, guest, self.host)
                host = firmware.asked(lent, guest, self.host)
                defined = lent.defineXML(domain_xml(guest, host, folder, port, cpus))
            if found is None:
                undo.callback(domains.forget, defined)
            undo.callback(domains.remove_taps, tuple(vif.device for vif in guest.vifs))
            domains.forget_memory(defined)
            _create(defined)
            undo.pop_all()
        return _seen(defined, guest)

    def _need_files(self, guest: Guest) -> None:
        folder = self.folders.server(guest.server_id)
        parts = disk_parts(guest, self.host, folder)
        wanted = [part.file for part in parts if part.kind != "network"]
        if not folder.is_dir() or not all((folder / file).exists() for file in wanted):
            raise NoSuchDisks(guest.server_id)


def _create(domain: libvirt.virDomain) -> None:
    """Start it. Raises NoSecureConsole."""
    try:
        domain.create()
    except libvirt.libvirtError as error:
        for words, sentence in LACKS.items():
            if words in str(error):
                raise NoSecureConsole(sentence) from error
        raise


def _go_on(domain: libvirt.virDomain) -> None:
    """Wake a guest whose start was cut short: libvirt starts guests paused."""
    state, reason = domain.state()
    if state == libvirt.VIR_DOMAIN_PAUSED and reason == libvirt.VIR_DOMAIN_PAUSED_STARTING_UP:
        domain.resume()


def _seen(domain: libvirt.virDomain, guest: Guest) -> GuestSeen:
    return GuestSeen(
        server_id=guest.server_id, name=guest.name, power_state=domains.power_state(domain)
    )


@dataclasses.dataclass(frozen=True)
class LibvirtLifecycle:
    """See virt.driver.Lifecycle."""

    connection: Connection
    starter: Starter

    def start_new(self, guest: Guest) -> GuestSeen:
        """See virt.driver.Lifecycle."""
        return self.starter.start(guest)

    def destroy(self, server_id: str) -> None:
        """See virt.driver.Lifecycle."""
        with self.starter.locks.hold(server_id):
            self.connection.call(lambda lent: _destroy(lent, server_id))

    def find(self, server_id: str) -> GuestSeen | None:
        """See virt.driver.Lifecycle."""

        def deed(lent: libvirt.virConnect) -> GuestSeen | None:
            found = domains.look_up(lent, server_id)
            return None if found is None else domains.see(found)

        return self.connection.call(deed)

    def list_(self) -> tuple[GuestSeen, ...]:
        """See virt.driver.Lifecycle."""
        seen = self.connection.call(
            lambda lent: [domains.see(d) for d in lent.listAllDomains() if domains.is_ours(d)]
        )
        return tuple(sorted((s for s in seen if s is not None), key=lambda s: s.server_id))


def _destroy(lent: libvirt.virConnect, server_id: str) -> None:
    found = domains.look_up(lent, server_id)
    if found is None:
        return
    taps = domains.tap_devices(found)
    domains.cut_power(found)
    domains.forget(found)
    domains.remove_taps(taps)
