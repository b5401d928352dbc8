# SPDX-License-Identifier: Apache-2.0
"""The route table: the tables of all families joined. URLs stand in api/urls/ and nowhere else."""

from __future__ import annotations

from collections.abc import Sequence

from nova_appliance.api import gone
from nova_appliance.api.operation import ByBodyKey, Operation, Routes
from nova_appliance.api.urls import (
    certificates,
    consoles,
    flavors,
    hosts,
    migrations,
    network_proxies,
    other_services,
    proxies,
    quotas,
    server_extras,
    server_groups,
    server_life,
    server_orders,
    servers,
    usage,
    versions,
    volumes_boot,
)

FAMILIES = (
    versions, servers, server_orders, server_extras, server_life, consoles,
    flavors, quotas, server_groups, hosts, proxies, network_proxies,
    other_services, usage, migrations, certificates, gone,
)  # fmt: skip
"""Each module has ROUTES: path below /v2.1 > method > operation."""


def join(tables: Sequence[Routes]) -> dict[str, dict[str, Operation | ByBodyKey]]:
    """One table of many; actions of the same path are joined too."""
    joined: dict[str, dict[str, Operation | ByBodyKey]] = {}
    for table in tables:
        for path, methods in table.items():
            row = joined.setdefault(path, {})
            for method, what in methods.items():
                row[method] = _both(row.get(method), what)
    return joined


def _both(old: Operation | ByBodyKey | None, new: Operation | ByBodyKey) -> Operation | ByBodyKey:
    if old is None:
        return new
    if isinstance(old, ByBodyKey) and isinstance(new, ByBodyKey):
        return ByBodyKey({**old.table, **new.table})
    msg = "Two operations for one path and method."
    raise ValueError(msg)


_OWN = join([family.ROUTES for family in FAMILIES])
ROUTES: Routes = join([_OWN, volumes_boot.aliases(_OWN)])
