# SPDX-License-Identifier: Apache-2.0
"""All that filters and weighers may ask in one decision; what costs a query is read when first asked.

Lives as long as one decision. Nothing here waits for another decision: no lock is held over a query.
"""

from __future__ import annotations

import datetime as dt
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
        self.conn, self._cells = conn, cells
        self.hosts: Sequence[Candidate] = ()
        self.takes: Amounts | None = None
        """What the server takes of a host; None when it stays where it is."""
        self.specs: Mapping[str, str] = order.flavor.extra_specs
        self.properties: Mapping[str, str] = order.image.properties if order.image else {}
        self.hints = order.hints
        self._sets: dict[tuple[int, ...], Mapping[str, frozenset[str]]] = {}
        self._once: dict[Callable[[Scene], Any], Any] = {}
        self._of_page: dict[Callable[[Scene], Any], Any] = {}
        self._places: dict[tuple[str, ...], frozenset[str]] = {}
        self._up: frozenset[tuple[str, str]] = frozenset()

    def show(self, hosts: Sequence[Candidate]) -> None:
        """Turn to the next page of candidates."""
        self.hosts = hosts
        self._of_page = {}

    def see_who_is_up(self) -> None:
        """Ask the cells which hosts of the page report themselves.

        Not called while a connection of nova_api is held: to find a cell may take another one, and
        many decisions at once would wait for each other.
        """
        since = clock.SYSTEM.now() - dt.timedelta(seconds=self.conf.service_down_time)
        found: set[tuple[str, str]] = set()
        for cell_id in {host.cell_id for host in self.hosts}:
            names = [host.host for host in self.hosts if host.cell_id == cell_id]
            try:
                with self._cells.database(cell_id).look() as conn:
                    seen = services.alive(conn, services.COMPUTE, names, since)
            except errors.Unavailable:
                continue  # nobody can work with servers of a cell that is down
            found.update((cell_id, name) for name in seen)
        self._up = frozenset(found)

    def ask(self, conn: Connection) -> None:
        """Ask over this connection from now on."""
        self.conn = conn

    def once(self, compute: Callable[[Scene], T]) -> T:
        """What `compute` makes of the request, computed at the first host only."""
        if compute not in self._once:
            self._once[compute] = compute(self)
        found: T = self._once[compute]
        return found

    def inventory(self, host: Candidate) -> Inventory:
        """What the driver of the host reported."""
        return self._page(_inventories)[host.row]

    def free_devices(self, host: Candidate) -> tuple[PciDevice, ...]:
        """Devices of the host that nobody holds."""
        return self._page(_free_devices).get(host.id, ())

    def is_up(self, host: Candidate) -> bool:
        """Whether the nova-compute of the host reported itself when `see_who_is_up` was called."""
        return (host.cell_id, host.host) in self._up

    @property
    def aggregates(self) -> dict[int, dict[str, str]]:
        """Number > metadata of each aggregate there is."""
        return self.once(_aggregates)

    def aggregates_of(self, host: Candidate) -> tuple[int, ...]:
        """Numbers of the aggregates that the host is in."""
        return self._page(_memberships).get(host.host, ()) if self.aggregates else ()

    def metadata(self, host: Candidate) -> Mapping[str, frozenset[str]]:
        """Key > values in the metadata of the host's aggregates; a comma parts several values."""
        numbers = self.aggregates_of(host)
        if numbers not in self._sets:
            self._sets[numbers] = _merged([self.aggregates.get(n, {}) for n in numbers])
        return self._sets[numbers]

    @property
    def members(self) -> dict[str, int]:
        """Host id > members of the request's server group there."""
        return self.once(_members)

    def holds_any(self, host: Candidate, server_ids: Sequence[str]) -> bool:
        """Whether the host has one of these servers."""
        asked = tuple(server_ids)
        if asked not in self._places:
            self._places[asked] = rows.places(self.conn, asked)
        return host.id in self._places[asked]

    def _page(self, read: Callable[[Scene], T]) -> T:
        """What `read` finds of the hosts of the page, read at the first of them only."""
        if read not in self._of_page:
            self._of_page[read] = read(self)
        found: T = self._of_page[read]
        return found


def _inventories(scene: Scene) -> dict[int, Inventory]:
    return rows.inventories(scene.conn, [host.row for host in scene.hosts])


def _free_devices(scene: Scene) -> dict[str, tuple[PciDevice, ...]]:
    return pci_devices.free_on(scene.conn, [host.id for host in scene.hosts])


def _memberships(scene: Scene) -> dict[str, tuple[int, ...]]:
    return rows.memberships(scene.conn, [host.host for host in scene.hosts])


def _aggregates(scene: Scene) -> dict[int, dict[str, str]]:
    return rows.aggregate_metadata(scene.conn)


def _members(scene: Scene) -> dict[str, int]:
    if scene.group is None:
        return {}
    return rows.members_at(scene.conn, scene.group.id, scene.order.server_id)


def _merged(parts: Sequence[Mapping[str, str]]) -> Mapping[str, frozenset[str]]:
    both: dict[str, frozenset[str]] = {}
    for metadata in parts:
        for key, text in metadata.items():
            values = frozenset(part.strip() for part in text.split(","))
            both[key] = both.get(key, frozenset()) | values
    return both
