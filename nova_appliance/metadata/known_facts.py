# SPDX-License-Identifier: Apache-2.0
"""Facts of servers, gathered once for all requests of some seconds."""

from __future__ import annotations

import threading
from collections import OrderedDict

from nova_appliance.actions import find_server, guest_facts
from nova_appliance.actions.cloud import Cloud
from nova_appliance.clients.vendor_data import VendorData
from nova_appliance.common import errors
from nova_appliance.domain import metadata_options
from nova_appliance.domain.guest_data import Facts
from nova_appliance.metadata import identity
from nova_appliance.metadata.guest_request import Refusal

MOST_KEPT = 10_000
_TURNS = 64


class KnownFacts:
    """Safe for threads; of a server's requests at once, one gathers and the others wait."""

    def __init__(self, cloud: Cloud) -> None:
        self._cloud = cloud
        self._vendor = VendorData(cloud.conf)
        self._keep_s = cloud.conf.api.metadata_cache_expiration
        self._lock = threading.Lock()
        self._turns = tuple(threading.Lock() for _ in range(_TURNS))
        self._kept: OrderedDict[str, tuple[float, Facts]] = OrderedDict()

    def of(self, server_id: str, project_id: str) -> Facts:
        """The facts of a server, of that project if one is told. Raises Refusal."""
        with self._turns[hash(server_id) % _TURNS]:
            facts = self._remembered(server_id) or self._gather(server_id)
        if project_id not in ("", facts.server.project_id):
            raise identity.unknown()
        if metadata_options.is_closed(facts.server):
            raise Refusal(403, "The metadata service is switched off for this server.")
        return facts

    def forget(self, server_id: str) -> None:
        """Something changed that the server itself just told."""
        with self._lock:
            self._kept.pop(server_id, None)

    def _remembered(self, server_id: str) -> Facts | None:
        now = self._cloud.clock.monotonic()
        with self._lock:
            at, facts = self._kept.get(server_id, (0.0, None))
        return facts if facts is not None and now - at < self._keep_s else None

    def _gather(self, server_id: str) -> Facts:
        try:
            server = find_server.by_id(self._cloud, server_id)
        except errors.NotFound as error:
            raise identity.unknown() from error
        facts = guest_facts.gather(self._cloud, self._vendor, server)
        with self._lock:
            self._kept[server_id] = (self._cloud.clock.monotonic(), facts)
            self._kept.move_to_end(server_id)
            while len(self._kept) > MOST_KEPT:
                self._kept.popitem(last=False)
        return facts
