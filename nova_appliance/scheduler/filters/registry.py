# SPDX-License-Identifier: Apache-2.0
"""Which filters there are: name in nova.conf > the function that answers None or a reason."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Sequence

from nova_appliance.common.errors import Invalid
from nova_appliance.db.candidates import Candidate
from nova_appliance.scheduler.scene import Scene

Filter = Callable[[Scene, Candidate], str | None]

FILTERS = {
    "AggregateImagePropertiesIsolation": "aggregate_images:reason",
    "AggregateInstanceExtraSpecsFilter": "aggregate_extra_specs:reason",
    "AggregateIoOpsFilter": "aggregate_limits:building_reason",
    "AggregateMultiTenancyIsolation": "aggregate_tenants:reason",
    "AggregateNumInstancesFilter": "aggregate_limits:servers_reason",
    "AggregateTypeAffinityFilter": "aggregate_flavors:reason",
    "AllHostsFilter": "all_hosts:reason",
    "ComputeCapabilitiesFilter": "capabilities:reason",
    "ComputeFilter": "service_up:reason",
    "DifferentHostFilter": "different_host:reason",
    "ImagePropertiesFilter": "image_properties:reason",
    "IoOpsFilter": "io_ops:reason",
    "IsolatedHostsFilter": "isolated_hosts:reason",
    "JsonFilter": "json_query:reason",
    "NumInstancesFilter": "num_servers:reason",
    "PciPassthroughFilter": "pci_devices:reason",
    "SameHostFilter": "same_host:reason",
    "ServerGroupAffinityFilter": "group_affinity:reason",
    "ServerGroupAntiAffinityFilter": "group_anti_affinity:reason",
    "SimpleCIDRAffinityFilter": "cidr_affinity:reason",
}
ALWAYS = {"traits": "traits:reason", "PciPassthroughFilter": "pci_devices:reason"}
"""Asked before the enabled ones; cannot be turned off."""
_HERE = "nova_appliance.scheduler.filters"


def load(names: Sequence[str]) -> dict[str, Filter]:
    """The filters of these names in this order. Raises Invalid for a name that is not known."""
    unknown = [name for name in names if name not in FILTERS]
    if unknown:
        raise Invalid(
            f"[filter_scheduler]enabled_filters names {', '.join(unknown)};"
            f" there are {', '.join(FILTERS)}."
        )
    return {name: _find(place) for name, place in _places(names).items()}


def _places(names: Sequence[str]) -> dict[str, str]:
    return ALWAYS | {name: FILTERS[name] for name in names}


def _find(place: str) -> Filter:
    module, _, function = place.partition(":")
    found: Filter = getattr(importlib.import_module(f"{_HERE}.{module}"), function)
    return found
