# SPDX-License-Identifier: Apache-2.0
"""Host aggregates and availability zones as the Compute API shows them."""

from __future__ import annotations

from typing import Any

from nova_appliance.actions.zones import Zone
from nova_appliance.api.versioned import Version, Versioned, add
from nova_appliance.api.views.table import fields, render, same, stamp
from nova_appliance.domain.aggregate import Aggregate

VIEW = Versioned(
    fields(
        **same("name", "hosts", "metadata"),
        id=lambda aggregate: aggregate.row,
        availability_zone=lambda aggregate: aggregate.zone,
        created_at=lambda aggregate: stamp(aggregate.created_at),
        updated_at=lambda aggregate: stamp(aggregate.updated_at),
        deleted=lambda _: False,
        deleted_at=lambda _: None,
    ),
    v2_41=add(uuid=lambda aggregate: aggregate.id),
)


def show(version: Version, aggregate: Aggregate) -> dict[str, Any]:
    """All of an aggregate."""
    return render(VIEW, version, aggregate)


def made(version: Version, aggregate: Aggregate) -> dict[str, Any]:
    """A new aggregate: hosts and metadata are not shown."""
    view = show(version, aggregate)
    del view["hosts"], view["metadata"]
    return view


def zone(known: Zone) -> dict[str, Any]:
    """A zone as everybody may see it."""
    available = {"available": known.is_available}
    return {"zoneName": known.name, "zoneState": available, "hosts": None}


def zone_with_hosts(known: Zone) -> dict[str, Any]:
    """A zone with its hosts and their enabled services."""
    if not known.is_available:
        return zone(known)
    hosts: dict[str, dict[str, Any]] = {}
    for daemon in known.daemons:
        hosts.setdefault(daemon.service.host, {})[daemon.service.binary] = {
            "available": daemon.is_up,
            "active": not daemon.service.disabled,
            "updated_at": stamp(daemon.service.last_seen_at),
        }
    return zone(known) | {"hosts": hosts}
