# SPDX-License-Identifier: Apache-2.0
"""The dialect: who sees what, what is refused and with which words, what depends on what."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

from nova_appliance.embedded.networks import seed

NOWHERE = "0b0e2bb4-6e0a-4b5e-9e32-1d8f5b3c8f10"


def test_no_token_and_no_such_url(service):
    answer = service.wsgi.get("/v2.0/networks", status=401)
    assert answer.json["error"]["code"] == 401
    assert "Keystone uri" in answer.headers["WWW-Authenticate"]
    assert service.error("GET", "nothing", status=404) == "HTTPNotFound"
    assert service.error("GET", "subnetpools", status=501) == "HTTPNotImplemented"
    assert service.error("GET", "service-providers", status=501) == "HTTPNotImplemented"
    assert service.wsgi.get("/").json["versions"][0]["id"] == "v2.0"
    assert len(service.wsgi.get("/v2.0").json["resources"]) == 7


@pytest.mark.parametrize(
    ("noun", "missing"),
    [
        ("networks", "NetworkNotFound"),
        ("subnets", "SubnetNotFound"),
        ("ports", "PortNotFound"),
        ("security-groups", "SecurityGroupNotFound"),
        ("security-group-rules", "SecurityGroupRuleNotFound"),
        ("routers", "RouterNotFound"),
        ("floatingips", "FloatingIPNotFound"),
    ],
)
def test_what_is_not_there_is_named(service, noun, missing):
    for method in ("GET", "DELETE"):
        assert service.error(method, f"{noun}/{NOWHERE}", status=404) == missing


@pytest.mark.parametrize(
    ("path", "body", "kind", "status"),
    [
        ("networks", {"network": {"colour": "red"}}, "HTTPBadRequest", 400),
        ("networks", {"network": {"name": 7}}, "HTTPBadRequest", 400),
        ("networks", {"network": {"name": "x" * 256}}, "HTTPBadRequest", 400),
        ("networks", {"network": {"id": NOWHERE}}, "HTTPBadRequest", 400),
        ("networks", {"net": {}}, "HTTPBadRequest", 400),
        ("networks", {"networks": []}, "HTTPBadRequest", 400),
        ("networks", {"network": {"mtu": 10}}, "HTTPBadRequest", 400),
        ("networks", {"network": {"shared": True}}, "PolicyNotAuthorized", 403),
        ("networks", {"network": {"router:external": True}}, "PolicyNotAuthorized", 403),
        ("networks", {"network": {"tenant_id": "other"}}, "HTTPBadRequest", 400),
        ("subnets", {"subnet": {"network_id": NOWHERE, "cidr": "10.0.0.0/24"}}, "NetworkNotFound", 404),
        ("ports", {"port": {}}, "HTTPBadRequest", 400),
        ("ports", {"port": {"network_id": "x"}}, "HTTPBadRequest", 400),
        ("ports", {"port": {"network_id": NOWHERE}}, "NetworkNotFound", 404),
        ("ports", {"port": {"network_id": NOWHERE, "binding:host_id": "h"}}, "PolicyNotAuthorized", 403),
        ("routers", {"router": {"external_gateway_info": {"network_id": NOWHERE}}}, "NetworkNotFound", 404),
        ("floatingips", {"floatingip": {"floating_network_id": NOWHERE}}, "NetworkNotFound", 404),
        ("security-groups", {"security_group": {"name": "default"}},
         "SecurityGroupDefaultAlreadyExists", 409),
        ("security-groups", {"security_group": {"stateful": False}}, "HTTPBadRequest", 400),
        ("security-group-rules", {"security_group_rule": {"security_group_id": NOWHERE,
         "direction": "ingress"}}, "SecurityGroupNotFound", 404),
    ],
)  # fmt: skip
def test_bad_input_gets_one_sentence(service, path, body, kind, status):
    assert service.error("POST", path, body, as_="demo", status=status) == kind


@pytest.mark.parametrize(
    "rule",
    [
        {"direction": "sideways"},
        {"protocol": "tcp", "port_range_min": 90, "port_range_max": 80},
        {"protocol": "tcp", "port_range_min": 90},
        {"port_range_min": 1, "port_range_max": 2},
        {"protocol": "icmp", "port_range_max": 2},
        {"protocol": "icmp", "port_range_min": 256},
        {"protocol": "ipv6-icmp"},
        {"protocol": "nonsense"},
        {"protocol": "tcp", "port_range_min": 1, "port_range_max": 70000},
        {"remote_ip_prefix": "2001:db8::/32"},
        {"remote_ip_prefix": "300.0.0.0/8"},
        {"remote_ip_prefix": "10.0.0.0/8", "remote_group_id": NOWHERE},
    ],
)
def test_rules_that_make_no_sense(service, rule):
    group = service.make("security_group", name="g", as_="demo")
    body = {"security_group_id": group["id"], "direction": "ingress"} | rule
    asked = {"security_group_rule": body}
    assert service.error("POST", "security-group-rules", asked, as_="demo", status=400)


def test_the_default_group_lets_ssh_and_ping_in(service):
    groups = service.ask("GET", "security-groups", as_="demo")["security_groups"]
    (default,) = [group for group in groups if group["project_id"] == service.projects["demo"]]
    inward = {
        (rule["ethertype"], rule["protocol"], rule["port_range_min"])
        for rule in default["security_group_rules"]
        if rule["direction"] == "ingress" and not rule["remote_group_id"]
    }
    assert inward == {("IPv4", "tcp", 22), ("IPv4", "icmp", None)} | {
        ("IPv6", "tcp", 22), ("IPv6", "ipv6-icmp", None)
    }  # fmt: skip


def test_a_service_that_lists_a_projects_groups_finds_its_default_group(service):
    demo = service.projects["demo"]
    groups = service.ask("GET", f"security-groups?tenant_id={demo}", as_="nova")["security_groups"]
    assert [(group["name"], group["project_id"]) for group in groups] == [("default", demo)]


def test_a_project_has_one_default_group_however_many_ask(service, private):
    def make(_):
        return service.make("port", network_id=private["id"], as_="demo")["security_groups"]

    with ThreadPoolExecutor(8) as pool:
        groups = list(pool.map(make, range(16)))
    assert len({tuple(group) for group in groups}) == 1
    body = {"security_group": {"name": "default"}}
    kind = "SecurityGroupDefaultAlreadyExists"
    assert service.error("POST", "security-groups", body, as_="demo", status=409) == kind
    path = f"security-groups/{groups[0][0]}"
    kind = "SecurityGroupCannotRemoveDefault"
    assert service.error("DELETE", path, as_="demo", status=409) == kind


def test_projects_are_apart_and_shared_networks_are_for_all(service, private, public):
    mine = service.make("network", name="mine")
    seen = {row["name"] for row in service.ask("GET", "networks", as_="demo")["networks"]}
    assert seen == {"private", "public"}
    assert service.error("GET", f"networks/{mine['id']}", as_="demo", status=404)
    subnets = service.ask("GET", "subnets", as_="demo")["subnets"]
    assert [row["name"] for row in subnets] == ["private-subnet"]
    for path in (f"networks/{private['id']}", f"networks/{public['id']}"):
        assert service.error("DELETE", path, as_="demo", status=403) == "PolicyNotAuthorized"
    port = service.make("port", network_id=private["id"])
    assert service.error("DELETE", f"ports/{port['id']}", as_="demo", status=404)
    assert "binding:host_id" not in service.make("port", network_id=private["id"], as_="demo")
    assert (
        service.ask("GET", "ports", as_="demo")["ports"][0]["project_id"]
        == service.projects["demo"]
    )


def test_nova_binds_a_users_port(service, private):
    port = service.make("port", network_id=private["id"], as_="demo")
    body = {
        "port": {"binding:host_id": "compute1", "device_id": "s1", "device_owner": "compute:az"}
    }
    bound = service.ask("PUT", f"ports/{port['id']}", body, as_="nova")["port"]
    assert bound["binding:vif_type"] == "bridge"
    assert bound["binding:vif_details"]["bridge_name"] == "brq" + private["id"][:11]
    assert bound["status"] == "ACTIVE"
    assert bound["revision_number"] > port["revision_number"]
    free = {"port": {"binding:host_id": "", "device_id": ""}}
    freed = service.ask("PUT", f"ports/{port['id']}", free, as_="nova")["port"]
    assert (freed["binding:vif_type"], freed["status"]) == ("unbound", "DOWN")


@pytest.mark.parametrize(
    "values",
    [
        {"device_owner": "network:dhcp"},
        {"device_owner": "network:router_interface"},
        {"port_security_enabled": False, "security_groups": []},
        {"allowed_address_pairs": [{"ip_address": "0.0.0.0/0"}]},
    ],
)
def test_a_guest_of_a_shared_network_cannot_take_its_filter_away(service, private, values):
    body = {"port": {"network_id": private["id"]} | values}
    kind = "PolicyNotAuthorized"
    assert service.error("POST", "ports", body, as_="demo", status=403) == kind
    port = service.make("port", network_id=private["id"], as_="demo")
    path = f"ports/{port['id']}"
    assert service.error("PUT", path, {"port": values}, as_="demo", status=403) == kind
    own = service.make("network", name="own", as_="demo")["id"]
    if "device_owner" not in values:
        service.make("port", network_id=own, as_="demo", **values)


def test_ports_of_the_service_itself_stay_what_they_are(service, private):
    (port,) = service.ask("GET", "ports?device_owner=network:dhcp")["ports"]
    path = f"ports/{port['id']}"
    assert service.error("DELETE", path, status=409) == "ServicePortInUse"
    for change in ({"device_owner": ""}, {"device_id": "x"}, {"binding:host_id": "h"}):
        assert service.error("PUT", path, {"port": change}, status=409) == "ServicePortInUse"
    named = service.ask("PUT", path, {"port": {"name": "n", "device_owner": "network:dhcp"}})
    assert named["port"]["name"] == "n"


def test_filters_fields_sorting_and_pages(service, private):
    for name in ("b", "a", "c"):
        service.make("port", network_id=private["id"], name=name, device_id=name * 2)
    names = lambda query: [row["name"] for row in service.ask("GET", f"ports?{query}")["ports"]]  # noqa: E731
    assert names("device_id=aa&device_id=cc&sort_key=name&sort_dir=desc") == ["c", "a"]
    assert names("fixed_ips=ip_address=10.20.0.3") == ["b"]
    assert names(f"fixed_ips=subnet_id={private['subnets'][0]}&name=a") == ["a"]
    assert names("admin_state_up=False") == []
    assert names(f"tenant_id={service.projects['admin']}&name=a") == ["a"]
    (only,) = service.ask("GET", "ports?name=a&fields=name&fields=id")["ports"]
    assert set(only) == {"name", "id"}
    page = service.ask("GET", "ports?limit=2&sort_key=name&device_id=aa&device_id=bb&device_id=cc")
    (link,) = page["ports_links"]
    rest = service.wsgi.get(link["href"], headers={"X-Auth-Token": service.tokens["admin"]}).json
    assert [row["name"] for row in page["ports"] + rest["ports"]] == ["a", "b", "c"]
    assert "ports_links" not in rest
    for bad in ("limit=x", "sort_key=zz", "marker=zz", "sort_key=name&sort_dir=up", "colour=red"):
        service.error("GET", f"ports?{bad}", status=400)


def test_tags(service, private):
    path = f"networks/{private['id']}"
    service.ask("PUT", f"{path}/tags", {"tags": ["b", "a"]})
    service.ask("PUT", f"{path}/tags/c", status=201)
    assert service.ask("GET", f"{path}/tags")["tags"] == ["a", "b", "c"]
    service.ask("DELETE", f"{path}/tags/b")
    assert service.error("GET", f"{path}/tags/b", status=404) == "TagNotFound"
    count = lambda query: len(service.ask("GET", f"networks?{query}")["networks"])  # noqa: E731
    assert [count(q) for q in ("tags=a,c", "tags=a,b", "tags-any=a,b", "not-tags=a")] == [
        1,
        0,
        1,
        1,
    ]
    service.ask("DELETE", f"{path}/tags")
    assert service.ask("GET", path)["network"]["tags"] == []
    assert service.error("PUT", f"{path}/tags", {"tags": [1]}, status=400) == "HTTPBadRequest"


def test_bulk_is_all_or_nothing(service, private):
    good, bad = {"network_id": private["id"]}, {"network_id": NOWHERE}
    before = len(service.ask("GET", "ports")["ports"])
    service.error("POST", "ports", {"ports": [good, bad]}, status=404)
    assert len(service.ask("GET", "ports")["ports"]) == before
    assert len(service.ask("POST", "ports", {"ports": [good, good]})["ports"]) == 2


def test_quotas_hold_under_parallel_requests(service, private):
    project = service.projects["demo"]
    service.ask("PUT", f"quotas/{project}", {"quota": {"port": 5}})
    body = {"port": {"network_id": private["id"]}}

    def make(_):
        answer = service.ask("POST", "ports", body, as_="demo", status="*")
        return answer.get("NeutronError", {}).get("type", "made")

    with ThreadPoolExecutor(8) as pool:
        kinds = list(pool.map(make, range(16)))
    assert sorted(kinds) == ["OverQuota"] * 11 + ["made"] * 5
    detail = service.ask("GET", f"quotas/{project}/details", as_="demo")["quota"]["port"]
    assert detail == {"limit": 5, "used": 5, "reserved": 0}
    service.ask("DELETE", f"quotas/{project}")
    assert service.ask("GET", f"quotas/{project}")["quota"]["port"] == 500
    assert service.error("PUT", f"quotas/{project}", {"quota": {}}, as_="demo", status=403)


def test_what_is_in_use_stays(service, private, public):
    router = service.by_name("routers", "router1")
    kinds = {
        f"networks/{private['id']}": "NetworkInUse",
        f"networks/{public['id']}": "NetworkInUse",
        f"subnets/{private['subnets'][0]}": "SubnetInUse",
        f"routers/{router['id']}": "RouterInUse",
    }
    for path, kind in kinds.items():
        assert service.error("DELETE", path, status=409) == kind
    owned = service.ask("GET", f"ports?device_id={router['id']}")["ports"]
    for port in owned:
        assert service.error("DELETE", f"ports/{port['id']}", status=409) == "ServicePortInUse"
    group = service.make("security_group", name="used")
    service.make("port", network_id=private["id"], security_groups=[group["id"]])
    path = f"security-groups/{group['id']}"
    assert service.error("DELETE", path, status=409) == "SecurityGroupInUse"


def test_a_mac_address_is_unique_in_its_network(service, private):
    mac = "fa:16:3e:11:22:33"
    first = service.make("port", network_id=private["id"], mac_address=mac)
    body = {"port": {"network_id": private["id"], "mac_address": mac.upper()}}
    assert service.error("POST", "ports", body, status=409) == "MacAddressInUse"
    other = service.make("port", network_id=private["id"])
    change = {"port": {"mac_address": first["mac_address"]}}
    assert service.error("PUT", f"ports/{other['id']}", change, status=409) == "MacAddressInUse"


def test_floating_ips_find_their_router_or_say_why_not(service, private, public):
    port = service.make("port", network_id=private["id"], as_="demo")
    body = {"floating_network_id": public["id"], "port_id": port["id"]}
    floating = service.make("floatingip", **body, as_="demo")
    assert floating["fixed_ip_address"] == port["fixed_ips"][0]["ip_address"]
    assert floating["router_id"] == service.by_name("routers", "router1")["id"]
    kind = "FloatingIPPortAlreadyAssociated"
    assert (
        service.error("POST", "floatingips", {"floatingip": body}, as_="demo", status=409) == kind
    )
    router = f"routers/{floating['router_id']}"
    leave = {"subnet_id": private["subnets"][0]}
    kind = "RouterInterfaceInUseByFloatingIP"
    assert service.error("PUT", f"{router}/remove_router_interface", leave, status=409) == kind
    gone = {"router": {"external_gateway_info": None}}
    assert (
        service.error("PUT", router, gone, status=409) == "RouterExternalGatewayInUseByFloatingIp"
    )
    service.ask("DELETE", f"ports/{port['id']}", as_="demo")
    left = service.ask("GET", f"floatingips/{floating['id']}", as_="demo")["floatingip"]
    assert (left["port_id"], left["status"], left["router_id"]) == (None, "DOWN", None)
    lan = service.make("network", name="lan", as_="demo")
    service.make("subnet", network_id=lan["id"], cidr="10.3.0.0/24", as_="demo")
    lone = service.make("port", network_id=lan["id"], as_="demo")
    change = {"floatingip": {"port_id": lone["id"]}}
    path = f"floatingips/{floating['id']}"
    kind = "ExternalGatewayForFloatingIPNotFound"
    assert service.error("PUT", path, change, as_="demo", status=404) == kind
    inside = {"floatingip": {"floating_network_id": lan["id"]}}
    assert service.error("POST", "floatingips", inside, as_="demo", status=400) == "HTTPBadRequest"


@pytest.mark.parametrize(
    ("values", "status"),
    [
        ({"cidr": "10.5.0.0/24", "ip_version": 6}, 400),
        ({"cidr": "10.5.0.0/24", "gateway_ip": "10.6.0.1"}, 400),
        (
            {"cidr": "10.5.0.0/24", "allocation_pools": [{"start": "10.5.0.9", "end": "10.5.0.2"}]},
            400,
        ),
        (
            {"cidr": "10.5.0.0/24", "allocation_pools": [{"start": "10.5.0.1", "end": "10.5.0.2"}]},
            409,
        ),
        ({"cidr": "10.20.0.128/25"}, 400),
        ({"cidr": "2001:db8::/48", "ip_version": 6}, 400),
        ({"cidr": "2001:db8::/64", "ip_version": 6, "ipv6_ra_mode": "slaac"}, 400),
        ({"cidr": "0.0.0.0/0"}, 400),
        ({"cidr": "ten"}, 400),
        ({"cidr": "10.5.0.0/24", "dns_nameservers": ["2001:db8::1"]}, 400),
        (
            {
                "cidr": "10.5.0.0/24",
                "host_routes": [{"destination": "::/0", "nexthop": "10.5.0.9"}],
            },
            400,
        ),
        ({"subnetpool_id": NOWHERE}, 400),
        ({}, 400),
    ],
)
def test_subnets_that_cannot_be(service, private, values, status):
    body = {"subnet": {"network_id": private["id"]} | values}
    service.error("POST", "subnets", body, status=status)
    assert (
        service.ask("GET", f"networks/{private['id']}")["network"]["subnets"] == private["subnets"]
    )


def test_dhcp_comes_and_goes_with_the_subnet(service, private):
    path = f"subnets/{private['subnets'][0]}"
    owned = lambda: service.ask("GET", "ports?device_owner=network:dhcp")["ports"]  # noqa: E731
    assert len(owned()) == 1
    service.ask("PUT", path, {"subnet": {"enable_dhcp": False}})
    assert owned() == []
    service.ask("PUT", path, {"subnet": {"enable_dhcp": True}})
    assert len(owned()) == 1


def test_the_seed_runs_once_and_respects_what_was_deleted(service, private):
    router = service.by_name("routers", "router1")
    leave = {"subnet_id": private["subnets"][0]}
    service.ask("PUT", f"routers/{router['id']}/remove_router_interface", leave)
    service.ask("DELETE", f"routers/{router['id']}")
    seed.seed(service.settings, service.projects["admin"])
    assert service.ask("GET", "routers")["routers"] == []
    assert len(service.ask("GET", "networks")["networks"]) == 2
