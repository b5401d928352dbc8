# SPDX-License-Identifier: Apache-2.0
"""Volumes and shares of fake guests: the ids that each has in its record."""

from __future__ import annotations

import dataclasses
from pathlib import PurePath

import msgspec

from nova_appliance.common.errors import Refused
from nova_appliance.domain.guest import Merge, PowerState, Share, Volume
from nova_appliance.domain.volume_usage import VolumeCount
from nova_appliance.virt.driver import CannotNow
from nova_appliance.virt.fake.hypervisor import Hypervisor


@dataclasses.dataclass(frozen=True)
class FakeVolumes:
    """See virt.volumes.Volumes."""

    hypervisor: Hypervisor

    def attach(self, server_id: str, volume: Volume) -> None:
        """See virt.volumes.Volumes."""
        with self.hypervisor.deed("attach_volume"):
            self._change(server_id, volume, plugged=True)

    def detach(self, server_id: str, volume: Volume) -> None:
        """See virt.volumes.Volumes."""
        with self.hypervisor.deed("detach_volume"):
            self._change(server_id, volume, plugged=False)

    def plugged(self, server_id: str) -> frozenset[str]:
        """See virt.volumes.Volumes."""
        found = self.hypervisor.guests.get(server_id)
        return frozenset(found.volumes) if found else frozenset()

    def counts(self, server_id: str) -> tuple[VolumeCount, ...]:
        """See virt.volumes.Volumes."""
        with self.hypervisor.deed("count_volumes"):
            found = self.hypervisor.guests.get(server_id)
            volumes = sorted(found.volumes) if found is not None and found.runs() else []
            return tuple(self.hypervisor.counts.of(server_id, volume_id) for volume_id in volumes)

    def swap(self, server_id: str, old: Volume, new: Volume) -> None:
        """See virt.volumes.Volumes."""
        with self.hypervisor.deed("swap_volume"):
            found = self.hypervisor.guest(server_id)
            if found.power_state not in (PowerState.RUNNING, PowerState.PAUSED):
                raise CannotNow(server_id, "copy a volume")
            self.hypervisor.say(server_id, f"{old.device} is at {new.path} now")

    def resize(self, server_id: str, volume: Volume) -> None:
        """See virt.volumes.Volumes."""
        with self.hypervisor.deed("resize_volume"):
            found = self.hypervisor.guests.get(server_id)
            if found is not None and found.power_state == PowerState.RUNNING:
                self.hypervisor.say(server_id, f"{volume.device} has another size")

    def lay_over(self, server_id: str, volume: Volume, name: str) -> Volume:
        """See virt.volumes.Volumes."""
        new = _beside(volume, name)
        with self.hypervisor.deed("lay_over"):
            self._say(server_id, f"{volume.device} is written to {name} now")
        return msgspec.structs.replace(volume, path=new, file_format="qcow2")

    def merge(self, server_id: str, volume: Volume, merge: Merge) -> Volume:
        """See virt.volumes.Volumes."""
        top = _beside(volume, merge.top) if merge.top else volume.path
        into = _beside(volume, merge.into) if merge.into else None
        with self.hypervisor.deed("merge_volume"):
            self._say(server_id, f"files of {volume.device} have become one")
        if into is None or top != volume.path:
            return volume
        return msgspec.structs.replace(volume, path=into, file_format="raw")

    def _say(self, server_id: str, text: str) -> None:
        if self.hypervisor.guests.get(server_id) is not None:
            self.hypervisor.say(server_id, text)

    def _change(self, server_id: str, volume: Volume, *, plugged: bool) -> None:
        found = self.hypervisor.guests.get(server_id)
        if found is not None:
            kept = [one for one in found.volumes if one != volume.volume_id]
            if not plugged:
                self.hypervisor.counts.forget(server_id, volume.volume_id)
            volumes = (*kept, volume.volume_id) if plugged else tuple(kept)
            self.hypervisor.guests.put(server_id, msgspec.structs.replace(found, volumes=volumes))


@dataclasses.dataclass(frozen=True)
class FakeShares:
    """See virt.shares.Shares."""

    hypervisor: Hypervisor

    def mount(self, share: Share) -> Share:
        """See virt.shares.Shares."""
        with self.hypervisor.deed("mount_share"):
            self.hypervisor.mounted.add(share.share_id)
        return msgspec.structs.replace(share, path=f"/mnt/{share.share_id}")

    def unmount(self, share: Share) -> None:
        """See virt.shares.Shares."""
        with self.hypervisor.deed("unmount_share"):
            guests = self.hypervisor.guests.records()
            if not any(share.share_id in guest.shares for guest in guests if guest.runs()):
                self.hypervisor.mounted.discard(share.share_id)


def _beside(volume: Volume, name: str) -> str:
    if volume.kind != "file" or PurePath(name).name != name:
        raise Refused(f"{name} is no file beside that of volume {volume.volume_id}.")
    return str(PurePath(volume.path).parent / name)
