# SPDX-License-Identifier: Apache-2.0
"""What fake guests have read from their volumes and written: nothing, unless somebody says so."""

from __future__ import annotations

import threading

from nova_appliance.domain.volume_usage import VolumeCount


class Counts:
    """The hypervisor's memory of them since each guest's start; safe for threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._by_server: dict[str, dict[str, VolumeCount]] = {}

    def put(self, count: VolumeCount) -> None:
        """Let this be what was counted of a guest's volume."""
        with self._lock:
            self._by_server.setdefault(count.server_id, {})[count.volume_id] = count

    def of(self, server_id: str, volume_id: str) -> VolumeCount:
        """What was counted of it."""
        nothing = VolumeCount(server_id=server_id, volume_id=volume_id)
        with self._lock:
            return self._by_server.get(server_id, {}).get(volume_id, nothing)

    def forget(self, server_id: str, volume_id: str | None = None) -> None:
        """Count that volume from 0 on; without one, all of the guest."""
        with self._lock:
            kept = self._by_server.pop(server_id, {})
            if volume_id is not None:
                kept.pop(volume_id, None)
                self._by_server[server_id] = kept
