# SPDX-License-Identifier: Apache-2.0
"""What a neighbour was asked for in vain, and may yet do."""

from __future__ import annotations

from types import TracebackType

from nova_appliance.common import clock, errors


class Doubt:
    """Around what a neighbour is asked for: remembers when it last did not answer."""

    def __init__(self) -> None:
        self._since = float("-inf")

    def __enter__(self) -> None:
        """Nothing is in doubt yet."""

    def __exit__(
        self, _kind: object, error: BaseException | None, _where: TracebackType | None
    ) -> None:
        if isinstance(error, errors.Unavailable):
            self._since = clock.SYSTEM.monotonic()

    def lasts(self, seconds: float) -> bool:
        """Whether it was left without an answer in the last `seconds`."""
        return clock.SYSTEM.monotonic() - self._since < seconds
