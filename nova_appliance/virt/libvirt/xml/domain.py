# SPDX-License-Identifier: Apache-2.0
"""<domain>: the whole definition of a guest, put together from the parts."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from pathlib import Path

from nova_appliance.domain.guest import RESCUE_DRIVE, Guest, Volume
from nova_appliance.domain.hardware import Hardware, read
from nova_appliance.virt.libvirt.folders import CONFIG_DRIVE, CONSOLE_LOG
from nova_appliance.virt.libvirt.xml import memory, platform
from nova_appliance.virt.libvirt.xml.console import ConsolePart, consoles
from nova_appliance.virt.libvirt.xml.cpu import cpu
from nova_appliance.virt.libvirt.xml.disk import DiskPart, Targets, controllers, disk
from nova_appliance.virt.libvirt.xml.element import Element, element, write
from nova_appliance.virt.libvirt.xml.interface import interface
from nova_appliance.virt.libvirt.xml.limits import cpu_tune
from nova_appliance.virt.libvirt.xml.metadata import metadata
from nova_appliance.virt.libvirt.xml.share import share

EMULATED = ("qemu", "test")


@dataclasses.dataclass(frozen=True, kw_only=True)
class HostTraits:
    """What is the same for all guests of a host."""

    virt_type: str
    cpu_mode: str = ""
    cpu_model: str = ""
    translation_mib: int = 0
    """For translated code, under emulation; 0 leaves it to QEMU."""
    disk_format: str = "qcow2"
    config_drive_format: str = "iso9660"
    cache: str = "none"
    vnc_listen: str = "127.0.0.1"
    keymap: str = ""
    spice_listen: str = ""
    spice_secure: bool = False
    spice_agent: bool = True
    serial_listen: str = ""
    serial_secure: bool = False
    dedicated_cpus: tuple[int, ...] = ()
    """Processors of the host for guests with hw:cpu_policy dedicated."""
    has_secure_boot: bool = False
    """Its firmware starts what is signed only: asked when a guest wishes for it."""


def domain_xml(
    guest: Guest,
    host: HostTraits,
    folder: Path,
    serial_port: int = 0,
    pins: Sequence[int] = (),
) -> str:
    """The definition of `guest` with its files in `folder`; a serial port of 0 is not by TCP."""
    hardware = hardware_of(guest).settled(has_secure_boot=host.has_secure_boot)
    root = element(
        "domain",
        element("name", text=guest.name),
        element("uuid", text=guest.server_id),
        metadata(guest),
        element("memory", text=guest.memory_mib, unit="MiB"),
        memory.backing(hardware, shared=bool(guest.shares)),
        element("vcpu", text=guest.vcpus),
        cpu_tune(hardware.cpu_limits, pins),
        platform.sysinfo(guest.server_id),
        platform.boot(hardware),
        platform.features(hardware, host.translation_mib),
        cpu(host.virt_type, host.cpu_mode, host.cpu_model, hardware),
        platform.guest_clock(hardware),
        element("on_poweroff", text="destroy"),
        element("on_reboot", text="restart"),
        element("on_crash", text="destroy"),
        element("devices", *_devices(guest, host, folder, serial_port)),
        type=host.virt_type,
    )
    return write(root)


def hardware_of(guest: Guest) -> Hardware:
    """What the guest's flavor and image say of its hardware. Raises Impossible."""
    return read(guest.extra_specs, guest.image_properties, guest.vcpus, guest.memory_mib)


def _devices(guest: Guest, host: HostTraits, folder: Path, serial_port: int) -> list[Element]:
    hardware = hardware_of(guest)
    has_tablet = hardware.devices.usb_model != "none" and (
        host.virt_type not in EMULATED or hardware.devices.tablet
    )
    console = ConsolePart(
        log_file=str(folder / CONSOLE_LOG),
        vnc_listen=host.vnc_listen,
        keymap=host.keymap,
        spice_listen=host.spice_listen,
        spice_secure=host.spice_secure,
        spice_agent=host.spice_agent,
        serial_listen=host.serial_listen,
        serial_secure=host.serial_secure,
        serial_port=serial_port,
        video_model=hardware.video_model,
        video_ram_mib=hardware.video_ram_mib,
        has_tablet=has_tablet,
    )
    cards = [interface(vif, hardware.devices.queues) for vif in guest.vifs]
    plugged = [card for card in cards if card is not None]
    parts = [] if host.virt_type == "test" else disk_parts(guest, host, folder)
    buses = {part.bus for part in parts}
    has_usb = has_tablet or "usb" in buses or hardware.devices.usb_model not in {"", "none"}
    return [
        *platform.root_ports(hardware),
        *controllers(buses),
        *(disk(part) for part in parts),
        *plugged,
        *(share(one) for one in guest.shares),
        *consoles(console),
        *platform.agent_channel(guest.image_properties),
        *platform.small_devices(hardware, has_usb=has_usb),
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
    hardware = hardware_of(guest)
    cdrom_bus = _cdrom_bus(hardware)
    first = "rescue" if guest.is_rescued else "root"
    volumes = [volume_part(volume, host) for volume in guest.volumes]
    if guest.is_rescued:  # two devices of one order are refused
        volumes = [dataclasses.replace(part, boot_order=None) for part in volumes]
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
            limits=hardware.disk_limits,
        )
        for drive in guest.disks
    ]
    parts += volumes
    if guest.config_drive is not None:
        parts.append(_config_drive(guest, host, folder, targets))
    return parts


def _cdrom_bus(hardware: Hardware) -> str:
    return hardware.cdrom_bus or platform.CDROM_BUS[platform.machine_family(hardware.machine)]


def _config_drive(guest: Guest, host: HostTraits, folder: Path, targets: Targets) -> DiskPart:
    """A CD, or a disk when its file system is one of disks.

    Guests that were rescued by an older release have no drive of their own for that.
    """
    rescue = folder / RESCUE_DRIVE
    is_cd = host.config_drive_format == "iso9660"
    bus = _cdrom_bus(hardware_of(guest)) if is_cd else "virtio"
    return DiskPart(
        file=str(rescue if guest.is_rescued and rescue.exists() else folder / CONFIG_DRIVE),
        file_format="raw",
        bus=bus,
        target=targets.take(bus),
        device="cdrom" if is_cd else "disk",
    )
