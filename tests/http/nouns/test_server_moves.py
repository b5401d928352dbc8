# SPDX-License-Identifier: Apache-2.0
"""Actions that change a server's host or flavor: what they refuse, and with which code."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
import sqlalchemy as sa
from fixtures.cells import CELL1, make_server, put
from fixtures.compute_api import PROJECT, USER, ComputeApi

from nova_appliance.actions.orders import MoveOrder
from nova_appliance.common import ids
from nova_appliance.db import servers
from nova_appliance.db.tables import cell
from nova_appliance.domain.attachment import Attachment

SERVER_HOST = "host1"


@pytest.fixture
def server_id(api: ComputeApi) -> str:
    for name in (SERVER_HOST, "host2"):
        api.add_host(name)
    server = make_server(1, project_id=PROJECT, host=SERVER_HOST, node=f"{SERVER_HOST}.example.org")
    put(api.cloud.cells, server)
    return server.id


LIVE = {"host": None, "block_migration": "auto"}
WRONG: tuple[tuple[dict[str, Any], str, int], ...] = (
    ({"resize": {"flavorRef": "none"}}, "2.1", 400),
    ({"resize": {}}, "2.1", 400),
    ({"resize": {"flavorRef": "1", "more": 1}}, "2.1", 400),
    ({"confirmResize": None}, "2.1", 409),
    ({"revertResize": None}, "2.1", 409),
    ({"migrate": {"host": "nowhere"}}, "2.56", 400),
    ({"migrate": {"host": SERVER_HOST}}, "2.56", 400),
    ({"migrate": {"hosts": "x"}}, "2.56", 400),
    ({"evacuate": {"host": "host2"}}, "2.1", 400),
    ({"evacuate": {"onSharedStorage": True, "adminPass": "x"}}, "2.1", 400),
    ({"evacuate": {"onSharedStorage": False}}, "2.14", 400),
    ({"evacuate": {"force": True}}, "2.29", 400),
    ({"evacuate": {"host": "host2", "force": True}}, "2.68", 400),
    ({"evacuate": {"host": "host2"}}, "2.68", 400),
    ({"evacuate": {"host": "nowhere"}}, "2.68", 404),
    ({"os-migrateLive": {"host": "nowhere", "block_migration": "auto"}}, "2.34", 400),
    ({"os-migrateLive": {"host": SERVER_HOST, "block_migration": "auto"}}, "2.34", 400),
    ({"os-migrateLive": LIVE}, "2.24", 400),
    ({"os-migrateLive": {**LIVE, "force": True}}, "2.30", 400),
    ({"os-migrateLive": {**LIVE, "force": True, "host": "host2"}}, "2.68", 400),
)


@pytest.mark.parametrize(("body", "version", "status"), WRONG)
def test_wrong_wishes(
    api: ComputeApi, server_id: str, body: dict[str, Any], version: str, status: int
) -> None:
    got = api.post(f"/servers/{server_id}/action", body, version)
    assert (got.status, got.message != "") == (status, True), got.data


def test_servers_whose_volumes_are_on_their_way_stay_a_while(
    api: ComputeApi, server_id: str
) -> None:
    with api.cloud.cells.database(CELL1).write() as conn:
        volume = Attachment(id=ids.new_id(), device="/dev/vdb", volume_id=ids.new_id())
        servers.change(conn, server_id, attachments=(volume,))
    got = api.post(f"/servers/{server_id}/action", {"os-migrateLive": LIVE}, "2.34")
    assert got.status == 409
    assert "just being attached" in got.message
    assert api.get("/os-migrations", "2.59").data == {"migrations": []}


@pytest.mark.parametrize(
    ("version", "more", "measured"),
    [
        ("2.1", {"block_migration": False, "disk_over_commit": "False"}, False),
        ("2.24", {"block_migration": True, "disk_over_commit": True}, True),
        ("2.34", {"block_migration": "auto"}, None),
    ],
)
def test_how_disks_are_measured_is_for_old_clients_to_say(
    api: ComputeApi, server_id: str, version: str, more: dict[str, Any], measured: bool | None
) -> None:
    api.cloud.conf.set_override("order_timeout", 0, "conductor")  # nobody runs the saga
    try:
        body = {"os-migrateLive": {"host": "host2", **more}}
        assert api.post(f"/servers/{server_id}/action", body, version).status == 202
    finally:
        api.cloud.conf.clear_override("order_timeout", "conductor")
    with api.cloud.cells.database(CELL1).read() as conn:
        (order,) = conn.execute(sa.select(cell.SAGAS.c.order_)).scalars()
    told = msgspec.json.decode(order, type=MoveOrder)
    assert (told.host, told.over_commit) == ("host2", measured)


@pytest.mark.parametrize(
    "body", [{"migrate": None}, {"os-migrateLive": LIVE}, {"evacuate": {"host": "host2"}}]
)
def test_members_may_not_move_hosts(api: ComputeApi, server_id: str, body: dict[str, Any]) -> None:
    assert api.post(f"/servers/{server_id}/action", body, "2.56", who=USER).status == 403


@pytest.mark.parametrize("number", ["1", "x"])
def test_migrations_that_are_not_there(api: ComputeApi, server_id: str, number: str) -> None:
    path = f"/servers/{server_id}/migrations/{number}"
    assert api.delete(path, "2.24").status == 404
    assert api.post(f"{path}/action", {"force_complete": None}, "2.22").status == 404
