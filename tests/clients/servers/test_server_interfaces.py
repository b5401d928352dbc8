# SPDX-License-Identifier: Apache-2.0
"""Unmodified clients against a whole cloud: networks, ports and addresses that come to servers and go."""

from __future__ import annotations

from typing import Any

from fixtures.whole_cloud import WholeCloud

from nova_appliance.common import clock, ids

from .asking import ask, do, sentence, shown


def attach(connection: Any, server_id: str, version: str = "2.1", **wanted: Any) -> tuple[int, Any]:
    path = f"/servers/{server_id}/os-interface"
    return ask(connection, "POST", path, version, json={"interfaceAttachment": wanted})


def ports_of(connection: Any, server_id: str) -> list[str]:
    found = ask(connection, "GET", f"/servers/{server_id}/os-interface")[1]
    return [one["port_id"] for one in found["interfaceAttachments"]]


def test_a_port_that_is_deleted_leaves_its_server(admin: Any, server: Any) -> None:
    network = admin.network.find_network("private")
    mine = admin.network.create_port(network_id=network.id)
    assert attach(admin, server.id, port_id=mine.id)[0] == 200
    admin.network.delete_port(mine.id)

    def actions() -> list[tuple[str, Any]]:
        found = ask(admin, "GET", f"/servers/{server.id}/os-instance-actions", "2.58")[1]
        return [(one["action"], one["message"]) for one in found["instanceActions"]]

    assert clock.wait_for(lambda: actions()[0] == ("detach_interface", None), 60)
    assert mine.fixed_ips[0]["ip_address"] not in shown(admin, server)


def test_openstack_adds_and_removes_networks_ports_and_addresses(
    whole: WholeCloud,
    admin: Any,
    server: Any,
) -> None:
    before = ports_of(admin, server.id)
    network = admin.network.find_network("private")
    mine = admin.network.create_port(network_id=network.id)
    whole.openstack("server", "add", "port", "--tag", "wan", "one", mine.id)
    assert mine.id in ports_of(admin, server.id)
    assert mine.fixed_ips[0]["ip_address"] in shown(admin, server)
    path = f"/servers/{server.id}/os-interface/{mine.id}"
    assert ask(admin, "GET", path, "2.70")[1]["interfaceAttachment"]["tag"] == "wan"
    whole.openstack("server", "remove", "port", "one", mine.id)
    assert clock.wait_for(lambda: ports_of(admin, server.id) == before, 60)
    assert admin.network.get_port(mine.id).device_id == ""
    whole.openstack("server", "add", "network", "one", "private")
    (made,) = set(ports_of(admin, server.id)) - set(before)
    whole.openstack("server", "remove", "port", "one", made)
    assert clock.wait_for(lambda: admin.network.find_port(made) is None, 60)
    whole.openstack(
        "server", "add", "fixed", "ip", "--fixed-ip-address", "10.30.0.77", "one", "private"
    )
    assert shown(admin, server)["10.30.0.77"] == "fixed"
    whole.openstack("server", "remove", "network", "one", "private")
    assert clock.wait_for(lambda: ports_of(admin, server.id) == [], 60)
    whole.openstack("server", "add", "network", "one", "private")
    actions = ask(admin, "GET", f"/servers/{server.id}/os-instance-actions")[1]["instanceActions"]
    assert {"attach_interface", "detach_interface"} <= {one["action"] for one in actions}


def test_what_os_interface_answers_by_version(admin: Any, server: Any) -> None:
    network, before = admin.network.find_network("private"), ports_of(admin, server.id)
    status, data = attach(admin, server.id, net_id=network.id)
    assert (status, "tag" in data["interfaceAttachment"]) == (200, False)
    assert data["interfaceAttachment"]["net_id"] == network.id
    status, told = attach(admin, server.id, "2.70", net_id=network.id, tag="x")
    assert (status, told["interfaceAttachment"]["tag"]) == (200, "x")
    for one in (data, told):
        path = f"/servers/{server.id}/os-interface/{one['interfaceAttachment']['port_id']}"
        assert ask(admin, "DELETE", path)[0] == 202
    assert clock.wait_for(lambda: ports_of(admin, server.id) == before, 60)
    assert attach(admin, server.id, "2.48", net_id=network.id, tag="x")[0] == 400
    assert do(admin, server, injectNetworkInfo=None)[0] == 202


def test_what_os_interface_refuses(whole: WholeCloud, admin: Any, server: Any) -> None:
    network, used = admin.network.find_network("private"), ports_of(admin, server.id)[0]
    both = attach(admin, server.id, net_id=network.id, port_id=used)
    assert sentence(both, 400) == "Must not input both network_id and port_id"
    fixed = [{"ip_address": "10.30.0.9"}]
    alone = attach(admin, server.id, fixed_ips=fixed)
    assert sentence(alone, 400) == "Must input network_id when request IP address"
    assert "in use" in sentence(attach(admin, server.id, port_id=used), 409)
    assert attach(admin, server.id, port_id=ids.new_id())[0] == 404
    assert attach(admin, server.id, net_id=ids.new_id())[0] == 404
    far = attach(admin, server.id, net_id=network.id, fixed_ips=[{"ip_address": "192.0.2.1"}])
    assert far[0] == 400
    taken = next(iter(shown(admin, server)))
    again = attach(admin, server.id, net_id=network.id, fixed_ips=[{"ip_address": taken}])
    assert again[0] == 409
    path = f"/servers/{server.id}/os-interface/{ids.new_id()}"
    assert ask(admin, "DELETE", path)[0] == 404
    assert attach(whole.connect("demo"), server.id, net_id=network.id)[0] == 404
    assert attach(admin, server.id, wrong=1)[0] == 400
    assert ports_of(admin, server.id).count(used) == 1
