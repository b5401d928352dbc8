# SPDX-License-Identifier: Apache-2.0
"""The first words of a protocol, said and heard in exact numbers of bytes over an end of a session."""

from __future__ import annotations

import select

from nova_appliance.common import clock
from nova_appliance.console.ends import End


class Talk:
    """Waits for an end that never waits by itself; all of it takes `patience_s` at most.

    `left` is what was heard beyond what was asked for.
    """

    def __init__(self, end: End, gone: type[ConnectionError], patience_s: float) -> None:
        self._end, self._gone = end, gone
        self._until = clock.SYSTEM.monotonic() + patience_s
        self.left = b""

    def say(self, data: bytes) -> None:
        """Send all of it. Raises OSError."""
        self._end.send(data)
        while not self._end.flush():
            self._wait(select.POLLOUT)

    def hear(self, size: int) -> bytes:
        """Exactly so many bytes. Raises `gone` when the end hangs up before, TimeoutError."""
        self.wait_for(size)
        said, self.left = self.left[:size], self.left[size:]
        return said

    def wait_for(self, size: int) -> None:
        """Until so many bytes are in `left`. Raises as `hear` does."""
        while len(self.left) < size:
            data = self._end.receive()
            if data is None or (self._end.has_ended() and not data):
                raise self._gone("It hung up amid the first words.")
            if not data:
                self._wait(select.POLLIN)
            self.left += data

    def _wait(self, event: int) -> None:
        poll = select.poll()
        poll.register(self._end.fileno(), event)
        left_s = self._until - clock.SYSTEM.monotonic()
        if left_s <= 0 or not poll.poll(1000 * left_s):
            raise TimeoutError("It says nothing.")
