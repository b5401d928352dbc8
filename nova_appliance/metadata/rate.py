# SPDX-License-Identifier: Apache-2.0
"""How much one server may ask: a bucket of requests that fills again with time."""

from __future__ import annotations

import math
import threading
from collections import OrderedDict

from nova_appliance.metadata.guest_request import Refusal

MOST_KNOWN = 50_000


class Rate:
    """Safe for threads; each worker process counts for itself."""

    def __init__(self, per_s: float, burst: int) -> None:
        self._per_s = per_s
        self._burst = float(burst)
        self._lock = threading.Lock()
        self._left: OrderedDict[str, tuple[float, float]] = OrderedDict()
        """Server > (requests left, when that was); those that asked last stand last."""

    def take(self, server_id: str, now_s: float) -> None:
        """One request. Raises Refusal when there were too many."""
        if not self._per_s:
            return
        with self._lock:
            left, then_s = self._left.pop(server_id, (self._burst, now_s))
            left = min(self._burst, left + max(0.0, now_s - then_s) * self._per_s)
            self._left[server_id] = (left - 1 if left >= 1 else left, now_s)
            if len(self._left) > MOST_KNOWN:
                self._left.popitem(last=False)
        if left < 1:
            wait_s = math.ceil((1 - left) / self._per_s)
            raise Refusal(429, "Too many requests; slow down.", {"Retry-After": str(wait_s)})
