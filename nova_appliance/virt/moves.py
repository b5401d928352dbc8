# SPDX-License-Identifier: Apache-2.0
"""The part of the hypervisor edge in which guests change hosts."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from nova_appliance.common import errors
from nova_appliance.domain.guest import Guest
from nova_appliance.domain.journey import Journey
from nova_appliance.domain.passport import Passport, Progress, Welcome


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


class CpuDiffers(errors.Unfit):
    """The target's processor lacks something that the guest uses."""

    def __init__(self, server_id: str, reason: str) -> None:
        self.server_id, self.reason = server_id, reason
        super().__init__(
            f"Unacceptable CPU info: the processor of this host does not suit server {server_id}:"
            f" {reason}"
        )


class MoveAborted(errors.Refused):
    """Somebody wanted the guest to stay."""

    def __init__(self, server_id: str) -> None:
        self.server_id = server_id
        super().__init__(f"The live migration of server {server_id} was aborted.")


class MoveFailed(errors.Refused):
    """The guest runs on where it was; the hypervisor's words are the message."""


Watch = Callable[[Progress], str | None]
"""Told how far it is; answers what is wanted: migration.ABORT, FORCE or nothing."""


class LiveMoves(Protocol):
    """Guests that change hosts while they run."""

    def passport(self, guest: Guest, journey: Journey) -> Passport:
        """At the source: what the target must know. Raises NoSuchGuest, CannotNow."""

    def admit(self, guest: Guest, passport: Passport, *, shared: bool) -> Welcome:
        """At the target: check the processor, have the disks; done again, the same.

        Raises Unfit (CpuDiffers above all), NoSuchImage, Unavailable.
        """

    def go(self, guest: Guest, welcome: Welcome, watch: Watch) -> None:
        """At the source: send the guest; it runs at the target when this returns.

        A move under way is followed, one that is over is fine. Raises MoveAborted, MoveFailed:
        then the guest runs here.
        """
