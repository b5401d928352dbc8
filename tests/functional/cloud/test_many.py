# SPDX-License-Identifier: Apache-2.0
"""Many servers at once: one request for fifty, fifty requests, quotas under parallel requests."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from fixtures.cloud_seed import server_body

from nova_appliance.common import clock


@pytest.fixture
def room(cloud):
    """No limit for the admin project; no server before and after."""
    connection = cloud.connect()
    _limits(connection, instances=-1, cores=-1, ram=-1)
    yield connection
    for server in connection.compute.servers():
        connection.compute.delete_server(server, ignore_missing=True)
    _until(lambda: not list(connection.compute.servers()))


def _limits(connection, **limits):
    url = f"/os-quota-sets/{connection.current_project_id}"
    answer = connection.compute.put(url, json={"quota_set": limits})
    assert answer.status_code == 200, answer.text


def _until(condition, timeout_s=180):
    assert clock.wait_for(condition, timeout_s, 0.1)


def _all_active(connection, count):
    def done():
        found = [s.status for s in connection.compute.servers()]
        assert "ERROR" not in found
        return found.count("ACTIVE") == count

    _until(done)


def test_fifty_in_one_request(cloud, room):
    body = server_body(cloud, "one", min_count=50, max_count=50)
    answer = room.compute.post("/servers", json={"server": body})
    assert answer.status_code == 202, answer.text
    _all_active(room, 50)
    assert {s.name for s in room.compute.servers()} == {f"one-{n}" for n in range(1, 51)}


def test_fifty_parallel_requests(cloud, room):
    def ask(number):
        body = server_body(cloud, f"each-{number}")
        return room.compute.post("/servers", json={"server": body}).status_code

    with ThreadPoolExecutor(50) as pool:
        assert set(pool.map(ask, range(50))) == {202}
    _all_active(room, 50)
    addresses = [a["addr"] for s in room.compute.servers() for n in s.addresses.values() for a in n]
    assert len(set(addresses)) == 50


def test_quotas_hold_under_parallel_requests(cloud, room):
    _limits(room, instances=7)

    def ask(number):
        body = server_body(cloud, f"quota-{number}")
        return room.compute.post("/servers", json={"server": body}).status_code

    with ThreadPoolExecutor(30) as pool:
        answers = list(pool.map(ask, range(30)))
    assert answers.count(202) == 7
    assert answers.count(403) == 23
    _all_active(room, 7)


def test_a_server_without_host_says_why(cloud, room):
    flavor = room.compute.create_flavor(name="huge", vcpus=5000, ram=64, disk=1)
    body = server_body(cloud, "big") | {"flavorRef": flavor.id}
    server_id = room.compute.post("/servers", json={"server": body}).json()["server"]["id"]
    _until(lambda: room.compute.get_server(server_id).status == "ERROR")
    fault = room.compute.get_server(server_id).fault
    assert fault["code"] == 500
    assert "No valid host was found" in fault["message"]
    assert "vcpu" in fault["message"].lower()
    found = cloud.rows("nova_cell0", f"SELECT host FROM servers WHERE id = '{server_id}'")
    assert found == [{"host": None}]
