# SPDX-License-Identifier: Apache-2.0
"""Live migration by libvirt: its daemons speak with each other (peer to peer), we watch."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import libvirt
import msgspec

from nova_appliance.domain.guest import Guest
from nova_appliance.domain.journey import Journey
from nova_appliance.domain.passport import Passport, Welcome
from nova_appliance.virt.driver import CannotNow
from nova_appliance.virt.libvirt import admission, domains, flight, moves, overlays
from nova_appliance.virt.libvirt.disks import LocalDisks
from nova_appliance.virt.libvirt.lifecycle import Starter
from nova_appliance.virt.libvirt.xml.moved import cpu_of, volumes_of
from nova_appliance.virt.moves import Watch
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
        found = tuple(moves.held(folder, self.disks.disk_format)) if folder.is_dir() else ()
        told = msgspec.structs.replace(
            journey,
            address=self.settings.uri_for_others,
            folder=str(folder),
            images=str(self.disks.folders.images),
            disks=found,
        )
        layers = {disk.name: overlays.backing_file(folder / disk.name) or "" for disk in found}
        bases = {name: Path(base).name for name, base in layers.items()}
        volumes = volumes_of(text, {volume.volume_id for volume in guest.volumes})
        taken = sum(overlays.taken_bytes(folder / disk.name) for disk in found)
        return Passport(
            journey=told, cpu=cpu_of(text), overlays=bases, volumes=volumes, taken_bytes=taken
        )

    def admit(self, guest: Guest, passport: Passport, *, shared: bool) -> Welcome:
        """See virt.moves.LiveMoves."""
        return admission.Admission(self.starter, self.disks, self.settings).admit(
            guest, passport, shared=shared
        )

    def go(self, guest: Guest, welcome: Welcome, watch: Watch) -> None:
        """See virt.moves.LiveMoves."""
        folder = self.disks.folders.server(guest.server_id)
        flight.Flight(self.starter.connection, guest, welcome, str(folder), self.settings.live).run(
            watch
        )
