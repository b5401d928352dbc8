# SPDX-License-Identifier: Apache-2.0
"""What the fake hypervisor counts of a running guest: what it has, and that it does nothing."""

from __future__ import annotations

import dataclasses

from nova_appliance.domain.diagnostics import CpuUse, Diagnosis, DiskUse
from nova_appliance.domain.guest import PowerState
from nova_appliance.virt.driver import CannotNow
from nova_appliance.virt.fake.hypervisor import Hypervisor

STATES = {PowerState.RUNNING: "running", PowerState.PAUSED: "paused"}


@dataclasses.dataclass(frozen=True)
class FakeDiagnostics:
    """See virt.driver.Diagnostics."""

    hypervisor: Hypervisor

    def read(self, server_id: str) -> Diagnosis:
        """See virt.driver.Diagnostics."""
        with self.hypervisor.deed("read"):
            guest = self.hypervisor.guest(server_id)
            state = STATES.get(guest.power_state)
            if state is None:
                raise CannotNow(server_id, "tell how it does")
            held = self.hypervisor.disks.get(server_id)
        kib = guest.memory_mib * 1024
        return Diagnosis(
            driver="fake",
            hypervisor="fake",
            state=state,
            memory_kib=kib,
            memory_used_kib=kib,
            cpus=tuple(CpuUse(number=number, time_ns=0) for number in range(guest.vcpus)),
            disks=tuple(DiskUse(device=disk.name) for disk in (held.disks if held else ())),
        )
