# SPDX-License-Identifier: Apache-2.0
"""Facts of a host under the names that operators know from capabilities and JSON queries."""

from __future__ import annotations

from typing import Any

import msgspec

from nova_appliance.db.candidates import Candidate
from nova_appliance.scheduler.scene import Scene


def facts_of(scene: Scene, host: Candidate) -> dict[str, Any]:
    """Name > value; cpu_info and stats are nested."""
    inventory = scene.inventory(host)
    return {
        "host": host.host,
        "nodename": host.node,
        "hypervisor_hostname": host.node,
        "hypervisor_type": inventory.hypervisor_type,
        "hypervisor_version": host.hypervisor_version,
        "host_ip": inventory.host_ip,
        "cpu_info": msgspec.to_builtins(inventory.cpu_info),
        "total_usable_ram_mb": host.memory_mib,
        "free_ram_mb": host.free_memory_mib,
        "total_usable_disk_gb": host.disk_gib,
        "free_disk_mb": host.free_disk_gib * 1024,
        "vcpus_total": host.vcpus,
        "vcpus_used": max(0, host.vcpus - host.free_vcpus),
        "num_instances": host.servers,
        "num_io_ops": host.building,
        "failed_builds": host.failed_builds,
    }
