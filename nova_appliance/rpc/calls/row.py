# SPDX-License-Identifier: Apache-2.0
"""The shape of a row in the tables of calls, and the time-out classes."""

from __future__ import annotations

import dataclasses
from typing import Any

URGENT = 10.0
NORMAL = 60.0
SLOW = 1800.0
"""For what moves whole disks over a network."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class Call:
    """One RPC: `since` is the service version that first understood it."""

    since: int
    order: type
    reply: Any = None
    """A Struct, a union of tagged Structs, or None for a cast."""
    wait: float = NORMAL
    """Seconds a caller waits."""
    to_host: bool = False
    """Goes to one host's daemon; else any daemon of the topic takes it."""
