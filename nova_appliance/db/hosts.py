# SPDX-License-Identifier: Apache-2.0
"""Queries of hypervisor nodes and of the claims on them, in nova_api.

A claim and the sums of its host change together: callers give one transaction to each call.
"""

from __future__ import annotations

from collections.abc import Collection

import msgspec
import sqlalchemy as sa
from oslo_db import exception as db_errors

from nova_appliance.common import clock, ids
from nova_appliance.db import pci_devices
from nova_appliance.db.tables.api import CLAIMS, HOSTS, SERVER_MAPPINGS
from nova_appliance.domain.host import Amounts, Host, Inventory, Limits

_INVENTORY = msgspec.json.Decoder(Inventory)


def report(
    conn: sa.Connection, cell_id: str, host: str, inventory: Inventory, limits: Limits
) -> None:
    """Store what a node has now and how much of it may be claimed; what is claimed stays."""
    values = {
        "cell_id": cell_id,
        "vcpus": inventory.vcpus,
        "memory_mib": inventory.memory_mib,
        "disk_gib": inventory.disk_gib,
        "vcpus_limit": limits.vcpus,
        "memory_limit_mib": limits.memory_mib,
        "disk_limit_gib": limits.disk_gib,
        "hypervisor_version": inventory.hypervisor_version,
        "inventory": msgspec.json.encode(inventory).decode(),
        "updated_at": clock.SYSTEM.now(),
    }
    name = {"host": host, "node": inventory.node}
    _put(conn, name, values)
    host_id = conn.execute(sa.select(HOSTS.c.id).filter_by(**name)).scalar_one()
    pci_devices.report(conn, host_id, inventory.devices)


def _put(conn: sa.Connection, name: dict[str, str], values: dict[str, object]) -> None:
    update = sa.update(HOSTS).filter_by(**name).values(values)
    if conn.execute(update).rowcount:
        return
    new = {"id": ids.new_id(), "created_at": values["updated_at"]}
    try:
        with conn.begin_nested():
            conn.execute(sa.insert(HOSTS).values(**values, **name, **new))
    except db_errors.DBDuplicateEntry:
        conn.execute(update)


def list_(
    conn: sa.Connection,
    *,
    pattern: str | None = None,
    hosts: Collection[str] | None = None,
    after: int = 0,
    limit: int | None = None,
) -> tuple[Host, ...]:
    """Nodes in the order of their numbers, those after number `after`.

    `pattern` is text that the node's name contains, `hosts` are names of services.
    """
    select = sa.select(HOSTS).where(HOSTS.c.row > after).order_by(HOSTS.c.row).limit(limit)
    if pattern is not None:
        select = select.where(HOSTS.c.node.contains(pattern, autoescape=True))
    if hosts is not None:
        select = select.where(HOSTS.c.host.in_(hosts))
    return tuple(_host(row) for row in conn.execute(select).mappings())


def get(conn: sa.Connection, host_id: str | int) -> Host | None:
    """The node of that id (text) or number."""
    column = HOSTS.c.row if isinstance(host_id, int) else HOSTS.c.id
    row = conn.execute(sa.select(HOSTS).where(column == host_id)).mappings().one_or_none()
    return _host(row) if row else None


def set_disabled(conn: sa.Connection, host: str, *, disabled: bool) -> None:
    """Let the scheduler use the nodes of a host or not: follows its nova-compute service."""
    conn.execute(sa.update(HOSTS).where(HOSTS.c.host == host).values(disabled=disabled))


def remove(conn: sa.Connection, host: str) -> bool:
    """Forget the nodes of a host and the claims on them; False when there were none."""
    rows = conn.execute(sa.select(HOSTS.c.id).where(HOSTS.c.host == host)).scalars().all()
    conn.execute(sa.delete(CLAIMS).where(CLAIMS.c.host_id.in_(rows)))
    pci_devices.remove(conn, rows)
    return bool(conn.execute(sa.delete(HOSTS).where(HOSTS.c.id.in_(rows))).rowcount)


def claim(
    conn: sa.Connection, host_id: str, server_id: str, amounts: Amounts, purpose: str = "run"
) -> bool:
    """Reserve a part of a host for a server; claiming again changes nothing.

    False when the host has too little left, is disabled or gone.
    """
    lock_server(conn, server_id)
    same = {"server_id": server_id, "host_id": host_id, "purpose": purpose}
    if conn.execute(sa.select(CLAIMS.c.row).filter_by(**same)).first():
        return True
    mine = pci_devices.find(conn, host_id, amounts.devices, amounts.cells)
    if mine is None or not conn.execute(_take(host_id, amounts)).rowcount:
        return False
    sums = {name: getattr(amounts, name) for name in ("vcpus", "memory_mib", "disk_gib")}
    conn.execute(sa.insert(CLAIMS).values(**same, **sums, created_at=clock.SYSTEM.now()))
    pci_devices.hold(conn, server_id, host_id, purpose, mine)
    return True


def lock_server(conn: sa.Connection, server_id: str) -> bool:
    """Let no other transaction claim for this server until this one ends; False if it is gone."""
    mapping = sa.select(SERVER_MAPPINGS.c.row).where(SERVER_MAPPINGS.c.server_id == server_id)
    return conn.execute(mapping.with_for_update()).first() is not None


def _take(host_id: str, amounts: Amounts) -> sa.Update:
    h = HOSTS.c
    return (
        sa.update(HOSTS)
        .where(
            h.id == host_id,
            h.disabled.is_(False),
            h.vcpus_used + amounts.vcpus <= h.vcpus_limit,
            h.memory_used_mib + amounts.memory_mib <= h.memory_limit_mib,
            h.disk_used_gib + amounts.disk_gib <= h.disk_limit_gib,
        )
        .values(
            vcpus_used=h.vcpus_used + amounts.vcpus,
            memory_used_mib=h.memory_used_mib + amounts.memory_mib,
            disk_used_gib=h.disk_used_gib + amounts.disk_gib,
            servers=h.servers + 1,
            building=h.building + 1,
        )
    )


def release(
    conn: sa.Connection, server_id: str, host_id: str | None = None, purpose: str | None = None
) -> int:
    """Give back what a server holds, of one host or of all; how many claims that were."""
    select = sa.select(CLAIMS).where(CLAIMS.c.server_id == server_id).order_by(CLAIMS.c.row)
    if host_id is not None:
        select = select.where(CLAIMS.c.host_id == host_id)
    if purpose is not None:
        select = select.where(CLAIMS.c.purpose == purpose)
    held = conn.execute(select).mappings().all()
    return sum(_give_back(conn, row) for row in held)


def _give_back(conn: sa.Connection, row: sa.RowMapping) -> bool:
    gone = sa.delete(CLAIMS).where(CLAIMS.c.row == row["row"])
    unsettled = gone.where(CLAIMS.c.settled.is_(False))
    building = conn.execute(unsettled).rowcount
    if not building and not conn.execute(gone).rowcount:
        return False
    pci_devices.give_back(conn, row["server_id"], row["host_id"], row["purpose"])
    h = HOSTS.c
    conn.execute(
        sa.update(HOSTS)
        .where(h.id == row["host_id"])
        .values(
            vcpus_used=h.vcpus_used - row["vcpus"],
            memory_used_mib=h.memory_used_mib - row["memory_mib"],
            disk_used_gib=h.disk_used_gib - row["disk_gib"],
            servers=h.servers - 1,
            building=h.building - building,
        )
    )
    return True


def settle(conn: sa.Connection, server_id: str) -> None:
    """Note that the server is open for business: its host builds one less and failed none."""
    held = sa.select(CLAIMS.c.row, CLAIMS.c.host_id).where(CLAIMS.c.server_id == server_id)
    for row, host_id in conn.execute(held).all():
        unsettled = (CLAIMS.c.row == row, CLAIMS.c.settled.is_(False))
        if conn.execute(sa.update(CLAIMS).where(*unsettled).values(settled=True)).rowcount:
            done = {"building": HOSTS.c.building - 1, "failed_builds": 0}
            conn.execute(sa.update(HOSTS).where(HOSTS.c.id == host_id).values(done))
    pci_devices.settle(conn, server_id)


def build_failed(conn: sa.Connection, host_id: str) -> None:
    """Note that a build failed on this node: the scheduler avoids it until one goes well."""
    count = HOSTS.c.failed_builds + 1
    conn.execute(sa.update(HOSTS).where(HOSTS.c.id == host_id).values(failed_builds=count))


def recount(conn: sa.Connection) -> int:
    """Repair: make the sums of every host what its claims add up to; how many were wrong."""
    c = CLAIMS.c
    sums = sa.select(
        c.host_id,
        sa.func.sum(c.vcpus).label("vcpus_used"),
        sa.func.sum(c.memory_mib).label("memory_used_mib"),
        sa.func.sum(c.disk_gib).label("disk_used_gib"),
        sa.func.count().label("servers"),
        sa.func.sum(sa.case((c.settled.is_(False), 1), else_=0)).label("building"),
    ).group_by(c.host_id)
    names = ("vcpus_used", "memory_used_mib", "disk_used_gib", "servers", "building")
    columns = [HOSTS.c[name] for name in ("id", *names)]
    wrong = 0
    # The hosts are locked before the claims are summed, so nobody claims in between.
    rows = conn.execute(sa.select(*columns).with_for_update()).mappings().all()
    right = {row["host_id"]: dict(row) for row in conn.execute(sums).mappings()}
    for row in rows:
        counted = right.get(row["id"], {})
        values = {name: int(counted.get(name, 0)) for name in names}
        if any(row[name] != values[name] for name in names):
            conn.execute(sa.update(HOSTS).where(HOSTS.c.id == row["id"]).values(values))
            wrong += 1
    return wrong


def _host(row: sa.RowMapping) -> Host:
    same = ("row", "id", "cell_id", "host", "node", "disabled", "servers", "building")
    times = ("failed_builds", "created_at", "updated_at")
    return Host(
        **{name: row[name] for name in same + times},
        inventory=_INVENTORY.decode(row["inventory"]),
        limits=Limits(
            vcpus=row["vcpus_limit"],
            memory_mib=row["memory_limit_mib"],
            disk_gib=row["disk_limit_gib"],
        ),
        used=Amounts(
            vcpus=row["vcpus_used"],
            memory_mib=row["memory_used_mib"],
            disk_gib=row["disk_used_gib"],
        ),
    )
