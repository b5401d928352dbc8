# SPDX-License-Identifier: Apache-2.0
"""Queries of host aggregates and of the availability zones that they make, in nova_api."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
import sqlalchemy as sa
from oslo_db import exception as db_errors

from nova_appliance.common import clock, errors, ids
from nova_appliance.db.tables.api import AGGREGATE_HOSTS, AGGREGATES
from nova_appliance.domain.aggregate import Aggregate


def list_(conn: sa.Connection) -> tuple[Aggregate, ...]:
    """All aggregates with their hosts, oldest first: two SELECTs however many there are."""
    rows = conn.execute(sa.select(AGGREGATES).order_by(AGGREGATES.c.row)).mappings().all()
    return _aggregates(conn, rows)


def get(conn: sa.Connection, number: int) -> Aggregate | None:
    """The aggregate of that number (the API's id)."""
    select = sa.select(AGGREGATES).where(AGGREGATES.c.row == number)
    return next(iter(_aggregates(conn, conn.execute(select).mappings().all())), None)


def of_host(conn: sa.Connection, host: str) -> tuple[Aggregate, ...]:
    """The aggregates that the host is in."""
    rows = sa.select(AGGREGATE_HOSTS.c.aggregate_row).where(AGGREGATE_HOSTS.c.host == host)
    select = sa.select(AGGREGATES).where(AGGREGATES.c.row.in_(rows)).order_by(AGGREGATES.c.row)
    return _aggregates(conn, conn.execute(select).mappings().all())


def zones(conn: sa.Connection) -> dict[str, str]:
    """Host > availability zone, of the hosts whose aggregates name one."""
    return {host: each.zone for each in list_(conn) if each.zone for host in each.hosts}


def zone_of(conn: sa.Connection, host: str) -> str | None:
    """The availability zone that an aggregate gives to the host; None for the default zone."""
    return next((each.zone for each in of_host(conn, host) if each.zone), None)


def add(conn: sa.Connection, name: str, metadata: Mapping[str, str]) -> Aggregate:
    """Store an aggregate without hosts. Raises Conflict when the name is taken."""
    made = Aggregate(
        row=0, id=ids.new_id(), name=name, metadata=dict(metadata), created_at=clock.SYSTEM.now()
    )
    values = {
        "id": made.id,
        "name": name,
        "metadata": _json(metadata),
        "created_at": made.created_at,
    }
    try:
        done = conn.execute(sa.insert(AGGREGATES).values(values))
    except db_errors.DBDuplicateEntry as error:
        raise _name_taken(name) from error
    return msgspec.structs.replace(made, row=done.lastrowid)


def change(
    conn: sa.Connection,
    number: int,
    *,
    name: str | None = None,
    metadata: Mapping[str, str] | None = None,
) -> bool:
    """Set name and metadata (whole); False when it is gone. Raises Conflict for a taken name."""
    values: dict[str, Any] = {"updated_at": clock.SYSTEM.now()}
    if name is not None:
        values["name"] = name
    if metadata is not None:
        values["metadata"] = _json(metadata)
    statement = sa.update(AGGREGATES).where(AGGREGATES.c.row == number)
    try:
        return bool(conn.execute(statement.values(values)).rowcount)
    except db_errors.DBDuplicateEntry as error:
        raise _name_taken(str(name)) from error


def remove(conn: sa.Connection, number: int) -> bool:
    """Delete an aggregate; False when it was not there."""
    conn.execute(sa.delete(AGGREGATE_HOSTS).where(AGGREGATE_HOSTS.c.aggregate_row == number))
    return bool(conn.execute(sa.delete(AGGREGATES).where(AGGREGATES.c.row == number)).rowcount)


def add_host(conn: sa.Connection, number: int, host: str) -> None:
    """Put a host into an aggregate. Raises Conflict when it is there already."""
    try:
        conn.execute(sa.insert(AGGREGATE_HOSTS).values(aggregate_row=number, host=host))
    except db_errors.DBDuplicateEntry as error:
        raise errors.Conflict(f"Aggregate {number} already has host {host}.") from error
    change(conn, number)


def remove_host(conn: sa.Connection, number: int, host: str) -> bool:
    """Take a host out of an aggregate; False when it was not in it."""
    where = (AGGREGATE_HOSTS.c.aggregate_row == number, AGGREGATE_HOSTS.c.host == host)
    gone = bool(conn.execute(sa.delete(AGGREGATE_HOSTS).where(*where)).rowcount)
    return gone and change(conn, number)


def _aggregates(conn: sa.Connection, rows: Sequence[sa.RowMapping]) -> tuple[Aggregate, ...]:
    table = AGGREGATE_HOSTS
    wanted = [row["row"] for row in rows]
    hosts: dict[int, list[str]] = {number: [] for number in wanted}
    select = sa.select(table.c.aggregate_row, table.c.host).order_by(table.c.row)
    for number, host in conn.execute(select.where(table.c.aggregate_row.in_(wanted))):
        hosts[number].append(host)
    return tuple(_aggregate(row, tuple(hosts[row["row"]])) for row in rows)


def _aggregate(row: sa.RowMapping, hosts: tuple[str, ...]) -> Aggregate:
    metadata = msgspec.json.decode(row["metadata"], type=dict[str, str])
    return Aggregate(**{**row, "metadata": metadata}, hosts=hosts)


def _json(metadata: Mapping[str, str]) -> str:
    return msgspec.json.encode(dict(metadata)).decode()


def _name_taken(name: str) -> errors.Conflict:
    return errors.Conflict(f"Aggregate {name} already exists.")
