# SPDX-License-Identifier: Apache-2.0
"""Floating IPs in Nova's old words: their pool, the fixed address and the server they lead to."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec

from nova_appliance.clients.network_rows import NetworkRows, Row
from nova_appliance.common import errors, ids
from nova_appliance.common.context import RequestContext

OWNER = "compute:"


class FloatingIp(msgspec.Struct, frozen=True, kw_only=True):
    """One address of an external network."""

    id: str
    address: str
    pool: str
    fixed_address: str | None = None
    port_id: str | None = None
    server_id: str | None = None


def pools(rows: NetworkRows, context: RequestContext) -> tuple[Row, ...]:
    """The networks that addresses come from."""
    return rows.list_(context, "networks", **{"router:external": "true"})


def list_(rows: NetworkRows, context: RequestContext, **filters: Any) -> tuple[FloatingIp, ...]:
    """The project's addresses."""
    return _read(rows, context, _rows(rows, context, **filters))


def get(rows: NetworkRows, context: RequestContext, floating_id: str) -> FloatingIp:
    """One of them by its id. Raises NotFound."""
    if not ids.is_id(floating_id):
        raise errors.NotFound(f"Floating IP not found for ID {floating_id}")
    found = list_(rows, context, id=floating_id)
    if not found:
        raise errors.NotFound(f"Floating IP not found for ID {floating_id}")
    return found[0]


def by_address(rows: NetworkRows, context: RequestContext, address: str) -> FloatingIp:
    """One of them by its address. Raises NotFound."""
    found = list_(rows, context, floating_ip_address=address)
    if not found:
        raise errors.NotFound(f"Floating IP not found for address {address}.")
    return found[0]


def create(rows: NetworkRows, context: RequestContext, pool: str) -> FloatingIp:
    """Take an address of the pool (name or id). Raises NotFound, OverQuota, Invalid."""
    named = [row for row in pools(rows, context) if pool in (row["id"], row["name"])]
    if not named:
        raise errors.NotFound("Floating IP pool not found.")
    try:
        wanted = {"floating_network_id": named[0]["id"]}
        return _read(rows, context, [rows.create(context, "floatingips", wanted)])[0]
    except errors.Conflict as error:
        raise errors.NotFound(f"No more floating IPs in pool {pool}.") from error


def lead(
    rows: NetworkRows, context: RequestContext, floating: FloatingIp, where: Row | None
) -> None:
    """Lead it to a port and fixed address, or nowhere. Raises Invalid when that cannot be."""
    try:
        rows.change(context, "floatingips", floating.id, where or {"port_id": None})
    except (errors.Conflict, errors.NotFound) as error:
        raise errors.Invalid(f"Unable to associate floating IP: {error.message}") from error


def _rows(rows: NetworkRows, context: RequestContext, **filters: Any) -> tuple[Row, ...]:
    return rows.list_(context, "floatingips", project_id=context.project_id, **filters)


def _read(
    rows: NetworkRows, context: RequestContext, raws: Sequence[Row]
) -> tuple[FloatingIp, ...]:
    names = {row["id"]: row["name"] for row in pools(rows, context)} if raws else {}
    used = sorted({raw["port_id"] for raw in raws if raw["port_id"]})
    ports = {row["id"]: row for row in rows.list_(context, "ports", id=used)} if used else {}
    return tuple(
        FloatingIp(
            id=raw["id"],
            address=raw["floating_ip_address"],
            pool=str(names.get(raw["floating_network_id"], raw["floating_network_id"])),
            fixed_address=raw["fixed_ip_address"],
            port_id=raw["port_id"],
            server_id=_server(ports.get(raw["port_id"])),
        )
        for raw in raws
    )


def _server(port: Row | None) -> str | None:
    return port["device_id"] if port and port["device_owner"].startswith(OWNER) else None
