# SPDX-License-Identifier: Apache-2.0
"""From rows to what should be there."""

from __future__ import annotations

import pytest
from fixtures.network_service import network_service

from nova_appliance.embedded.networks import tables
from nova_appliance.embedded.networks.plane import nat
from nova_appliance.embedded.networks.plane.wanted import read


@pytest.fixture
def service():
    with network_service() as service:
        yield service


def wanted(service):
    return read(tables.open_store(service.settings))


def test_the_first_networks(service):
    found = wanted(service)
    by_kind = {bridge.external: bridge for bridge in found.bridges}
    assert by_kind[True].addresses == ("172.24.4.1/24",)
    assert (by_kind[True].zone, by_kind[False].zone > 0) == (0, True)
    assert by_kind[False].addresses == ()
    (dhcp,) = found.dhcps
    assert dhcp.cable.addresses == ("10.20.0.2/24", "169.254.169.254/32")
    assert dhcp.ranges[0].server == "10.20.0.2"
    (router,) = found.routers
    assert [cable.inner[:3] for cable in router.cables] == ["qr-", "qg-"]
    assert (router.default_route, router.snat_ip) == ("172.24.4.1", "172.24.4.2")
    assert router.networks == (dhcp.network_id,)


def test_only_bound_ports_of_servers_are_filtered_but_all_have_leases(service):
    network = service.by_name("networks", "private")["id"]
    loose = service.make("port", network_id=network)
    bound = service.make("port", network_id=network, **{"binding:host_id": "h"})
    found = wanted(service)
    assert [guest.port_id for guest in found.guests] == [bound["id"]]
    assert {lease.port_id for lease in found.dhcps[0].leases} == {loose["id"], bound["id"]}
    assert list(found.members) == bound["security_groups"]
    assert len(next(iter(found.members.values()))) == 2


def test_floating_ips_are_translated_both_ways_before_the_common_address(service):
    private, public = (service.by_name("networks", name) for name in ("private", "public"))
    port = service.make("port", network_id=private["id"])
    floating = service.make("floatingip", floating_network_id=public["id"], port_id=port["id"])
    (router,) = wanted(service).routers
    fixed, outer = port["fixed_ips"][0]["ip_address"], floating["floating_ip_address"]
    assert router.floating == ((outer, fixed),)
    assert router.cables[-1].addresses == ("172.24.4.2/24", f"{outer}/32")
    chains = nat.router_table(router).chains
    to_metadata, own = reversed(chains["arriving"].rules)
    assert own == f"ip daddr {outer} dnat to {fixed}"
    assert to_metadata.endswith("ip daddr 169.254.169.254 tcp dport 80 redirect to :9697")
    leaving = chains["leaving"].rules
    assert leaving[0].endswith(f"ip saddr {fixed} snat to {outer}")
    assert leaving[1].endswith("snat to 172.24.4.2")


def test_a_router_that_is_down_or_does_not_hide_its_guests(service):
    router = service.by_name("routers", "router1")
    gateway = {"network_id": router["external_gateway_info"]["network_id"], "enable_snat": False}
    path = f"routers/{router['id']}"
    service.ask("PUT", path, {"router": {"external_gateway_info": gateway}})
    (found,) = wanted(service).routers
    assert found.snat_ip == ""
    assert nat.router_table(found).chains["leaving"].rules == ()
    service.ask("PUT", path, {"router": {"admin_state_up": False}})
    assert wanted(service).routers == ()


def test_static_routes_are_added_and_removed_one_by_one(service):
    path = f"routers/{service.by_name('routers', 'router1')['id']}"
    one, two = ({"destination": f"192.0.{at}.0/24", "nexthop": "10.20.0.9"} for at in (2, 3))

    def ask(verb, *routes):
        asked = {"router": {"routes": list(routes)}}
        return service.ask("PUT", f"{path}/{verb}", asked)["router"]["routes"]

    assert ask("add_extraroutes", one) == [one]
    assert ask("add_extraroutes", two, one) == [one, two]
    assert ask("remove_extraroutes", one) == [two]
    assert ask("remove_extraroutes", one) == [two]
    lost = {"router": {"routes": [one | {"nexthop": "10.99.0.1"}]}}
    assert service.error("PUT", f"{path}/add_extraroutes", lost, status=400) == "InvalidRoutes"
    many = [one | {"destination": f"192.0.2.{at}/32"} for at in range(30)]
    full = {"router": {"routes": many}}
    assert service.error("PUT", f"{path}/add_extraroutes", full, status=400) == "RoutesExhausted"
    for wrong in ({"name": "x"}, {"routes": [one], "name": "x"}, {}):
        service.error("PUT", f"{path}/add_extraroutes", {"router": wrong}, status=400)
    assert wanted(service).routers[0].routes == (("192.0.3.0/24", "10.20.0.9"),)


def test_static_routes_must_lead_somewhere(service):
    router = service.by_name("routers", "router1")["id"]
    route = {"destination": "192.0.2.0/24", "nexthop": "10.20.0.9"}
    service.ask("PUT", f"routers/{router}", {"router": {"routes": [route]}})
    assert wanted(service).routers[0].routes == (("192.0.2.0/24", "10.20.0.9"),)
    lost = {"router": {"routes": [route | {"nexthop": "10.99.0.1"}]}}
    assert service.error("PUT", f"routers/{router}", lost, status=400) == "InvalidRoutes"
    subnet = service.by_name("subnets", "private-subnet")["id"]
    kind = service.error(
        "PUT", f"routers/{router}/remove_router_interface", {"subnet_id": subnet}, status=409
    )
    assert kind == "RouterInterfaceInUseByRoute"
