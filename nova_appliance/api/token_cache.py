# SPDX-License-Identifier: Apache-2.0
"""What the identity service said of tokens, kept in this process for keystonemiddleware."""

from __future__ import annotations

import threading
from typing import Any

from nova_appliance.common import clock

KEY = "nova.token_cache"
"""Key of the WSGI environment under which keystonemiddleware finds it."""
MOST = 10000


class TokenCache:
    """`get` and `set` as a memcache client has them; at most MOST tokens, the oldest go."""

    def __init__(self, clocks: clock.Clock = clock.SYSTEM) -> None:
        self._clock = clocks
        self._lock = threading.Lock()
        self._kept: dict[Any, tuple[float, Any]] = {}

    def get(self, key: Any) -> Any:
        """What was kept, None when it is too old."""
        until, value = self._kept.get(key, (0.0, None))
        return value if self._clock.monotonic() < until else None

    def set(self, key: Any, value: Any, time: float = 300) -> None:
        """Keep `value` for `time` seconds."""
        with self._lock:
            self._kept.pop(key, None)
            self._kept[key] = (self._clock.monotonic() + time, value)
            while len(self._kept) > MOST:
                del self._kept[next(iter(self._kept))]
