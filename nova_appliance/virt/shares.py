# SPDX-License-Identifier: Apache-2.0
"""The part of the hypervisor edge in which guests have shares of file systems."""

from __future__ import annotations

from typing import Protocol

from nova_appliance.domain.guest import Share


class Shares(Protocol):
    """Shares that a host mounts for its guests, which get them when they start."""

    def mount(self, share: Share) -> Share:
        """Mount it, and say where; fine if it is mounted.

        Raises Refused for a protocol that this host cannot, or when it cannot give shares to
        guests; Unavailable when the share is not exported to this host.
        """

    def unmount(self, share: Share) -> None:
        """Let go of it unless some guest still has it; nothing there is fine."""
