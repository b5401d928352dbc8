# SPDX-License-Identifier: Apache-2.0
"""Flavors as the Compute API shows them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from nova_appliance.api import links
from nova_appliance.api.request import Request
from nova_appliance.api.versioned import Versioned, add, both, drop
from nova_appliance.api.views.table import fields, next_links, render, same
from nova_appliance.domain.flavor import Flavor

BRIEF = Versioned(fields(**same("id", "name")), v2_55=add(**same("description")))

FULL = Versioned(
    fields(
        **same("id", "name", "vcpus"),
        ram=lambda flavor: flavor.memory_mib,
        disk=lambda flavor: flavor.root_gib,
        swap=lambda flavor: flavor.swap_mib or "",
        rxtx_factor=lambda flavor: flavor.rxtx_factor or "",
        **{
            "OS-FLV-EXT-DATA:ephemeral": lambda flavor: flavor.ephemeral_gib,
            "OS-FLV-DISABLED:disabled": lambda flavor: flavor.disabled,
            "os-flavor-access:is_public": lambda flavor: flavor.is_public,
        },
    ),
    v2_55=add(**same("description")),
    v2_61=add(**same("extra_specs")),
    v2_75=add(swap=lambda flavor: flavor.swap_mib),
    v2_102=both(drop("rxtx_factor"), drop("OS-FLV-DISABLED:disabled")),
)


def show(req: Request, flavor: Flavor, *, with_specs: bool) -> dict[str, Any]:
    """All of a flavor; extra specs only for whom the rule allows them."""
    view = render(FULL, req.version, flavor)
    if not with_specs:
        view.pop("extra_specs", None)
    return view | {"links": links.both(req, "flavors", flavor.id)}


def index(req: Request, flavors: Sequence[Flavor]) -> dict[str, Any]:
    """Names and links only."""
    views = [
        render(BRIEF, req.version, flavor) | {"links": links.both(req, "flavors", flavor.id)}
        for flavor in flavors
    ]
    return _page(req, "flavors", flavors, views)


def detail(req: Request, flavors: Sequence[Flavor], *, with_specs: bool) -> dict[str, Any]:
    """Everything of every flavor."""
    views = [show(req, flavor, with_specs=with_specs) for flavor in flavors]
    return _page(req, "flavors/detail", flavors, views)


def access(flavor: Flavor, projects: Sequence[str]) -> dict[str, Any]:
    """Who may use a private flavor."""
    rows = [{"flavor_id": flavor.id, "tenant_id": project} for project in projects]
    return {"flavor_access": rows}


def _page(
    req: Request, collection: str, flavors: Sequence[Flavor], views: list[dict[str, Any]]
) -> dict[str, Any]:
    ids = [flavor.id for flavor in flavors]
    return {"flavors": views} | next_links(req, "flavors_links", collection, ids)
