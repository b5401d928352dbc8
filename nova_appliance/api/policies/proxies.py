# SPDX-License-Identifier: Apache-2.0
"""Rules of the old proxies to the network service; those to the image service have none."""

from __future__ import annotations

from nova_appliance.api.policies.base import READER, rule

_NETWORKS = "os_compute_api:os-networks"
NETWORKS_LIST = f"{_NETWORKS}:list"
NETWORKS_SHOW = f"{_NETWORKS}:show"
_TENANT_NETWORKS = "os_compute_api:os-tenant-networks"
TENANT_NETWORKS_LIST = f"{_TENANT_NETWORKS}:list"
TENANT_NETWORKS_SHOW = f"{_TENANT_NETWORKS}:show"

RULES = (
    rule(NETWORKS_LIST, READER, "List networks (to 2.35).", "GET /os-networks"),
    rule(NETWORKS_SHOW, READER, "Show a network (to 2.35).", "GET /os-networks/{network_id}"),
    rule(TENANT_NETWORKS_LIST, READER, "The same, shorter.", "GET /os-tenant-networks"),
    rule(
        TENANT_NETWORKS_SHOW, READER, "The same, shorter.", "GET /os-tenant-networks/{network_id}"
    ),
)
