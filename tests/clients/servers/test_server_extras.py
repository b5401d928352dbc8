# SPDX-License-Identifier: Apache-2.0
"""Unmodified clients against a whole cloud: addresses, groups, tags and what else hangs on servers."""

from __future__ import annotations

from typing import Any

import pytest
from fixtures.whole_cloud import WholeCloud

from nova_appliance.common import clock, ids

from .asking import ask, do, sentence, shown


def kind_is(connection: Any, server: Any, address: str, kind: str | None) -> bool:
    return clock.wait_for(lambda: shown(connection, server).get(address) == kind, 60)


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


def test_tags(whole: WholeCloud, admin: Any, server: Any) -> None:
    path = f"/servers/{server.id}/tags"
    assert ask(admin, "GET", path, "2.25")[0] == 404
    assert ask(admin, "PUT", path, "2.26", json={"tags": ["a", "b", "a"]}) == (
        200, {"tags": ["a", "b"]},
    )  # fmt: skip
    assert ask(admin, "PUT", f"{path}/c", "2.26") == (201, None)
    assert ask(admin, "PUT", f"{path}/c", "2.26") == (204, None)
    assert ask(admin, "GET", path, "2.26") == (200, {"tags": ["a", "b", "c"]})
    assert ask(admin, "GET", f"{path}/c", "2.26") == (204, None)
    assert ask(admin, "DELETE", f"{path}/c", "2.26") == (204, None)
    no_tag = f"Server {server.id} has no tag 'c'"
    assert sentence(ask(admin, "GET", f"{path}/c", "2.26"), 404) == no_tag
    assert sentence(ask(admin, "DELETE", f"{path}/c", "2.26"), 404) == no_tag
    whole.openstack("--os-compute-api-version", "2.96", "server", "set", "--tag", "x", "one")
    listed = whole.openstack(
        "--os-compute-api-version", "2.96", "server", "list", "--tags", "x", "-f", "json"
    )
    assert [row["Name"] for row in listed] == ["one"]
    assert ask(whole.connect("demo"), "GET", path, "2.26")[0] == 403
    assert ask(admin, "DELETE", path, "2.104") == (204, None)
    assert ask(admin, "GET", path, "2.104") == (200, {"tags": []})


def test_a_tag_of_any_letters_has_a_place_that_http_can_name(admin: Any, server: Any) -> None:
    path = f"/servers/{server.id}/tags/%F0%9F%98%80"
    made = admin.compute.put(path, microversion="2.26")
    assert made.status_code == 201
    assert made.headers["Location"].endswith(path)
    assert ask(admin, "GET", path, "2.26") == (204, None)
    assert ask(admin, "DELETE", path, "2.26") == (204, None)


def test_tags_that_are_refused(admin: Any, server: Any) -> None:
    path = f"/servers/{server.id}/tags"
    for wrong in ("a,b", "", "a/b", "x" * 61, 1):
        assert ask(admin, "PUT", path, "2.26", json={"tags": [wrong]})[0] == 400
    assert ask(admin, "PUT", f"{path}/a,b", "2.26")[0] == 400
    many = [str(number) for number in range(50)]
    assert ask(admin, "PUT", path, "2.26", json={"tags": [*many, "more"]})[0] == 400
    assert ask(admin, "PUT", path, "2.26", json={"tags": many})[0] == 200
    assert "per-server limit 50" in sentence(ask(admin, "PUT", f"{path}/more", "2.26"), 400)
    assert ask(admin, "PUT", path, "2.26", json={"tags": []})[0] == 200
    assert ask(admin, "GET", f"/servers/{ids.new_id()}/tags", "2.26")[0] == 404


def groups_of(connection: Any, server: Any) -> set[str]:
    data = ask(connection, "GET", f"/servers/{server.id}")[1]["server"]
    return {group["name"] for group in data["security_groups"]}


def test_security_groups_of_a_server(whole: WholeCloud, admin: Any, server: Any) -> None:
    whole.openstack("security", "group", "create", "web")
    whole.openstack("server", "add", "security", "group", "one", "web")
    assert groups_of(admin, server) == {"default", "web"}
    _, data = ask(admin, "GET", f"/servers/{server.id}/os-security-groups")
    assert {group["name"] for group in data["security_groups"]} == {"default", "web"}
    port = next(admin.network.ports(device_id=server.id))
    assert len(port.security_group_ids) == 2
    assert do(admin, server, addSecurityGroup={"name": "web"})[0] == 202
    whole.openstack("server", "remove", "security", "group", "one", "web")
    assert groups_of(admin, server) == {"default"}
    again = do(admin, server, removeSecurityGroup={"name": "web"})
    assert "not associated" in sentence(again, 404)
    assert do(admin, server, addSecurityGroup={"name": "nosuch"})[0] == 404
    for _ in range(2):
        admin.network.create_security_group(name="twin")
    assert "Multiple" in sentence(do(admin, server, addSecurityGroup={"name": "twin"}), 409)
    assert do(admin, server, addSecurityGroup={})[0] == 400


def test_the_proxy_to_security_groups(admin: Any) -> None:
    path, said = "/os-security-groups", {"name": " old ", "description": "words"}
    status, data = ask(admin, "POST", path, json={"security_group": said})
    group = data["security_group"]
    assert (status, group["name"], group["rules"]) == (200, " old ", [])
    one = f"{path}/{group['id']}"
    renamed = {"security_group": said | {"name": "older"}}
    assert ask(admin, "PUT", one, json=renamed)[1]["security_group"]["name"] == "older"
    rule = {"parent_group_id": group["id"], "ip_protocol": "tcp", "from_port": 22, "to_port": "23"}
    status, data = ask(
        admin, "POST", "/os-security-group-rules",
        json={"security_group_rule": rule | {"cidr": "10.0.0.0/8"}},
    )  # fmt: skip
    made = data["security_group_rule"]
    assert (status, made["ip_range"], made["group"]) == (200, {"cidr": "10.0.0.0/8"}, {})
    assert (made["from_port"], made["to_port"], made["ip_protocol"]) == (22, 23, "tcp")
    from_itself = {"security_group_rule": rule | {"group_id": group["id"], "ip_protocol": "udp"}}
    _, data = ask(admin, "POST", "/os-security-group-rules", json=from_itself)
    assert data["security_group_rule"]["group"]["name"] == "older"
    assert len(ask(admin, "GET", one)[1]["security_group"]["rules"]) == 2
    rule_path = f"/os-security-group-rules/{made['id']}"
    assert [ask(admin, "DELETE", rule_path)[0] for _ in range(2)] == [202, 404]
    names = [row["name"] for row in ask(admin, "GET", path)[1]["security_groups"]]
    assert "older" in names
    assert names == sorted(names)
    assert len(ask(admin, "GET", f"{path}?limit=1")[1]["security_groups"]) == 1
    assert [ask(admin, "DELETE", one)[0] for _ in range(2)] == [202, 404]


def test_what_the_proxy_to_security_groups_refuses(admin: Any) -> None:
    assert ask(admin, "GET", "/os-security-groups/5")[0] == 400
    assert ask(admin, "GET", f"/os-security-groups/{ids.new_id()}")[0] == 404
    for wrong in ({"name": "x"}, {"name": " ", "description": "x"}, {"name": 5}):
        assert ask(admin, "POST", "/os-security-groups", json={"security_group": wrong})[0] == 400
    group = ask(admin, "GET", "/os-security-groups")[1]["security_groups"][0]
    for wrong in (
        {"ip_protocol": "x"},
        {"cidr": "x"},
        {"cidr": "10.0.0.1"},
        {"group_id": "x"},
        {"from_port": "x"},
    ):
        rule = {"security_group_rule": {"parent_group_id": group["id"], **wrong}}
        assert ask(admin, "POST", "/os-security-group-rules", json=rule)[0] == 400
    for path in ("/os-security-groups", "/os-floating-ips", "/os-floating-ip-pools"):
        assert ask(admin, "GET", path, "2.35")[0] == 200
        assert ask(admin, "GET", path, "2.36")[0] == 404


def test_the_proxy_to_floating_ips(admin: Any, server: Any) -> None:
    pools = {"floating_ip_pools": [{"name": "public"}]}
    assert ask(admin, "GET", "/os-floating-ip-pools") == (200, pools)
    status, data = ask(admin, "POST", "/os-floating-ips", json={"pool": "public"})
    made = data["floating_ip"]
    assert (status, made["pool"], made["instance_id"]) == (200, "public", None)
    assert do(admin, server, addFloatingIp={"address": made["ip"]})[0] == 202
    assert shown(admin, server)[made["ip"]] == "floating"
    path = f"/os-floating-ips/{made['id']}"
    assert ask(admin, "GET", path)[1]["floating_ip"]["instance_id"] == server.id
    assert do(admin, server, removeFloatingIp={"address": made["ip"]})[0] == 202
    assert made["ip"] not in shown(admin, server)
    again = do(admin, server, removeFloatingIp={"address": made["ip"]})
    assert "not associated" in sentence(again, 409)
    fixed = next(address for address, kind in shown(admin, server).items() if kind == "fixed")
    both = {"address": made["ip"], "fixed_address": fixed}
    assert do(admin, server, "2.43", addFloatingIp=both)[0] == 202
    assert [ask(admin, "DELETE", path)[0] for _ in range(2)] == [202, 404]
    assert made["ip"] not in shown(admin, server)
    assert ask(admin, "GET", "/os-floating-ips") == (200, {"floating_ips": []})
    assert do(admin, server, addFloatingIp={"address": made["ip"]})[0] == 404
    assert ask(admin, "POST", "/os-floating-ips", json={"pool": "nosuch"})[0] == 404
    assert ask(admin, "POST", "/os-floating-ips")[0] == 200


def test_fixed_ips_come_and_go(admin: Any, server: Any) -> None:
    network = admin.network.find_network("private").id
    before = shown(admin, server)
    assert do(admin, server, "2.43", addFixedIp={"networkId": network})[0] == 202
    (new,) = set(shown(admin, server)) - set(before)
    assert do(admin, server, removeFixedIp={"address": new})[0] == 202
    assert shown(admin, server) == before
    assert do(admin, server, removeFixedIp={"address": new})[0] == 400
    assert do(admin, server, addFixedIp={"networkId": ids.new_id()})[0] == 404
    for name in ("addFixedIp", "removeFixedIp", "addFloatingIp", "removeFloatingIp"):
        assert do(admin, server, "2.44", **{name: {"address": new}})[0] == 404


def test_interfaces(whole: WholeCloud, admin: Any) -> None:
    made = admin.compute.create_server(
        name="tagged", image_id=admin.image.find_image("tiny").id,
        flavor_id=admin.compute.find_flavor("m1.tiny").id,
        networks=[{"uuid": admin.network.find_network("private").id, "tag": "inner"}],
    )  # fmt: skip
    admin.compute.wait_for_server(made, wait=180)
    (port,) = admin.network.ports(device_id=made.id)
    path = f"/servers/{made.id}/os-interface"
    expected = {
        "port_id": port.id,
        "net_id": port.network_id,
        "mac_addr": port.mac_address,
        "port_state": "ACTIVE",
        "fixed_ips": port.fixed_ips,
    }
    assert ask(admin, "GET", path) == (200, {"interfaceAttachments": [expected]})
    whole_one = {"interfaceAttachment": expected | {"tag": "inner"}}
    assert ask(admin, "GET", f"{path}/{port.id}", "2.70") == (200, whole_one)
    for wrong in (ids.new_id(), "x"):
        assert "does not have a port" in sentence(ask(admin, "GET", f"{path}/{wrong}"), 404)
    assert ask(admin, "GET", f"{path}?x=1", "2.101")[0] == 200
    assert ask(admin, "GET", f"{path}?x=1", "2.102")[0] == 400
    assert whole.openstack("port", "list", "--server", "tagged", "-f", "json")[0]["ID"] == port.id
    admin.compute.delete_server(made)
    admin.compute.wait_for_delete(made)


def test_usage(whole: WholeCloud, admin: Any, server: Any) -> None:
    path = f"/os-simple-tenant-usage/{admin.current_project_id}"
    window = "start=2020-01-01T00:00:00&end=2040-01-01T00:00:00.5"
    status, data = ask(admin, "GET", f"{path}?{window}")
    usage = data["tenant_usage"]
    assert (status, usage["tenant_id"]) == (200, admin.current_project_id)
    rows = {row["instance_id"]: row for row in usage["server_usages"]}
    mine = rows[server.id]
    assert (mine["vcpus"], mine["memory_mb"], mine["local_gb"]) == (1, 64, 1)
    assert (mine["flavor"], mine["state"], mine["ended_at"]) == ("m1.tiny", "active", None)
    assert mine["hours"] > 24 * 365
    total = sum(row["hours"] for row in rows.values())
    assert usage["total_hours"] == pytest.approx(total)
    assert usage["total_memory_mb_usage"] == pytest.approx(64 * total)
    gone = {row["name"]: row["state"] for row in rows.values()}
    assert gone.get("tagged", "terminated") == "terminated"
    _, data = ask(admin, "GET", f"/os-simple-tenant-usage?{window}")
    assert [row["tenant_id"] for row in data["tenant_usages"]] == [admin.current_project_id]
    assert "server_usages" not in data["tenant_usages"][0]
    _, data = ask(admin, "GET", f"/os-simple-tenant-usage?{window}&detailed=1&limit=1", "2.40")
    (first,) = data["tenant_usages"][0]["server_usages"]
    assert f"marker={first['instance_id']}" in data["tenant_usages_links"][0]["href"]
    before = "start=2020-01-01T00:00:00&end=2020-02-01T00:00:00"
    assert ask(admin, "GET", f"{path}?{before}") == (200, {"tenant_usage": {}})
    listed = whole.openstack("usage", "list", "--start", "2020-01-01", "-f", "json")
    assert [row["Project"] for row in listed] == [admin.current_project_id]


def test_usage_that_is_refused(whole: WholeCloud, admin: Any) -> None:
    path = "/os-simple-tenant-usage"
    for wrong in ("start=yesterday", "start=2021-01-01T00:00:00&end=2020-01-01T00:00:00"):
        assert ask(admin, "GET", f"{path}?{wrong}")[0] == 400
    assert ask(admin, "GET", f"{path}?marker={ids.new_id()}", "2.40")[0] == 400
    assert ask(admin, "GET", f"{path}?x=1", "2.74")[0] == 200
    assert ask(admin, "GET", f"{path}?x=1", "2.75")[0] == 400
    demo = whole.connect("demo")
    assert ask(demo, "GET", path)[0] == 403
    assert ask(demo, "GET", f"{path}/{admin.current_project_id}")[0] == 403
    assert ask(demo, "GET", f"{path}/{demo.current_project_id}")[0] == 200


def test_the_audit_of_usage(admin: Any) -> None:
    path = "/os-instance_usage_audit_log"
    status, data = ask(admin, "GET", f"{path}/2026-03-15 10:00:00")
    log = data["instance_usage_audit_log"]
    assert (status, log["period_beginning"], log["period_ending"]) == (
        200, "2026-02-01 00:00:00", "2026-03-01 00:00:00",
    )  # fmt: skip
    assert (log["num_hosts"], log["num_hosts_not_run"], log["log"]) == (1, 1, {})
    assert log["overall_status"] == "0 of 1 hosts done. 0 errors."
    assert "instance_usage_audit_logs" in ask(admin, "GET", path)[1]
    for wrong in ("x", "0001-01-01 00:00:00"):
        assert ask(admin, "GET", f"{path}/{wrong}")[0] == 400


def test_topology_and_password(admin: Any, server: Any) -> None:
    path = f"/servers/{server.id}"
    assert ask(admin, "GET", f"{path}/topology", "2.77")[0] == 404
    nothing = {"nodes": [], "pagesize_kb": None}
    assert ask(admin, "GET", f"{path}/topology", "2.78") == (200, nothing)
    assert ask(admin, "GET", f"{path}/os-server-password") == (200, {"password": ""})
    assert ask(admin, "DELETE", f"{path}/os-server-password") == (204, None)


def test_the_oldest_name_of_servers(admin: Any, server: Any) -> None:
    path = "/os-volumes_boot"
    same = ask(admin, "GET", f"/servers/{server.id}", "2.102")
    assert ask(admin, "GET", f"{path}/{server.id}", "2.102") == same
    assert ask(admin, "GET", f"{path}/detail", "2.1")[1]["servers"][0]["id"] == server.id
    assert ask(admin, "GET", path, "2.103")[0] == 404
    stop = {"json": {"os-stop": None}}
    assert ask(admin, "POST", f"{path}/{server.id}/action", **stop)[0] == 202
    admin.compute.wait_for_server(server, status="SHUTOFF", wait=180)
    assert do(admin, server, **{"os-start": None})[0] == 202
    admin.compute.wait_for_server(server, wait=180)
    assert ask(admin, "POST", f"{path}/{server.id}/action", json={"lock": None})[0] == 400


def test_bare_metal_is_not_here(admin: Any) -> None:
    path = "/os-baremetal-nodes"
    assert ask(admin, "GET", path)[0] == ask(admin, "GET", f"{path}/1")[0] == 501
    assert ask(admin, "POST", path, json={})[0] == ask(admin, "DELETE", f"{path}/1")[0] == 400
    action = {"add_interface": {"address": "x"}}
    assert "Ironic" in sentence(ask(admin, "POST", f"{path}/1/action", json=action), 400)
    assert ask(admin, "GET", path, "2.36")[0] == 404


def test_diagnostics(whole: WholeCloud, admin: Any, server: Any) -> None:
    path = f"/servers/{server.id}/diagnostics"
    status, old = ask(admin, "GET", path, "2.47")
    assert (status, old["memory"], old["cpu0_time"]) == (200, 65536, 0)
    status, new = ask(admin, "GET", path, "2.48")
    assert (status, new["state"], new["num_cpus"], new["num_disks"]) == (200, "running", 1, 1)
    assert new["memory_details"] == {"maximum": 64, "used": 64}
    assert set(new) == {
        "state", "driver", "hypervisor", "hypervisor_os", "uptime", "config_drive", "num_cpus",
        "num_nics", "num_disks", "memory_details", "cpu_details", "nic_details", "disk_details",
    }  # fmt: skip
    assert ask(whole.connect("demo"), "GET", path)[0] == 404


def test_external_networks_are_for_administrators(whole: WholeCloud, admin: Any) -> None:
    wanted = {
        "name": "outside",
        "imageRef": admin.image.find_image("tiny").id,
        "flavorRef": admin.compute.find_flavor("m1.tiny").id,
        "networks": [{"uuid": admin.network.find_network("public").id}],
    }
    answer = ask(whole.connect("demo"), "POST", "/servers", json={"server": wanted})
    assert "not allowed to create an interface on external network" in sentence(answer, 403)
    status, data = ask(admin, "POST", "/servers", json={"server": wanted})
    assert status == 202
    made = admin.compute.wait_for_server(admin.compute.get_server(data["server"]["id"]), wait=180)
    assert "public" in made.addresses
    admin.compute.delete_server(made)
    admin.compute.wait_for_delete(made)
