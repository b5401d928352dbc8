# SPDX-License-Identifier: Apache-2.0
"""Time and sleeping, injectable: tests replace the functions of one Clock object."""

from __future__ import annotations

import dataclasses
import datetime as dt
import threading
import time
from collections.abc import Callable


def _now() -> dt.datetime:
    return dt.datetime.now(dt.UTC).replace(tzinfo=None)


@dataclasses.dataclass(frozen=True)
class Clock:
    """`now` is naive UTC (as the databases keep it), `monotonic` counts seconds, `sleep` waits."""

    now: Callable[[], dt.datetime] = _now
    monotonic: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep


SYSTEM = Clock()


def parse_time(text: str) -> dt.datetime:
    """An ISO 8601 time as naive UTC; a date alone is its midnight. Raises ValueError."""
    when = dt.datetime.fromisoformat(text.strip())
    try:
        return when.astimezone(dt.UTC).replace(tzinfo=None) if when.tzinfo else when
    except OverflowError as error:
        raise ValueError(text) from error


def wait_for(condition: Callable[[], bool], timeout_s: float, every_s: float = 0.05) -> bool:
    """Ask `condition` until it holds or `timeout_s` has passed; returns whether it held."""
    deadline = SYSTEM.monotonic() + timeout_s
    pause = threading.Event()
    while not condition():
        if SYSTEM.monotonic() >= deadline:
            return False
        pause.wait(every_s)
    return True
