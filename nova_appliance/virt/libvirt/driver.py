# SPDX-License-Identifier: Apache-2.0
"""The libvirt driver: QEMU with KVM or without, and libvirt's own test hypervisor."""

from __future__ import annotations

import os
from pathlib import Path

from nova_appliance.common.errors import Invalid
from nova_appliance.virt.driver import Driver
from nova_appliance.virt.libvirt.config_drives import FILE_SYSTEMS
from nova_appliance.virt.libvirt.connection import Connection
from nova_appliance.virt.libvirt.console_ports import FreePorts
from nova_appliance.virt.libvirt.consoles import LibvirtConsoles, console_hosts
from nova_appliance.virt.libvirt.diagnostics import LibvirtDiagnostics
from nova_appliance.virt.libvirt.disks import LocalDisks, images_used
from nova_appliance.virt.libvirt.folders import Folders, folders_of
from nova_appliance.virt.libvirt.images import ImageCache
from nova_appliance.virt.libvirt.inside import LibvirtInside
from nova_appliance.virt.libvirt.interfaces import LibvirtInterfaces
from nova_appliance.virt.libvirt.inventory import HostInventory
from nova_appliance.virt.libvirt.lifecycle import LibvirtLifecycle, Starter
from nova_appliance.virt.libvirt.live import LibvirtLive
from nova_appliance.virt.libvirt.moves import LibvirtMoves
from nova_appliance.virt.libvirt.power import LibvirtPower
from nova_appliance.virt.libvirt.probe import choose_virt_type
from nova_appliance.virt.libvirt.shares import LibvirtShares
from nova_appliance.virt.libvirt.snapshots import LibvirtSnapshots
from nova_appliance.virt.libvirt.suspension import LibvirtSuspension
from nova_appliance.virt.libvirt.volumes import LibvirtVolumes
from nova_appliance.virt.libvirt.xml.domain import HostTraits
from nova_appliance.virt.settings import VirtSettings

VIRT_TYPES = ("auto", "kvm", "qemu", "test")
DISK_FORMATS = ("qcow2", "raw")
PROBE_MEMORY = "kvm-probe.json"


def open_driver(settings: VirtSettings) -> Driver:
    """Make the driver; libvirtd itself is reached at the first call."""
    _check(settings)
    folders = folders_of(settings)
    host = host_traits(settings, folders)
    connection = Connection(settings.uri, settings.keepalive_s)
    serial_ports = FreePorts(settings.serial_listen, settings.serial_ports)
    starter = Starter(connection, host, folders, serial_ports)
    lifecycle = LibvirtLifecycle(connection, starter)
    power = LibvirtPower(connection, starter)
    inventory = HostInventory(connection, settings, host, folders)
    if host.virt_type == "test":
        return Driver(
            name="libvirt",
            lifecycle=lifecycle,
            power=power,
            inventory=inventory,
            close=connection.close,
        )
    images = _swept(ImageCache(folders, images_used))
    disks = LocalDisks(folders, images, settings.disk_format, settings.config_drive_format)
    return Driver(
        name="libvirt",
        lifecycle=lifecycle,
        power=power,
        inventory=inventory,
        disks=disks,
        images=images,
        consoles=LibvirtConsoles(connection, folders, console_hosts(settings)),
        suspension=LibvirtSuspension(connection, starter),
        snapshots=LibvirtSnapshots(starter, settings.disk_format),
        diagnostics=LibvirtDiagnostics(connection),
        interfaces=LibvirtInterfaces(connection, starter),
        inside=LibvirtInside(connection),
        moves=LibvirtMoves(disks, settings.uri_for_others),
        live=LibvirtLive(starter, disks, settings),
        volumes=LibvirtVolumes(connection, starter),
        shares=LibvirtShares(settings.mount_dir),
        close=connection.close,
    )


def _swept(images: ImageCache) -> ImageCache:
    images.sweep()
    return images


def _check(settings: VirtSettings) -> None:
    for name, value, choices in (
        ("virt_type", settings.virt_type, VIRT_TYPES),
        ("disk_format", settings.disk_format, DISK_FORMATS),
        ("config_drive_format", settings.config_drive_format, tuple(FILE_SYSTEMS)),
    ):
        if value not in choices:
            raise Invalid(f"{name} is {value!r}; choose one of {', '.join(choices)}.")


def host_traits(settings: VirtSettings, folders: Folders) -> HostTraits:
    """Decide what is the same for all guests of this host."""
    virt_type = choose_virt_type(settings.virt_type, folders.servers / PROBE_MEMORY)
    direct = virt_type == "kvm" and takes_direct_io(folders.servers)
    return HostTraits(
        virt_type=virt_type,
        cpu_mode=settings.cpu_mode,
        cpu_model=settings.cpu_model,
        translation_mib=settings.translation_mib if virt_type == "qemu" else 0,
        disk_format=settings.disk_format,
        config_drive_format=settings.config_drive_format,
        cache="none" if direct else "writeback",
        vnc_listen=settings.vnc_listen,
        keymap=settings.keymap,
        spice_listen=settings.spice_listen,
        spice_secure=settings.spice_secure,
        spice_agent=settings.spice_agent,
        serial_listen=settings.serial_listen,
        serial_secure=settings.serial_secure,
        dedicated_cpus=settings.dedicated_cpus,
    )


def takes_direct_io(folder: Path) -> bool:
    """Whether files there can be opened past the page cache (not on every file system)."""
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / f".direct-io-{os.getpid()}"
    try:
        os.close(os.open(file, os.O_CREAT | os.O_WRONLY | os.O_DIRECT, 0o600))
    except OSError:
        return False
    finally:
        file.unlink(missing_ok=True)
    return True
