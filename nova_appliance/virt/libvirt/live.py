# SPDX-License-Identifier: Apache-2.0
"""Live migration by libvirt: its daemons speak with each other (peer to peer), we watch."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import libvirt
import msgspec

from nova_appliance.common import ids
from nova_appliance.domain.guest import Guest
from nova_appliance.domain.journey import Journey
from nova_appliance.domain.passport import Passport, Welcome
from nova_appliance.virt.driver import CannotNow
from nova_appliance.virt.libvirt import domains, overlays
from nova_appliance.virt.libvirt.disks import LocalDisks, finish
from nova_appliance.virt.libvirt.far_files import FarFiles
from nova_appliance.virt.libvirt.flight import Flight
from nova_appliance.virt.libvirt.folders import CONFIG_DRIVE, make_private
from nova_appliance.virt.libvirt.lifecycle import Starter
from nova_appliance.virt.libvirt.moves import held
from nova_appliance.virt.libvirt.xml.moved import cpu_of
from nova_appliance.virt.moves import CpuDiffers, Watch
from nova_appliance.virt.settings import VirtSettings


@dataclasses.dataclass(frozen=True)
class LibvirtLive:
    """See virt.moves.LiveMoves."""

    starter: Starter
    disks: LocalDisks
    settings: VirtSettings

    def passport(self, guest: Guest, journey: Journey) -> Passport:
        """See virt.moves.LiveMoves."""

        def deed(lent: libvirt.virConnect) -> str:
            domain = domains.get(lent, guest.server_id)
            if not domain.isActive():
                raise CannotNow(guest.server_id, "be migrated")
            return str(domain.XMLDesc(libvirt.VIR_DOMAIN_XML_MIGRATABLE))

        text = self.starter.connection.call(deed)
        folder = self.disks.folders.server(guest.server_id)
        found = tuple(held(folder, self.disks.disk_format)) if folder.is_dir() else ()
        told = msgspec.structs.replace(
            journey,
            address=self.settings.uri_for_others,
            folder=str(folder),
            images=str(self.disks.folders.images),
            disks=found,
        )
        layers = {disk.name: overlays.backing_file(folder / disk.name) or "" for disk in found}
        bases = {name: Path(base).name for name, base in layers.items()}
        return Passport(journey=told, cpu=cpu_of(text), overlays=bases)

    def admit(self, guest: Guest, passport: Passport, *, shared: bool) -> Welcome:
        """See virt.moves.LiveMoves."""
        self._check_cpu(guest, passport)
        folder = self.disks.folders.server(guest.server_id)
        if not shared:
            self._make_disks(guest, passport, folder)
        listen = {
            "vnc": self.settings.vnc_listen,
            "spice": self.settings.spice_listen,
            "serial": self.settings.serial_listen,
        }
        return Welcome(
            address=self.settings.uri_for_others,
            migrate_to=self.settings.live.migrate_to,
            folder=str(folder),
            shared=shared,
            whole=not shared and not self._lies_over_the_same(guest, passport, folder),
            listen={kind: address for kind, address in listen.items() if address},
            serial_port=self.starter.serial_ports.take(),
        )

    def go(self, guest: Guest, welcome: Welcome, watch: Watch) -> None:
        """See virt.moves.LiveMoves."""
        folder = self.disks.folders.server(guest.server_id)
        Flight(self.starter.connection, guest, welcome, str(folder), self.settings.live).run(watch)

    def _check_cpu(self, guest: Guest, passport: Passport) -> None:
        """An emulated processor is the same on every host; a real one must have all features."""
        if self.starter.host.virt_type != "kvm" or not passport.cpu:
            return
        flags = libvirt.VIR_CONNECT_COMPARE_CPU_FAIL_INCOMPATIBLE

        def deed(lent: libvirt.virConnect) -> str:
            try:
                lent.compareCPU(passport.cpu, flags)
            except libvirt.libvirtError as error:
                if error.get_error_code() == libvirt.VIR_ERR_CPU_INCOMPATIBLE:
                    return str(error)
                raise
            return ""

        reason = self.starter.connection.call(deed)
        if reason:
            raise CpuDiffers(guest.server_id, reason)

    def _make_disks(self, guest: Guest, passport: Passport, folder: Path) -> None:
        """Have empty disks of the same sizes, and the same config drive."""
        self.disks.folders.make()
        make_private(folder)
        journey = passport.journey
        if guest.config_drive is not None and not (folder / CONFIG_DRIVE).exists():
            part = folder / f"{CONFIG_DRIVE}.part"
            with FarFiles(journey.address, Path(journey.folder), Path(journey.images)) as files:
                if files.copy(CONFIG_DRIVE, part):
                    finish(part, folder / CONFIG_DRIVE)
        self.disks.create(guest)
        for disk in journey.disks:
            if (folder / disk.name).is_file():
                overlays.grow(folder / disk.name, self.disks.disk_format, disk.virtual_bytes)

    def _lies_over_the_same(self, guest: Guest, passport: Passport, folder: Path) -> bool:
        """Whether every disk lies over an image here as there: images are the same everywhere."""
        for disk in guest.disks:
            base = Path(overlays.backing_file(folder / disk.name) or "").name
            if not ids.is_id(base) or passport.overlays.get(disk.name) != base:
                return False
        return True
