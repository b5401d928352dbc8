# SPDX-License-Identifier: Apache-2.0
"""What the target of a live migration checks and has ready before the guest is sent."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import libvirt

from nova_appliance.common import ids
from nova_appliance.common.errors import Unfit
from nova_appliance.domain.guest import Guest
from nova_appliance.domain.passport import Passport, Welcome
from nova_appliance.virt.libvirt import bridges, overlays
from nova_appliance.virt.libvirt.disks import LocalDisks, finish
from nova_appliance.virt.libvirt.far_files import FarFiles
from nova_appliance.virt.libvirt.folders import CONFIG_DRIVE, make_private
from nova_appliance.virt.libvirt.lifecycle import Starter
from nova_appliance.virt.moves import CpuDiffers
from nova_appliance.virt.settings import VirtSettings


@dataclasses.dataclass(frozen=True)
class Admission:
    """Admits guests to this host."""

    starter: Starter
    disks: LocalDisks
    settings: VirtSettings

    def admit(self, guest: Guest, passport: Passport, *, shared: bool) -> Welcome:
        """See virt.moves.LiveMoves."""
        self._check_cpu(guest, passport)
        volumes = {one.volume_id: one.path for one in guest.volumes if one.kind != "network"}
        for volume_id, path in volumes.items():
            if not Path(path).exists():
                raise Unfit(f"Volume {volume_id} is not to be had on this host: no {path}.")
        folder = self.disks.folders.server(guest.server_id)
        if not shared:
            self._make_disks(guest, passport, folder)
        bridges.make_missing(guest.vifs)
        listen = {
            "vnc": self.settings.vnc_listen,
            "spice": self.settings.spice_listen,
            "serial": self.settings.serial_listen,
            "serial+tls": self.settings.serial_listen if self.settings.serial_secure else "",
            "spice+tls": self.settings.spice_listen if self.settings.spice_secure else "",
        }
        return Welcome(
            address=self.settings.uri_for_others,
            migrate_to=self.settings.live.migrate_to,
            folder=str(folder),
            shared=shared,
            whole=not shared and not self._lies_over_the_same(guest, passport, folder),
            listen={kind: address for kind, address in listen.items() if address},
            serial_port=self.starter.serial_ports.take(),
            volumes=volumes,
        )

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
