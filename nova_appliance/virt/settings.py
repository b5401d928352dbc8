# SPDX-License-Identifier: Apache-2.0
"""What a driver is told about its host when it is loaded; nova-compute fills it from nova.conf."""

from __future__ import annotations

import dataclasses
from pathlib import Path


@dataclasses.dataclass(frozen=True, kw_only=True)
class LiveSettings:
    """How guests move while they run."""

    migrate_to: str = ""
    """Where other hosts send memory and disks, such as tcp://192.0.2.1."""
    post_copy: bool = False
    """A guest in haste runs at the target before all its memory is there."""
    auto_converge: bool = False
    """A guest that writes faster than it is copied is slowed down."""
    native_tls: bool = False
    downtime_ms: int = 500
    bandwidth_mib_s: int = 0
    """0 is no limit."""
    timeout_s_per_gib: int = 800
    """0 is for ever."""
    timeout_action: str = "abort"
    """abort or force."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class VirtSettings:
    """One object for all drivers; each reads what concerns it."""

    host: str
    """hypervisor_hostname that the driver reports."""
    host_ip: str = "127.0.0.1"
    state_dir: Path | None = None
    """Folder of the servers' disks ([DEFAULT] instances_path); None keeps the fake in memory."""
    image_dir: Path | None = None
    """Folder of cached images; None means `_base` in state_dir."""
    mount_dir: Path = Path("/var/lib/nova/mnt")
    """Where shares are mounted."""
    disk_format: str = "qcow2"
    """Format of new disks: qcow2 (an overlay over the cached image) or raw (a copy)."""
    config_drive_format: str = "iso9660"
    """File system of config drives: iso9660 (a CD) or vfat (a disk)."""

    uri: str = "qemu:///system"
    uri_for_others: str = ""
    """Where the libvirtd of another host reaches ours; empty: disks stay on this host."""
    live: LiveSettings = LiveSettings()
    virt_type: str = "auto"
    """kvm, qemu, test; auto starts a probe guest to choose between kvm and qemu."""
    cpu_mode: str = ""
    """host-model, host-passthrough, custom, none; empty chooses by virt_type."""
    cpu_model: str = ""
    """CPU model for cpu_mode custom; empty takes one that runs fast under emulation."""
    translation_mib: int = 128
    """What QEMU may take for a guest's translated code under emulation; 0 leaves it to QEMU."""
    keepalive_s: int = 5
    """Seconds between keepalive messages to libvirtd; 0 sends none."""
    dedicated_cpus: tuple[int, ...] = ()
    """Processors of the host for guests with hw:cpu_policy dedicated."""
    vnc_listen: str = "127.0.0.1"
    """Address of VNC consoles; empty gives guests no VNC."""
    vnc_address: str = "127.0.0.1"
    """Where proxies reach what listens at vnc_listen."""
    keymap: str = ""
    spice_listen: str = ""
    """Address of SPICE consoles; empty gives guests no SPICE."""
    spice_address: str = "127.0.0.1"
    spice_secure: bool = False
    """SPICE listens with TLS alone."""
    spice_agent: bool = True
    """Whether guests get the channel of the SPICE agent."""
    serial_listen: str = ""
    """Address of serial consoles; empty keeps the serial port to its log."""
    serial_address: str = "127.0.0.1"
    serial_secure: bool = False
    """Serial consoles want TLS, and a certificate of who comes."""
    serial_ports: tuple[int, int] = (10000, 20000)
    """First port for serial consoles, and the one after the last."""

    fake_vcpus: int = 1000
    fake_memory_mib: int = 8_000_000
    fake_disk_gib: int = 600_000
    fake_delay_s: float = 0.0
    """How long the fake takes for each deed on a guest."""
