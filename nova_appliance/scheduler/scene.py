# SPDX-License-Identifier: Apache-2.0
"""All that filters and weighers may ask in one decision; what costs a query is read when first asked.

Lives as long as one page of candidates.
"""

from __future__ import annotations

import datetime as dt
import functools
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

from oslo_config import cfg

from nova_appliance.common import clock, errors
from nova_appliance.db import candidates as rows
from nova_appliance.db import pci_devices, services
from nova_appliance.db.candidates import Candidate
from nova_appliance.db.cells import Cells
from nova_appliance.db.engines import Connection
from nova_appliance.domain.host import Amounts, Inventory
from nova_appliance.domain.pci import PciDevice
from nova_appliance.domain.server_group import ServerGroup
from nova_appliance.rpc.orders import ChooseHosts

T = TypeVar("T")


class Scene:
    """One request and the hosts among which it is decided."""

    def __init__(
        self,
        conf: cfg.ConfigOpts,
        cells: Cells,
        conn: Connection,
        order: ChooseHosts,
        group: ServerGroup | None,
    ) -> None:
        self.conf, self.order, self.group = conf, order, group
        self.options = conf.filter_scheduler
        self._cells, self._conn = cells, conn
        self.hosts: Sequence[Candidate] = ()
        self.takes: Amounts | None = None
        """What the server takes of a host; None when it stays where it is."""
        self.specs: Mapping[str, str] = order.flavor.extra_specs
        self.properties: Mapping[str, str] = order.image.properties if order.image else {}
        self.hints = order.hints
        self._sets: dict[tuple[int, ...], Mapping[str, frozenset[str]]] = {}
        self._once: dict[Callable[[Scene], Any], Any] = {}

    def show(self, hosts: Sequence[Candidate]) -> None:
        """Turn to the next page of candidates."""
        self.hosts = hosts
        for name in ("_inventories", "_memberships", "_alive", "_devices"):
            self.__dict__.pop(name, None)

    def once(self, compute: Callable[[Scene], T]) -> T:
        """What `compute` makes of the request, computed at the first host only."""
        if compute not in self._once:
            self._once[compute] = compute(self)
        found: T = self._once[compute]
        return found

    def inventory(self, host: Candidate) -> Inventory:
        """What the driver of the host reported."""
        return self._inventories[host.row]

    @functools.cached_property
    def _inventories(self) -> dict[int, Inventory]:
        return rows.inventories(self._conn, [host.row for host in self.hosts])

    def free_devices(self, host: Candidate) -> tuple[PciDevice, ...]:
        """Devices of the host that nobody holds; read once a page."""
        if "_devices" not in self.__dict__:
            self._devices = pci_devices.free_on(self._conn, [host.id for host in self.hosts])
        return self._devices.get(host.id, ())

    def is_up(self, host: Candidate) -> bool:
        """Whether the nova-compute of the host reports itself."""
        return (host.cell_id, host.host) in self._alive

    @functools.cached_property
    def _alive(self) -> frozenset[tuple[str, str]]:
        since = clock.SYSTEM.now() - dt.timedelta(seconds=self.conf.service_down_time)
        found: set[tuple[str, str]] = set()
        for cell_id in {host.cell_id for host in self.hosts}:
            names = [host.host for host in self.hosts if host.cell_id == cell_id]
            try:
                with self._cells.database(cell_id).read() as conn:
                    seen = services.alive(conn, services.COMPUTE, names, since)
            except errors.Unavailable:
                continue  # nobody can work with servers of a cell that is down
            found.update((cell_id, name) for name in seen)
        return frozenset(found)

    @functools.cached_property
    def aggregates(self) -> dict[int, dict[str, str]]:
        """Number > metadata of each aggregate there is."""
        return rows.aggregate_metadata(self._conn)

    def aggregates_of(self, host: Candidate) -> tuple[int, ...]:
        """Numbers of the aggregates that the host is in."""
        return self._memberships.get(host.host, ()) if self.aggregates else ()

    @functools.cached_property
    def _memberships(self) -> dict[str, tuple[int, ...]]:
        return rows.memberships(self._conn, [host.host for host in self.hosts])

    def metadata(self, host: Candidate) -> Mapping[str, frozenset[str]]:
        """Key > values in the metadata of the host's aggregates; a comma parts several values."""
        numbers = self.aggregates_of(host)
        if numbers not in self._sets:
            self._sets[numbers] = _merged([self.aggregates.get(n, {}) for n in numbers])
        return self._sets[numbers]

    @functools.cached_property
    def members(self) -> dict[str, int]:
        """Host id > members of the request's server group there."""
        if self.group is None:
            return {}
        return rows.members_at(self._conn, self.group.id, self.order.server_id)

    def holds_any(self, host: Candidate, server_ids: Sequence[str]) -> bool:
        """Whether the host has one of these servers."""
        return host.id in self._places(tuple(server_ids))

    @functools.cache  # noqa: B019 - the scene lives for one decision
    def _places(self, server_ids: tuple[str, ...]) -> frozenset[str]:
        return rows.places(self._conn, server_ids)


def _merged(parts: Sequence[Mapping[str, str]]) -> Mapping[str, frozenset[str]]:
    both: dict[str, frozenset[str]] = {}
    for metadata in parts:
        for key, text in metadata.items():
            values = frozenset(part.strip() for part in text.split(","))
            both[key] = both.get(key, frozenset()) | values
    return both
