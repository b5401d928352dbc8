# SPDX-License-Identifier: Apache-2.0
"""Lists ask the databases a fixed number of questions, however many rows there are."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
import sqlalchemy as sa
from fixtures.cells import CELL1, make_server, put
from fixtures.compute_api import PROJECT, ComputeApi

from nova_appliance.common import ids
from nova_appliance.db import aggregates, flavors, keypairs, server_groups
from nova_appliance.domain.flavor import Flavor
from nova_appliance.domain.keypair import Keypair
from nova_appliance.domain.server_group import ServerGroup

LISTS = (
    "/flavors/detail?is_public=None",
    "/os-keypairs",
    "/os-server-groups?all_projects=1",
    "/os-aggregates",
    "/os-services",
    "/os-availability-zone/detail",
    "/os-hypervisors/detail?with_servers=true",
)


def fill(api: ComputeApi, start: int, many: int) -> None:
    for number in range(start, start + many):
        name = f"n{number}"
        api.add_host(f"h{number}")
        with api.cloud.cells.api.write() as conn:
            private = Flavor(id=name, name=name, vcpus=1, memory_mib=1, root_gib=1, is_public=False)
            flavors.add(conn, private, (PROJECT,))
            keypairs.add(conn, Keypair(user_id="admin", name=name, fingerprint="f", public_key="k"))
            group = ServerGroup(
                id=ids.new_id(), project_id=PROJECT, user_id="u", name=name, policy="affinity"
            )
            server_groups.add(conn, group)
            made = aggregates.add(conn, name, {})
            aggregates.add_host(conn, made.row, f"h{number}")
        put(api.cloud.cells, make_server(number, host=f"h{number}", group_id=group.id))


@pytest.fixture
def count(api: ComputeApi) -> Iterator[Callable[[str], int]]:
    seen: list[str] = []
    engines = [api.cloud.cells.api.engine]
    engines += [api.cloud.cells.database(cell.id).engine for cell in api.cloud.cells.all_()]

    def note(_conn: object, _cursor: object, statement: str, *_more: object) -> None:
        if statement != "BEGIN":
            seen.append(statement)

    for engine in engines:
        sa.event.listen(engine, "before_cursor_execute", note)

    def ask(path: str) -> int:
        seen.clear()
        got = api.get(path, "2.100")
        assert got.status == 200, got.data
        return len(seen)

    yield ask
    for engine in engines:
        sa.event.remove(engine, "before_cursor_execute", note)


@pytest.mark.parametrize("path", LISTS)
def test_more_rows_cost_no_more_statements(
    api: ComputeApi, count: Callable[[str], int], path: str
) -> None:
    assert api.cloud.cells.get(CELL1)
    fill(api, 0, 2)
    few = count(path)
    fill(api, 2, 10)
    assert count(path) == few
    assert few <= 8
