# SPDX-License-Identifier: Apache-2.0
"""What each project's servers hold on some nodes, summed from the claims in nova_api."""

from __future__ import annotations

from collections.abc import Sequence

import sqlalchemy as sa

from nova_appliance.db.tables.api import CLAIMS, SERVER_MAPPINGS
from nova_appliance.domain.host import Amounts


def by_project(conn: sa.Connection, host_ids: Sequence[str]) -> dict[str, Amounts]:
    """Project > what its servers hold on these nodes together."""
    c, m = CLAIMS.c, SERVER_MAPPINGS.c
    sums = [sa.func.sum(column) for column in (c.vcpus, c.memory_mib, c.disk_gib)]
    select = (
        sa.select(m.project_id, *sums)
        .select_from(CLAIMS.join(SERVER_MAPPINGS, m.server_id == c.server_id))
        .where(c.host_id.in_(host_ids))
        .group_by(m.project_id)
        .order_by(m.project_id)
    )
    return {
        project_id: Amounts(vcpus=int(vcpus), memory_mib=int(memory), disk_gib=int(disk))
        for project_id, vcpus, memory, disk in conn.execute(select)
    }
