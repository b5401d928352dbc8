# SPDX-License-Identifier: Apache-2.0
"""As much as the settings say."""

from __future__ import annotations

import dataclasses

from nova_appliance.domain.guest import PowerState
from nova_appliance.domain.host import Inventory
from nova_appliance.virt.fake.devices import DEVICES
from nova_appliance.virt.fake.hypervisor import Hypervisor

TRAITS = (
    "COMPUTE_IMAGE_TYPE_QCOW2",
    "COMPUTE_IMAGE_TYPE_RAW",
    "COMPUTE_RESCUE_BFV",
    "HW_CPU_X86_SSE2",
)


@dataclasses.dataclass(frozen=True)
class FakeInventory:
    """As much as the settings say, less what the guests use."""

    hypervisor: Hypervisor

    def read(self) -> Inventory:
        """See virt.driver.Inventories."""
        with self.hypervisor.deed("read"):
            settings = self.hypervisor.settings
            guests = self.hypervisor.guests.records()
            disks = [disk for held in self.hypervisor.disks.records() for disk in held.disks]
        running = [guest for guest in guests if guest.power_state == PowerState.RUNNING]
        return Inventory(
            node=settings.host,
            hypervisor_type="fake",
            hypervisor_version=1_000_000,
            vcpus=settings.fake_vcpus,
            memory_mib=settings.fake_memory_mib,
            memory_used_mib=sum(guest.memory_mib for guest in running),
            disk_gib=settings.fake_disk_gib,
            disk_free_gib=settings.fake_disk_gib - sum(disk.size_gib for disk in disks),
            cpu_info={
                "arch": "x86_64",
                "model": "fake",
                "vendor": "fake",
                "features": [],
                "topology": {"sockets": 1, "cores": settings.fake_vcpus, "threads": 1},
            },
            host_ip=settings.host_ip,
            traits=TRAITS,
            devices=DEVICES,
        )
