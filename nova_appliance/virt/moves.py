# SPDX-License-Identifier: Apache-2.0
"""The part of the hypervisor edge in which guests change hosts."""

from __future__ import annotations

from typing import Protocol

from nova_appliance.common import errors
from nova_appliance.domain.guest import Guest
from nova_appliance.domain.journey import Journey


class DiskShrinks(errors.Refused):
    """The new flavor's disk is smaller than the one that there is."""

    def __init__(self, name: str, has_bytes: int, wanted_bytes: int) -> None:
        self.name, self.has_bytes, self.wanted_bytes = name, has_bytes, wanted_bytes
        super().__init__(
            f"Resize error: Resize down is not allowed: {name} has {has_bytes} bytes, the flavor"
            f" gives {wanted_bytes}."
        )


class Moves(Protocol):
    """Disks of guests that are off, on their way to another host or flavor."""

    def set_aside(self, server_id: str, journey: Journey) -> Journey:
        """Keep the disks under another name, untouched until `drop_kept` or `take_back`.

        Returns the journey with what the target must know; done again, the same. Raises
        NoSuchDisks.
        """

    def fetch(self, guest: Guest, journey: Journey) -> None:
        """Copy those disks of the guest that the source keeps, as large as the guest wants them.

        Disks that were fetched before stay. Raises NoSuchDisks, DiskShrinks, Unavailable.
        """

    def take_back(self, server_id: str) -> None:
        """Let what was kept be the server's disks again, in place of what is there now.

        Nothing kept is fine.
        """

    def drop_kept(self, server_id: str) -> None:
        """Remove what was kept; nothing there is fine."""

    def kept(self) -> frozenset[str]:
        """Ids of the servers whose disks are kept here."""
