# SPDX-License-Identifier: Apache-2.0
"""Notices within seconds that a guest has shut down, or runs, though nobody ordered it."""

from __future__ import annotations

from collections.abc import Mapping

from nova_appliance.common import clock

AGAIN_S = 6.0
"""A change is told twice, now and then: the conductor hears nothing about rows that have changed
since the look, or so shortly before it that clocks may differ."""


class PowerWatch:
    """Compares what one look at the host saw with the look before. For one thread."""

    def __init__(self, clocks: clock.Clock = clock.SYSTEM) -> None:
        self._clock = clocks
        self._has_looked = False
        self._powers: dict[str, int] = {}
        self._due: dict[str, list[float]] = {}
        """Server id > when its power is still to be told."""

    def news(self, powers: Mapping[str, int]) -> tuple[tuple[str, int], ...]:
        """(server id, power) of those to tell now; servers never seen before are no news.

        What the first look sees has been told at the start; all of it is told again.
        """
        now = self._clock.monotonic()
        if not self._has_looked:
            self._has_looked = True
            self._due = {server_id: [now + AGAIN_S] for server_id in powers}
        for server_id, power in powers.items():
            if self._powers.get(server_id, power) != power:
                self._due[server_id] = [now, now + AGAIN_S]
        self._powers = dict(powers)
        self._due = {one: times for one, times in self._due.items() if one in powers}
        return tuple((one, powers[one]) for one, (at, *_) in self._due.items() if at <= now)

    def told(self, server_ids: tuple[str, ...]) -> None:
        """The conductor has heard of these."""
        now = self._clock.monotonic()
        for server_id in server_ids:
            left = [at for at in self._due.pop(server_id, []) if at > now]
            if left:
                self._due[server_id] = left
