# SPDX-License-Identifier: Apache-2.0
"""What of a request SQL can decide: amounts, host, zone, and aggregates that are for some only."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import msgspec
from oslo_config import cfg

from nova_appliance.db.candidates import Wanted
from nova_appliance.domain import pci
from nova_appliance.domain.aggregate import ZONE_KEY
from nova_appliance.domain.host import amounts_of
from nova_appliance.rpc.orders import ChooseHosts

Aggregates = Mapping[int, Mapping[str, str]]
"""Number > metadata."""
TENANT_KEY = "filter_tenant_id"


def narrow(conf: cfg.ConfigOpts, order: ChooseHosts, aggregates: Aggregates) -> Wanted:
    """The conditions under which a host is read at all. Raises pci.BadRequest."""
    inside: list[frozenset[int]] = []
    outside: list[tuple[frozenset[int], frozenset[int]]] = []
    if order.zone is not None:
        zoned = frozenset(row for row, data in aggregates.items() if ZONE_KEY in data)
        here = frozenset(row for row in zoned if aggregates[row][ZONE_KEY] == order.zone)
        if order.zone == conf.default_availability_zone:
            outside.append((zoned - here, here))
        else:
            inside.append(here)
    if conf.scheduler.limit_tenants_to_placement_aggregate:
        inside += _tenants(conf, order.project_id, aggregates)
    if conf.scheduler.enable_isolated_aggregate_filtering:
        outside.append((frozenset(_isolated(order, aggregates)), frozenset()))
    return Wanted(
        amounts=msgspec.structs.replace(
            amounts_of(order.flavor, with_root=order.image is not None), **_devices(conf, order)
        ),
        host=order.host,
        node=order.node,
        cell_id=order.cell_id,
        tried=order.tried,
        inside=tuple(inside),
        outside=tuple(outside),
    )


def _devices(conf: cfg.ConfigOpts, order: ChooseHosts) -> dict[str, Any]:
    """What the server wants for itself, and its NUMA cells if that counts."""
    specs = order.flavor.extra_specs
    properties = order.image.properties if order.image else {}
    if pci.ALIAS_WORD not in specs and pci.VGPU_WORD not in specs:
        return {}
    wanted = pci.requests(specs, properties, pci.aliases_of(conf.pci.alias))
    return {"devices": wanted, "cells": pci.cells_of(specs, properties)}


def _tenants(
    conf: cfg.ConfigOpts, project_id: str, aggregates: Aggregates
) -> Iterator[frozenset[int]]:
    mine = frozenset(
        row
        for row, data in aggregates.items()
        if any(k.startswith(TENANT_KEY) and v == project_id for k, v in data.items())
    )
    if mine or conf.scheduler.placement_aggregate_required_for_tenants:
        yield mine


def _isolated(order: ChooseHosts, aggregates: Aggregates) -> Iterator[int]:
    """Aggregates that require a trait which the request does not require."""
    properties = order.image.properties if order.image else {}
    asked = {
        key
        for specs in (order.flavor.extra_specs, properties)
        for key, word in specs.items()
        if key.startswith("trait:") and word == "required"
    }
    for row, data in aggregates.items():
        needs = {k for k, v in data.items() if k.startswith("trait:") and v == "required"}
        if needs - asked:
            yield row
