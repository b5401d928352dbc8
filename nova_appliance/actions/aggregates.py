# SPDX-License-Identifier: Apache-2.0
"""What may be done with host aggregates: a host is in one zone, servers never change theirs."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from nova_appliance.actions.cloud import Cloud
from nova_appliance.actions.notices import things
from nova_appliance.common import errors
from nova_appliance.db import aggregates, hosts
from nova_appliance.db.engines import Connection
from nova_appliance.domain.aggregate import ZONE_KEY, Aggregate
from nova_appliance.domain.notice import END, START

Refuse = Callable[[str], errors.ApplianceError]
"""Makes the error of an operation from its reason."""


def list_(cloud: Cloud) -> tuple[Aggregate, ...]:
    """All aggregates, oldest first."""
    with cloud.cells.api.read() as conn:
        return aggregates.list_(conn)


def find(cloud: Cloud, number: int) -> Aggregate:
    """The aggregate of that number. Raises NotFound."""
    with cloud.cells.api.read() as conn:
        return _find(conn, number)


def create(cloud: Cloud, name: str, zone: str | None = None) -> Aggregate:
    """Make an aggregate without hosts. Raises Conflict for a taken name."""
    metadata = {ZONE_KEY: zone} if zone else {}
    made = cloud.cells.api.transact(lambda conn: aggregates.add(conn, name, metadata))
    wanted = Aggregate(row=0, id=made.id, name=name, metadata=metadata)
    things.aggregate(cloud, "create", START, wanted)
    things.aggregate(cloud, "create", END, made, name=name)
    return made


def change(
    cloud: Cloud, number: int, *, name: str | None = None, metadata: Mapping[str, str | None]
) -> Aggregate:
    """Rename, and merge metadata (None takes a key away).

    Raises NotFound, Conflict for a taken name, Invalid when a zone may not change.
    """
    what = "aggregate" if ZONE_KEY in metadata and len(metadata) == 1 else "metadata of aggregate"

    def refuse(reason: str) -> errors.Invalid:
        return errors.Invalid(f"Cannot update {what} {number}. Reason: {reason}.")

    def work(conn: Connection) -> tuple[Aggregate, Aggregate]:
        aggregate = _find(conn, number)
        if ZONE_KEY in metadata:
            _check_new_zone(conn, aggregate, metadata[ZONE_KEY], refuse)
        merged = {**aggregate.metadata, **metadata}
        kept = {key: value for key, value in merged.items() if value is not None}
        aggregates.change(conn, number, name=name, metadata=kept)
        return aggregate, _find(conn, number)

    before, after = cloud.cells.api.transact(work)
    if name is not None:
        _tell(cloud, "update_prop", before, after)
    if metadata:
        _tell(cloud, "update_metadata", before, after, meta_data=dict(metadata))
    return after


def delete(cloud: Cloud, number: int) -> None:
    """Delete an aggregate without hosts. Raises NotFound; Invalid when it has hosts."""

    def work(conn: Connection) -> Aggregate:
        aggregate = _find(conn, number)
        if aggregate.hosts:
            raise errors.Invalid(
                f"Cannot remove host from aggregate {number}. Reason: Host aggregate is not empty."
            )
        aggregates.remove(conn, number)
        return aggregate

    gone = cloud.cells.api.transact(work)
    _tell(cloud, "delete", gone, gone)


def add_host(cloud: Cloud, number: int, host: str) -> Aggregate:
    """Put a host in. Raises NotFound; Conflict if it is in already or its zone would change."""

    def refuse(reason: str) -> errors.Conflict:
        return errors.Conflict(f"Cannot add host to aggregate {number}. Reason: {reason}.")

    def work(conn: Connection) -> tuple[Aggregate, Aggregate]:
        if not hosts.list_(conn, hosts=[host]):
            raise errors.NotFound(f"Host '{host}' is not mapped to any cell")
        aggregate = _find(conn, number)
        if aggregate.zone:
            _check_one_zone(conn, aggregate, (host,), aggregate.zone, refuse)
            _check_servers_stay(conn, host, aggregate.zone, refuse)
        aggregates.add_host(conn, number, host)
        return aggregate, _find(conn, number)

    before, after = cloud.cells.api.transact(work)
    _tell(cloud, "add_host", before, after, host_name=host)
    return after


def remove_host(cloud: Cloud, number: int, host: str) -> Aggregate:
    """Take a host out. Raises NotFound; Conflict when servers on it would change their zone."""

    def refuse(reason: str) -> errors.Conflict:
        return errors.Conflict(f"Cannot remove host from aggregate {number}. Reason: {reason}.")

    def work(conn: Connection) -> tuple[Aggregate, Aggregate]:
        aggregate = _find(conn, number)
        if host not in aggregate.hosts:
            raise errors.NotFound(f"Cannot remove host {host} in aggregate {number}")
        others = [each for each in aggregates.of_host(conn, host) if each.row != number]
        left = next((each.zone for each in others if each.zone), None)
        if aggregate.zone and left != aggregate.zone:
            _check_no_servers(conn, host, (aggregate.zone, left), refuse)
        aggregates.remove_host(conn, number, host)
        return aggregate, _find(conn, number)

    before, after = cloud.cells.api.transact(work)
    _tell(cloud, "remove_host", before, after, host_name=host)
    return after


def _tell(cloud: Cloud, action: str, before: Aggregate, after: Aggregate, **old: Any) -> None:
    """Both phases when all is written: an aggregate changes at once or not at all."""
    things.aggregate(cloud, action, START, before, **old)
    things.aggregate(cloud, action, END, after, **old)


def _find(conn: Connection, number: int) -> Aggregate:
    found = aggregates.get(conn, number)
    if found is None:
        raise errors.NotFound(f"Aggregate {number} could not be found.")
    return found


def _check_new_zone(
    conn: Connection, aggregate: Aggregate, zone: str | None, refuse: Refuse
) -> None:
    if not zone:
        raise refuse(f"Aggregate {aggregate.name} does not support empty named availability zone")
    _check_one_zone(conn, aggregate, aggregate.hosts, zone, refuse)
    if zone != aggregate.zone and _servers_on(conn, aggregate.hosts):
        raise refuse("One or more hosts contain instances in this zone")


def _check_one_zone(
    conn: Connection, aggregate: Aggregate, names: tuple[str, ...], zone: str, refuse: Refuse
) -> None:
    others = [
        each.zone
        for each in aggregates.list_(conn)
        if each.row != aggregate.row and each.zone and set(names) & set(each.hosts)
    ]
    conflicting = [other for other in others if other != zone]
    if conflicting:
        raise refuse(f"One or more hosts already in availability zone(s) {conflicting}")


def _check_servers_stay(conn: Connection, host: str, zone: str, refuse: Refuse) -> None:
    present = aggregates.zone_of(conn, host)
    if present != zone:
        _check_no_servers(conn, host, (present, zone), refuse)


def _check_no_servers(
    conn: Connection, host: str, move: tuple[str | None, str | None], refuse: Refuse
) -> None:
    count = _servers_on(conn, (host,))
    if count:
        raise refuse(
            f"The availability zone of the host would change from '{move[0]}' to '{move[1]}' but "
            f"the host already has {count} server(s), and servers do not change their zone. Move "
            "them away from this host, then try again"
        )


def _servers_on(conn: Connection, names: tuple[str, ...]) -> int:
    return sum(node.servers for node in hosts.list_(conn, hosts=names)) if names else 0
