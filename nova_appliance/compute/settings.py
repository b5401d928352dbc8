# SPDX-License-Identifier: Apache-2.0
"""Fills the driver's settings from nova.conf."""

from __future__ import annotations

from pathlib import Path

from oslo_config import cfg

from nova_appliance.common.errors import Invalid
from nova_appliance.domain.hardware_cells import numbers
from nova_appliance.virt.settings import LiveSettings, VirtSettings

URIS = {
    "lxc": "lxc:///system",
    "parallels": "parallels:///system",
    "test": "test:///default",
    "xen": "xen:///system",
}
"""virt_type > URI when [libvirt]connection_uri is empty; all others are QEMU's."""


def virt_settings(conf: cfg.ConfigOpts) -> VirtSettings:
    """What the driver of this host is told."""
    folder = Path(conf.instances_path)
    libvirt = conf.libvirt
    serial_on = conf.serial_console.enabled
    first, end = (int(part) for part in conf.serial_console.port_range.split(":"))
    return VirtSettings(
        host=conf.host,
        host_ip=conf.my_ip,
        mount_dir=Path(conf.libvirt.nfs_mount_point_base),
        state_dir=folder,
        image_dir=folder / conf.image_cache.subdirectory_name,
        disk_format="qcow2" if libvirt.images_type == "qcow2" else "raw",
        config_drive_format=conf.config_drive_format,
        uri=libvirt.connection_uri or URIS.get(libvirt.virt_type, "qemu:///system"),
        uri_for_others=uri_for_others(conf),
        live=_live(conf),
        virt_type=libvirt.virt_type,
        cpu_mode=libvirt.cpu_mode,
        translation_mib=libvirt.tb_cache_size,
        dedicated_cpus=_cpus(conf.compute.cpu_dedicated_set),
        cpu_model=next(iter(libvirt.cpu_models), ""),
        vnc_listen=conf.vnc.server_listen if conf.vnc.enabled else "",
        vnc_address=conf.vnc.server_proxyclient_address,
        spice_listen=conf.spice.server_listen if conf.spice.enabled else "",
        spice_address=conf.spice.server_proxyclient_address,
        spice_secure=conf.spice.require_secure,
        spice_agent=conf.spice.agent_enabled,
        serial_listen=conf.serial_console.proxyclient_address if serial_on else "",
        serial_address=conf.serial_console.proxyclient_address,
        serial_secure=conf.serial_console.require_secure,
        serial_ports=(first, end),
        fake_vcpus=conf.compute.fake_vcpus,
        fake_memory_mib=conf.compute.fake_memory_mb,
        fake_disk_gib=conf.compute.fake_disk_gb,
        fake_delay_s=conf.compute.fake_delay_ms / 1000,
    )


def uri_for_others(conf: cfg.ConfigOpts) -> str:
    """The URI of our libvirtd as other hosts must name it."""
    libvirt = conf.libvirt
    named = _address(conf)
    if libvirt.live_migration_uri:
        return str(libvirt.live_migration_uri).replace("%s", named)
    return f"qemu+{libvirt.live_migration_scheme}://{named}/system"


def _live(conf: cfg.ConfigOpts) -> LiveSettings:
    libvirt = conf.libvirt
    actions = {"abort": "abort", "force_complete": "force"}
    return LiveSettings(
        migrate_to=f"tcp://{_address(conf)}",
        post_copy=libvirt.live_migration_permit_post_copy,
        auto_converge=libvirt.live_migration_permit_auto_converge,
        native_tls=libvirt.live_migration_with_native_tls,
        downtime_ms=libvirt.live_migration_downtime,
        bandwidth_mib_s=libvirt.live_migration_bandwidth,
        timeout_s_per_gib=libvirt.live_migration_completion_timeout,
        timeout_action=actions[libvirt.live_migration_timeout_action],
    )


def _address(conf: cfg.ConfigOpts) -> str:
    """As URIs name it."""
    address = str(conf.libvirt.live_migration_inbound_addr or conf.my_ip)
    return f"[{address}]" if ":" in address else address


def _cpus(text: str) -> tuple[int, ...]:
    try:
        return tuple(sorted(numbers(text))) if text else ()
    except ValueError as error:
        raise Invalid(f"[compute]cpu_dedicated_set: {error}") from error
