# SPDX-License-Identifier: Apache-2.0
"""Queries of the devices that hosts offer to guests, in nova_api beside the claims that hold them.

A device is `available`, `claimed` while its server is on the way, `allocated` once it is there.
Callers hold the row of the host: db/hosts.py changes it in the same transaction.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

import sqlalchemy as sa

from nova_appliance.common import clock
from nova_appliance.db.tables.api import CLAIMS, HOSTS, PCI_DEVICES
from nova_appliance.domain.pci import DeviceRequest, PciDevice, pick

AVAILABLE, CLAIMED, ALLOCATED = "available", "claimed", "allocated"
_D = PCI_DEVICES.c
_FACTS = PciDevice.__struct_fields__


def report(conn: sa.Connection, host_id: str, seen: Sequence[PciDevice]) -> None:
    """Store what a host offers now; what it offers no more goes when nobody holds it."""
    now = clock.SYSTEM.now()
    rows = conn.execute(sa.select(PCI_DEVICES).where(_D.host_id == host_id)).mappings().all()
    known = {row["address"]: row for row in rows}
    for device in seen:
        facts = {name: getattr(device, name) for name in _FACTS}
        row = known.pop(device.address, None)
        if row is None:
            new = {"host_id": host_id, "status": AVAILABLE, "created_at": now}
            conn.execute(sa.insert(PCI_DEVICES).values(**facts, **new))
        elif any(row[name] != facts[name] for name in _FACTS):
            update = sa.update(PCI_DEVICES).where(_D.row == row["row"])
            conn.execute(update.values(**facts, updated_at=now))
    gone = [row["row"] for row in known.values() if row["status"] == AVAILABLE]
    if gone:
        conn.execute(sa.delete(PCI_DEVICES).where(_D.row.in_(gone)))


def free_on(
    conn: sa.Connection, host_ids: Collection[str], *, locks: bool = False
) -> dict[str, tuple[PciDevice, ...]]:
    """Host > devices that nobody holds, nor a part of them, nor what they are a part of."""
    select = sa.select(PCI_DEVICES).where(_D.host_id.in_(host_ids)).order_by(_D.row)
    if locks:
        select = select.with_for_update()
    rows = conn.execute(select).mappings().all()
    held = [row for row in rows if row["status"] != AVAILABLE]
    blocked = {(row["host_id"], row["address"]) for row in held}
    blocked |= {(row["host_id"], row["parent"]) for row in held if row["parent"]}
    wholes = {(row["host_id"], row["address"]) for row in held}
    found: dict[str, tuple[PciDevice, ...]] = {}
    for row in rows:
        host = row["host_id"]
        if (host, row["address"]) in blocked or (host, row["parent"]) in wholes:
            continue
        device = PciDevice(**{name: row[name] for name in _FACTS})
        found[host] = (*found.get(host, ()), device)
    return found


def all_offered(conn: sa.Connection) -> tuple[PciDevice, ...]:
    """One of each sort that any host has, free or not."""
    names = ("kind", "vendor_id", "product_id")
    rows = conn.execute(sa.select(*(_D[name] for name in names)).distinct()).mappings()
    return tuple(PciDevice(address="", **row) for row in rows)


def find(
    conn: sa.Connection, host_id: str, wanted: Sequence[DeviceRequest], cells: int
) -> tuple[PciDevice, ...] | None:
    """Free devices of a host for these requests, kept from others until this transaction ends.

    None when there are not enough.
    """
    if not wanted:
        return ()
    conn.execute(sa.select(HOSTS.c.row).where(HOSTS.c.id == host_id).with_for_update())
    return pick(free_on(conn, (host_id,), locks=True).get(host_id, ()), wanted, cells)


def hold(
    conn: sa.Connection, server_id: str, host_id: str, purpose: str, mine: Sequence[PciDevice]
) -> None:
    """Let a claim hold devices that `find` found."""
    if mine:
        free = (_D.host_id == host_id, _D.address.in_([device.address for device in mine]))
        values = {"status": CLAIMED, "server_id": server_id, "purpose": purpose}
        update = sa.update(PCI_DEVICES).where(*free).values(**values)
        conn.execute(update.values(updated_at=clock.SYSTEM.now()))


def turn(conn: sa.Connection, server_id: str, host_id: str, old: str, new: str) -> None:
    """The claim that holds them has another purpose now."""
    held = (_D.server_id == server_id, _D.host_id == host_id, _D.purpose == old)
    conn.execute(sa.update(PCI_DEVICES).where(*held).values(purpose=new))


def settle(conn: sa.Connection, server_id: str) -> None:
    """The server is open for business."""
    held = (_D.server_id == server_id, _D.status == CLAIMED)
    conn.execute(sa.update(PCI_DEVICES).where(*held).values(status=ALLOCATED))


def give_back(conn: sa.Connection, server_id: str, host_id: str, purpose: str) -> None:
    """Free what a claim held."""
    held = (_D.server_id == server_id, _D.host_id == host_id, _D.purpose == purpose)
    _free(conn, *held)


def strays(conn: sa.Connection) -> tuple[tuple[str, str], ...]:
    """(server, address) of devices that are held without a claim."""
    c = CLAIMS.c
    claim = sa.exists().where(
        c.server_id == _D.server_id, c.host_id == _D.host_id, c.purpose == _D.purpose
    )
    select = sa.select(_D.server_id, _D.address).where(_D.status != AVAILABLE, sa.not_(claim))
    return tuple(conn.execute(select.order_by(_D.row)).tuples())


def free_stray(conn: sa.Connection, server_id: str, address: str) -> None:
    """Free a device that is held without a claim."""
    _free(conn, _D.server_id == server_id, _D.address == address)


def remove(conn: sa.Connection, host_ids: Collection[str]) -> None:
    """Forget the devices of hosts that are removed."""
    conn.execute(sa.delete(PCI_DEVICES).where(_D.host_id.in_(host_ids)))


def _free(conn: sa.Connection, *held: sa.ColumnElement[bool]) -> None:
    nobody = {"status": AVAILABLE, "server_id": None, "purpose": None}
    conn.execute(sa.update(PCI_DEVICES).where(*held).values(**nobody))
