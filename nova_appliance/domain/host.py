# SPDX-License-Identifier: Apache-2.0
"""What a hypervisor host has: the report of its driver, sent by nova-compute to the conductor."""

from __future__ import annotations

import msgspec


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
    memory_used_mib: int
    cpu_info: dict[str, object] = {}
    """arch, model, vendor, features, topology: the keys of the Compute API's cpu_info."""
    architectures: tuple[str, ...] = ("x86_64",)
    host_ip: str = "127.0.0.1"
    uptime: str = ""
    """Text of `uptime` on the host, for GET /os-hypervisors/{id}/uptime."""
    traits: tuple[str, ...] = ()
    """os-traits names of what the driver can do (COMPUTE_...)."""
