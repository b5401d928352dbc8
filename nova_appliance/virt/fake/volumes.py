# SPDX-License-Identifier: Apache-2.0
"""Volumes of fake guests: the ids that each has in its record."""

from __future__ import annotations

import dataclasses

import msgspec

from nova_appliance.domain.guest import PowerState, Volume
from nova_appliance.virt.driver import CannotNow
from nova_appliance.virt.fake.hypervisor import Hypervisor


@dataclasses.dataclass(frozen=True)
class FakeVolumes:
    """See virt.driver.Volumes."""

    hypervisor: Hypervisor

    def attach(self, server_id: str, volume: Volume) -> None:
        """See virt.driver.Volumes."""
        with self.hypervisor.deed("attach_volume"):
            self._change(server_id, volume, plugged=True)

    def detach(self, server_id: str, volume: Volume) -> None:
        """See virt.driver.Volumes."""
        with self.hypervisor.deed("detach_volume"):
            self._change(server_id, volume, plugged=False)

    def plugged(self, server_id: str) -> frozenset[str]:
        """See virt.driver.Volumes."""
        found = self.hypervisor.guests.get(server_id)
        return frozenset(found.volumes) if found else frozenset()

    def swap(self, server_id: str, old: Volume, new: Volume) -> None:
        """See virt.driver.Volumes."""
        with self.hypervisor.deed("swap_volume"):
            found = self.hypervisor.guest(server_id)
            if found.power_state not in (PowerState.RUNNING, PowerState.PAUSED):
                raise CannotNow(server_id, "copy a volume")
            self.hypervisor.say(server_id, f"{old.device} is at {new.path} now")

    def resize(self, server_id: str, volume: Volume) -> None:
        """See virt.driver.Volumes."""
        with self.hypervisor.deed("resize_volume"):
            found = self.hypervisor.guests.get(server_id)
            if found is not None and found.power_state == PowerState.RUNNING:
                self.hypervisor.say(server_id, f"{volume.device} has another size")

    def _change(self, server_id: str, volume: Volume, *, plugged: bool) -> None:
        found = self.hypervisor.guests.get(server_id)
        if found is not None:
            kept = [one for one in found.volumes if one != volume.volume_id]
            volumes = (*kept, volume.volume_id) if plugged else tuple(kept)
            self.hypervisor.guests.put(server_id, msgspec.structs.replace(found, volumes=volumes))
