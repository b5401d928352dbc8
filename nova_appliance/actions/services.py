# SPDX-License-Identifier: Apache-2.0
"""The daemons of all cells as administrators see them: listed, disabled, forced down, deleted."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import msgspec

from nova_appliance.actions.cloud import Cloud
from nova_appliance.actions.notices import things
from nova_appliance.common import errors
from nova_appliance.db import aggregates, hosts, services
from nova_appliance.db.cells import Cell
from nova_appliance.db.engines import Connection
from nova_appliance.domain.service import Service

COMPUTE = services.COMPUTE
BUSY = (
    "Unable to delete compute service that is hosting instances. Migrate or delete the instances "
    "first."
)


class Daemon(msgspec.Struct, frozen=True, kw_only=True):
    """A service with what its row does not say."""

    service: Service
    cell_id: str
    zone: str
    is_up: bool


class Survey(msgspec.Struct, frozen=True, kw_only=True):
    """The services of all cells that answered, and the hosts of those that did not."""

    daemons: tuple[Daemon, ...]
    lost_hosts: tuple[str, ...] = ()


class Change(msgspec.Struct, frozen=True, kw_only=True):
    """What to set; None leaves it."""

    disabled: bool | None = None
    disabled_reason: str | None = None
    forced_down: bool | None = None


def survey(cloud: Cloud, *, host: str | None = None, binary: str | None = None) -> Survey:
    """The services of all cells, of one host or kind only: one query a cell, all at once."""
    cells = cloud.cells.all_()
    with ThreadPoolExecutor(max_workers=max(1, len(cells))) as pool:
        found = list(pool.map(lambda cell: _of_cell(cloud, cell, host, binary), cells))
    lost = {cell.id for cell, rows in zip(cells, found, strict=True) if rows is None}
    with cloud.cells.api.read() as conn:
        zones = aggregates.zones(conn)
        nodes = hosts.list_(conn) if lost else ()
    daemons = tuple(
        _daemon(cloud, cell.id, service, zones)
        for cell, rows in zip(cells, found, strict=True)
        for service in rows or ()
    )
    names = dict.fromkeys(node.host for node in nodes if node.cell_id in lost)
    wanted = tuple(name for name in names if host in (None, name) and binary in (None, COMPUTE))
    return Survey(daemons=daemons, lost_hosts=wanted)


def computes(cloud: Cloud) -> dict[str, Daemon]:
    """Host > its nova-compute, in all cells that answer."""
    return {each.service.host: each for each in survey(cloud, binary=COMPUTE).daemons}


def find(cloud: Cloud, service_id: str | int) -> Daemon:
    """The service of that id (text) or number. Raises NotFound; Invalid if a number is not one."""
    found = [
        (cell.id, service)
        for cell in cloud.cells.all_()
        if (service := _one(cloud, cell, service_id)) is not None
    ]
    if not found:
        raise errors.NotFound(f"Service {service_id} not found.")
    if len(found) > 1:
        raise errors.Invalid(f"Service id {service_id} refers to multiple services.")
    return _alone(cloud, *found[0])


def find_by_name(cloud: Cloud, host: str, binary: str) -> Daemon:
    """The service of that host and kind. Raises Invalid unless it is a nova-compute, NotFound."""
    must_be_compute(binary)
    for each in survey(cloud, host=host, binary=binary).daemons:
        return each
    raise errors.NotFound(f"Host '{host}' is not mapped to any cell")


def must_be_compute(binary: str) -> None:
    """Raises Invalid for the services that cannot be changed."""
    if binary != COMPUTE:
        raise errors.Invalid(
            f"Updating a {binary} service is not supported. Only nova-compute services can be "
            "updated."
        )


def change(cloud: Cloud, daemon: Daemon, wanted: Change) -> Daemon:
    """Set what is wanted; the scheduler hears of it too. Doing it again repairs a half-done one."""
    service = daemon.service
    fields: dict[str, object] = {}
    if wanted.forced_down is not None:
        fields["forced_down"] = wanted.forced_down
    if wanted.disabled is not None:
        fields |= {"disabled": wanted.disabled, "disabled_reason": wanted.disabled_reason}
    cell = cloud.cells.database(daemon.cell_id)
    cell.transact(lambda conn: services.change(conn, service.id, **fields))
    if wanted.disabled is not None:
        disabled = wanted.disabled
        cloud.cells.api.transact(
            lambda conn: hosts.set_disabled(conn, service.host, disabled=disabled)
        )
    changed = find(cloud, service.id)
    things.service(cloud, "update", changed.service, changed.zone)
    return changed


def delete(cloud: Cloud, daemon: Daemon) -> None:
    """Forget a service; of a nova-compute also its nodes and places in aggregates.

    Raises Conflict while servers are on the host.
    """
    host = daemon.service.host
    if daemon.service.binary == COMPUTE:
        cloud.cells.api.transact(lambda conn: _forget_host(conn, host))
    cell = cloud.cells.database(daemon.cell_id)
    cell.transact(lambda conn: services.remove(conn, daemon.service.id))
    things.service(cloud, "delete", daemon.service, daemon.zone)


def _forget_host(conn: Connection, host: str) -> None:
    if any(node.servers for node in hosts.list_(conn, hosts=[host])):
        raise errors.Conflict(BUSY)
    for aggregate in aggregates.of_host(conn, host):
        aggregates.remove_host(conn, aggregate.row, host)
    hosts.remove(conn, host)


def _of_cell(
    cloud: Cloud, cell: Cell, host: str | None, binary: str | None
) -> tuple[Service, ...] | None:
    """None when the cell does not answer."""
    try:
        with cloud.cells.database(cell.id).read() as conn:
            return services.list_(conn, host=host, binary=binary)
    except errors.Unavailable:
        return None


def _one(cloud: Cloud, cell: Cell, service_id: str | int) -> Service | None:
    with cloud.cells.database(cell.id).read() as conn:
        return services.get(conn, service_id)


def _alone(cloud: Cloud, cell_id: str, service: Service) -> Daemon:
    with cloud.cells.api.read() as conn:
        zone = aggregates.zone_of(conn, service.host)
    return _daemon(cloud, cell_id, service, {service.host: zone} if zone else {})


def _daemon(cloud: Cloud, cell_id: str, service: Service, zones: dict[str, str]) -> Daemon:
    conf = cloud.conf
    zone = conf.internal_service_availability_zone
    if service.topic == "compute":
        zone = zones.get(service.host, conf.default_availability_zone)
    is_up = services.is_up(service, cloud.clock.now(), conf.service_down_time)
    return Daemon(service=service, cell_id=cell_id, zone=zone, is_up=is_up)
