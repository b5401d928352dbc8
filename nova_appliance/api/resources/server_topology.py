# SPDX-License-Identifier: Apache-2.0
"""GET of a server's NUMA cells."""

from __future__ import annotations

from typing import Any

from nova_appliance.api.operation import operation
from nova_appliance.api.policies import server_extras as rules
from nova_appliance.api.policy import may, owner_of
from nova_appliance.api.request import Request
from nova_appliance.api.resources.servers import find
from nova_appliance.api.schemas.queries import CLOSED_2_102
from nova_appliance.domain import numa
from nova_appliance.domain.numa import NumaCell
from nova_appliance.domain.server import Server


@operation(
    policy=rules.TOPOLOGY, also=(rules.TOPOLOGY_HOST,), load=find, query=CLOSED_2_102,
    errors=(404,), since="2.78",
)  # fmt: skip
def show(req: Request, server: Server) -> dict[str, Any]:
    """GET /servers/{server_id}/topology."""
    cells = numa.cells_of(server.system_metadata)
    with_host = may(req, rules.TOPOLOGY_HOST, owner_of(server))
    return {
        "nodes": [_node(cell, with_host=with_host) for cell in cells],
        "pagesize_kb": cells[0].page_kib if cells else None,
    }


def _node(cell: NumaCell, *, with_host: bool) -> dict[str, Any]:
    node: dict[str, Any] = {
        "vcpu_set": sorted(cell.vcpus),
        "siblings": [sorted(one) for one in cell.siblings],
        "memory_mb": cell.memory_mib,
    }
    if with_host:
        node |= {"host_node": cell.host_node, "cpu_pinning": cell.pinning}
    return node
