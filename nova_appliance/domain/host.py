# SPDX-License-Identifier: Apache-2.0
"""What a hypervisor host has: the report of its driver, sent by nova-compute to the conductor."""

from __future__ import annotations

import datetime as dt

import msgspec

from nova_appliance.domain.flavor import Flavor
from nova_appliance.domain.pci import DeviceRequest, PciDevice


class Inventory(msgspec.Struct, frozen=True, kw_only=True):
    """Resources and identity of one hypervisor node, before ratios and reservations."""

    node: str
    """hypervisor_hostname of the Compute API."""
    hypervisor_type: str
    """QEMU, KVM, Xen, fake, ..."""
    hypervisor_version: int
    """1000000 * major + 1000 * minor + release, as libvirt counts."""
    vcpus: int
    memory_mib: int
    disk_gib: int
    disk_free_gib: int
    """disk_available_least of the Compute API: free when every guest has filled its disks; below 0
    where they were promised more than there is.
    """
    memory_used_mib: int
    cpu_info: dict[str, object] = {}
    """arch, model, vendor, features, topology: the keys of the Compute API's cpu_info."""
    architectures: tuple[str, ...] = ("x86_64",)
    host_ip: str = "127.0.0.1"
    uptime: str = ""
    """Text of `uptime` on the host, for GET /os-hypervisors/{id}/uptime."""
    traits: tuple[str, ...] = ()
    """os-traits names of what the driver can do (COMPUTE_...)."""
    devices: tuple[PciDevice, ...] = ()
    """What guests may have for themselves."""


class Limits(msgspec.Struct, frozen=True, kw_only=True):
    """How much of a host may be claimed: (total - reserved) * ratio, computed by nova-compute."""

    vcpus: int
    memory_mib: int
    disk_gib: int


class Amounts(msgspec.Struct, frozen=True, kw_only=True):
    """What one server takes of a host, or several of them together."""

    vcpus: int
    memory_mib: int
    disk_gib: int
    devices: tuple[DeviceRequest, ...] = ()
    """What it wants for itself; never of several together."""
    cells: int = 0
    """Its NUMA cells."""


class Host(msgspec.Struct, frozen=True, kw_only=True):
    """A hypervisor node as the scheduler and GET /os-hypervisors see it."""

    row: int
    """The API's id up to 2.52."""
    id: str
    """The API's id from 2.53 on."""
    cell_id: str
    host: str
    node: str
    disabled: bool
    inventory: Inventory
    limits: Limits
    used: Amounts
    """What the claims add up to."""
    servers: int
    building: int = 0
    """Claims whose server is not open for business yet."""
    failed_builds: int = 0
    """Builds that failed here since the last one that went well."""
    created_at: dt.datetime
    updated_at: dt.datetime | None = None


def amounts_of(flavor: Flavor, *, with_root: bool) -> Amounts:
    """What a server of this flavor takes; `resources:` extra specs override the sizes."""
    local_gib = flavor.ephemeral_gib + -(-flavor.swap_mib // 1024)
    sizes = {
        "VCPU": flavor.vcpus,
        "MEMORY_MB": flavor.memory_mib,
        "DISK_GB": local_gib + (flavor.root_gib if with_root else 0),
    }
    for name in sizes:
        text = flavor.extra_specs.get(f"resources:{name}", "")
        if text.isdigit():
            sizes[name] = int(text)
    return Amounts(vcpus=sizes["VCPU"], memory_mib=sizes["MEMORY_MB"], disk_gib=sizes["DISK_GB"])
