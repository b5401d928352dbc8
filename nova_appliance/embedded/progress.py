# SPDX-License-Identifier: Apache-2.0
"""What `up` tells the person who waits: a line when something begins, a table of times at the end."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Iterator

from nova_appliance.common import clock


class Progress:
    """Counts seconds from `began_s` before now; may be told of phases by several threads at once."""

    def __init__(self, began_s: float = 0, write: Callable[[str], object] = print) -> None:
        self._zero = clock.SYSTEM.monotonic() - began_s
        self._write = write
        self._lock = threading.Lock()
        self._phases: dict[str, float] = {}
        if began_s >= 1:
            self._phases["packages and .venv"] = began_s

    def say(self, sentence: str) -> None:
        """One line, with the seconds since the beginning."""
        with self._lock:
            self._write(f"[{self.elapsed_s():3.0f}s] {sentence}")

    @contextlib.contextmanager
    def phase(self, name: str, sentence: str) -> Iterator[None]:
        """Say what begins now, and remember how long it took."""
        self.say(sentence)
        began = clock.SYSTEM.monotonic()
        try:
            yield
        finally:
            with self._lock:
                self._phases[name] = clock.SYSTEM.monotonic() - began

    def elapsed_s(self) -> float:
        """Seconds since the beginning."""
        return clock.SYSTEM.monotonic() - self._zero

    def table(self) -> str:
        """Where the time went, one phase a line."""
        rows = [*self._phases.items(), ("all together", self.elapsed_s())]
        width = max(len(name) for name, _ in rows)
        return "\n".join(f"  {name:<{width}} {seconds:6.1f} s" for name, seconds in rows)
