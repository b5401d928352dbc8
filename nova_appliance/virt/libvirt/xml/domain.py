# SPDX-License-Identifier: Apache-2.0
"""<domain>: the whole definition of a guest, put together from the parts."""

from __future__ import annotations

import dataclasses
from pathlib import Path

from nova_appliance.domain.guest import Guest, Volume
from nova_appliance.virt.libvirt.folders import CONFIG_DRIVE, CONSOLE_LOG
from nova_appliance.virt.libvirt.xml import platform
from nova_appliance.virt.libvirt.xml.console import ConsolePart, consoles
from nova_appliance.virt.libvirt.xml.cpu import cpu
from nova_appliance.virt.libvirt.xml.disk import DiskPart, Targets, controllers, disk
from nova_appliance.virt.libvirt.xml.element import Element, element, write
from nova_appliance.virt.libvirt.xml.interface import interface
from nova_appliance.virt.libvirt.xml.metadata import metadata

EMULATED = ("qemu", "test")


@dataclasses.dataclass(frozen=True, kw_only=True)
class HostTraits:
    """What is the same for all guests of a host."""

    virt_type: str
    cpu_mode: str = ""
    cpu_model: str = ""
    disk_format: str = "qcow2"
    config_drive_format: str = "iso9660"
    cache: str = "none"
    vnc_listen: str = "127.0.0.1"
    keymap: str = ""
    spice_listen: str = ""
    spice_agent: bool = True
    serial_listen: str = ""


def domain_xml(guest: Guest, host: HostTraits, folder: Path, serial_port: int = 0) -> str:
    """The definition of `guest` with its files in `folder`; a serial port of 0 is not by TCP."""
    machine = guest.image_properties.get("hw_machine_type", "pc")
    root = element(
        "domain",
        element("name", text=guest.name),
        element("uuid", text=guest.server_id),
        metadata(guest),
        element("memory", text=guest.memory_mib, unit="MiB"),
        element("vcpu", text=guest.vcpus),
        platform.sysinfo(guest.server_id),
        platform.boot(machine),
        platform.features(),
        cpu(host.virt_type, host.cpu_mode, host.cpu_model),
        platform.guest_clock(),
        element("on_poweroff", text="destroy"),
        element("on_reboot", text="restart"),
        element("on_crash", text="destroy"),
        element("devices", *_devices(guest, host, folder, serial_port)),
        type=host.virt_type,
    )
    return write(root)


def _devices(guest: Guest, host: HostTraits, folder: Path, serial_port: int) -> list[Element]:
    is_fast = host.virt_type not in EMULATED
    console = ConsolePart(
        log_file=str(folder / CONSOLE_LOG),
        vnc_listen=host.vnc_listen,
        keymap=host.keymap,
        spice_listen=host.spice_listen,
        spice_agent=host.spice_agent,
        serial_listen=host.serial_listen,
        serial_port=serial_port,
        video_model=guest.image_properties.get("hw_video_model", "virtio"),
        has_tablet=is_fast,
    )
    plugged = [made for vif in guest.vifs if (made := interface(vif)) is not None]
    parts = [] if host.virt_type == "test" else disk_parts(guest, host, folder)
    buses = {part.bus for part in parts}
    return [
        *controllers(buses),
        *(disk(part) for part in parts),
        *plugged,
        *consoles(console),
        *platform.agent_channel(guest.image_properties),
        *platform.small_devices(has_usb=is_fast or "usb" in buses),
    ]


def volume_part(volume: Volume, host: HostTraits) -> DiskPart:
    """A volume that the host has connected."""
    return DiskPart(
        file=volume.path,
        file_format=volume.file_format,
        bus=volume.bus,
        target=volume.device,
        device=volume.device_type,
        cache="none" if volume.shared or volume.kind == "block" else host.cache,
        boot_order=None if volume.boot_index is None else volume.boot_index + 1,
        kind=volume.kind,
        serial=volume.volume_id,
        read_only=volume.read_only,
        shared=volume.shared,
        network=volume.connection.get("data", {}),
    )


def disk_parts(guest: Guest, host: HostTraits, folder: Path) -> list[DiskPart]:
    """The guest's local disks in order, its volumes, then its config drive."""
    targets = Targets()
    machine = guest.image_properties.get("hw_machine_type", "pc")
    cdrom_bus = platform.CDROM_BUS[platform.machine_family(machine)]
    first = "rescue" if any(drive.purpose == "rescue" for drive in guest.disks) else "root"
    volumes = [volume_part(volume, host) for volume in guest.volumes]
    for part in volumes:
        targets.take(part.bus, part.target)
    parts = [
        DiskPart(
            file=str(folder / drive.name),
            file_format=host.disk_format,
            bus=drive.bus or cdrom_bus,
            target=targets.take(drive.bus or cdrom_bus, drive.target),
            device=drive.device,
            cache=host.cache,
            boot_order=1 if drive.purpose == first else None,
        )
        for drive in guest.disks
    ]
    parts += volumes
    if guest.config_drive is not None:
        parts.append(_config_drive(guest, host, folder, targets))
    return parts


def _config_drive(guest: Guest, host: HostTraits, folder: Path, targets: Targets) -> DiskPart:
    """A CD, or a disk when its file system is one of disks."""
    machine = guest.image_properties.get("hw_machine_type", "pc")
    is_cd = host.config_drive_format == "iso9660"
    bus = platform.CDROM_BUS[platform.machine_family(machine)] if is_cd else "virtio"
    return DiskPart(
        file=str(folder / CONFIG_DRIVE),
        file_format="raw",
        bus=bus,
        target=targets.take(bus),
        device="cdrom" if is_cd else "disk",
    )
