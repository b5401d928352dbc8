# SPDX-License-Identifier: Apache-2.0
"""The part of the hypervisor edge in which guests have volumes."""

from __future__ import annotations

from typing import Protocol

from nova_appliance.domain.guest import Merge, Volume
from nova_appliance.domain.volume_usage import VolumeCount


class Volumes(Protocol):
    """Volumes that come and go while a guest is there; the host has connected them."""

    def attach(self, server_id: str, volume: Volume) -> None:
        """Plug the volume in, now if the guest is on, and for its next start.

        Fine if it is plugged in, or if the hypervisor does not know the guest.
        """

    def detach(self, server_id: str, volume: Volume) -> None:
        """Take the volume out and wait until it is; fine if it is out. Raises DeviceHeld."""

    def plugged(self, server_id: str) -> frozenset[str]:
        """Ids of the volumes that the guest has now."""

    def counts(self, server_id: str) -> tuple[VolumeCount, ...]:
        """What was read from and written to each volume since the guest was started, by volume id.

        Nothing for a guest that is off, or that the hypervisor does not know.
        """

    def swap(self, server_id: str, old: Volume, new: Volume) -> None:
        """Copy the old volume to where the new one is and use that from now on, as the old one.

        Fine if that was done. Raises NoSuchGuest, CannotNow for a guest that is off.
        """

    def resize(self, server_id: str, volume: Volume) -> None:
        """Let a guest that is on see the size that its volume has now."""

    def lay_over(self, server_id: str, volume: Volume, name: str) -> Volume:
        """Write from now on to the qcow2 file `name`, which lies over the volume's and beside it.

        Returns the volume as it is then; fine if that was done. Raises Refused for volumes that
        are no files, and when there is no such file.
        """

    def merge(self, server_id: str, volume: Volume, merge: Merge) -> Volume:
        """Make files of the volume's chain one, under a guest that is on too.

        Returns the volume as it is then; fine if that was done. Raises Refused as `lay_over`.
        """
