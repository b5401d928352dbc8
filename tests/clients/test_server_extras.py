# SPDX-License-Identifier: Apache-2.0
"""Unmodified clients against a whole cloud: addresses, groups, tags and what else hangs on servers."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from fixtures.whole_cloud import WholeCloud

from nova_appliance.common import clock, ids


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Iterator[WholeCloud]:
    cloud = WholeCloud(tmp_path_factory.mktemp("extras")).start()
    yield cloud
    cloud.stop()


@pytest.fixture(scope="module")
def admin(whole: WholeCloud) -> Any:
    connection = whole.connect()
    connection.image.create_image(
        "tiny", data=b"boot me".ljust(512, b"\0"), disk_format="raw", container_format="bare",
        visibility="public",
    )  # fmt: skip
    connection.compute.create_flavor(name="m1.tiny", vcpus=1, ram=64, disk=1)
    network = connection.network
    public = network.create_network(name="public", is_router_external=True)
    network.create_subnet(network_id=public.id, cidr="172.24.4.0/24", ip_version=4)
    private = network.create_network(name="private", is_shared=True)
    inside = network.create_subnet(network_id=private.id, cidr="10.30.0.0/24", ip_version=4)
    router = network.create_router(external_gateway_info={"network_id": public.id})
    network.add_interface_to_router(router, subnet_id=inside.id)
    return connection


@pytest.fixture(scope="module")
def server(admin: Any) -> Any:
    made = admin.compute.create_server(
        name="one", image_id=admin.image.find_image("tiny").id,
        flavor_id=admin.compute.find_flavor("m1.tiny").id,
        networks=[{"uuid": admin.network.find_network("private").id}],
    )  # fmt: skip
    return admin.compute.wait_for_server(made, wait=60)


def ask(
    connection: Any, method: str, path: str, version: str = "2.1", **more: Any
) -> tuple[int, Any]:
    answer = connection.compute.request(path, method, microversion=version, **more)
    return answer.status_code, answer.json() if answer.content else None


def do(connection: Any, server: Any, version: str = "2.1", **action: Any) -> tuple[int, Any]:
    return ask(connection, "POST", f"/servers/{server.id}/action", version, json=action)


def sentence(answer: tuple[int, Any], status: int) -> str:
    assert answer[0] == status, answer
    ((_, inner),) = answer[1].items()
    assert inner["code"] == status
    return str(inner["message"])


def shown(connection: Any, server: Any) -> dict[str, str]:
    """Address > kind."""
    data = ask(connection, "GET", f"/servers/{server.id}")[1]["server"]["addresses"]
    return {one["addr"]: one["OS-EXT-IPS:type"] for many in data.values() for one in many}


def kind_is(connection: Any, server: Any, address: str, kind: str | None) -> bool:
    return clock.wait_for(lambda: shown(connection, server).get(address) == kind, 3)


def test_a_floating_ip_is_shown_and_goes_again(whole: WholeCloud, admin: Any, server: Any) -> None:
    made = whole.openstack("floating", "ip", "create", "public", "-f", "json")
    address = made["floating_ip_address"]
    whole.openstack("server", "add", "floating", "ip", "one", address)
    assert kind_is(admin, server, address, "floating")
    listed = whole.openstack("server", "list", "-f", "json")
    assert address in listed[0]["Networks"]["private"]
    whole.openstack("server", "remove", "floating", "ip", "one", address)
    assert kind_is(admin, server, address, None)
    port = next(admin.network.ports(device_id=server.id))
    whole.openstack("floating", "ip", "set", "--port", port.id, address)
    assert kind_is(admin, server, address, "floating")
    whole.openstack("floating", "ip", "delete", address)
    assert kind_is(admin, server, address, None)


def test_another_fixed_address_of_the_port_is_shown(admin: Any, server: Any) -> None:
    port = next(admin.network.ports(device_id=server.id))
    old = port.fixed_ips
    admin.network.update_port(port, fixed_ips=[*old, {"subnet_id": old[0]["subnet_id"]}])
    new = admin.network.get_port(port.id).fixed_ips[1]["ip_address"]
    assert kind_is(admin, server, new, "fixed")
    admin.network.update_port(port, fixed_ips=old)
    assert kind_is(admin, server, new, None)


def told(connection: Any, version: str, *events: dict[str, Any]) -> tuple[int, Any]:
    return ask(
        connection, "POST", "/os-server-external-events", version, json={"events": list(events)}
    )


def test_external_events(whole: WholeCloud, admin: Any, server: Any) -> None:
    known = {"name": "network-vif-plugged", "server_uuid": server.id, "tag": ids.new_id()}
    status, data = told(admin, "2.1", known)
    assert (status, data) == (200, {"events": [known | {"status": "completed", "code": 200}]})
    unknown = known | {"server_uuid": ids.new_id()}
    status, data = told(admin, "2.1", known, unknown, known | {"status": "failed"})
    assert status == 207
    assert [(one["code"], one["status"]) for one in data["events"]] == [
        (200, "completed"), (404, "failed"), (200, "failed"),
    ]  # fmt: skip
    without_tag = {"name": "volume-extended", "server_uuid": server.id}
    status, data = told(admin, "2.51", without_tag)
    assert (status, data["events"][0]["code"]) == (207, 400)
    demo = whole.connect("demo")
    assert told(demo, "2.1", known)[0] == 403


@pytest.mark.parametrize(
    ("name", "since"),
    [
        ("volume-extended", 51),
        ("power-update", 76),
        ("accelerator-request-bound", 82),
        ("volume-reimaged", 93),
    ],
)
def test_events_by_version(admin: Any, server: Any, name: str, since: int) -> None:
    event = {"name": name, "server_uuid": server.id, "tag": "x"}
    assert "is not one of" in sentence(told(admin, f"2.{since - 1}", event), 400)
    assert told(admin, f"2.{since}", event)[0] == 200


def test_a_told_change_of_power_is_recorded(admin: Any, server: Any) -> None:
    event = {"name": "power-update", "server_uuid": server.id, "tag": "POWER_OFF"}
    assert told(admin, "2.76", event)[0] == 200
    actions = ask(admin, "GET", f"/servers/{server.id}/os-instance-actions")[1]["instanceActions"]
    assert actions[0]["action"] == "stop"
