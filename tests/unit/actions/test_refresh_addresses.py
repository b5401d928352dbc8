# SPDX-License-Identifier: Apache-2.0
"""A server's row follows its ports, also when somebody writes meanwhile or news get lost."""

import types

import msgspec
import pytest
from fixtures.cells import CELL1, make_cells, make_server, put
from fixtures.neighbours import FakeNetworks

from nova_appliance.actions import find_server, refresh_addresses
from nova_appliance.clients.network_nouns import FixedIp
from nova_appliance.common import ids
from nova_appliance.conductor import chores
from nova_appliance.db import servers


@pytest.fixture
def cloud(tmp_path):
    cells = make_cells(lambda name: f"sqlite:///{tmp_path}/{name}.sqlite")
    return types.SimpleNamespace(cells=cells, networks=FakeNetworks())


@pytest.fixture
def network(cloud):
    return cloud.networks.add_network()


def add(cloud, network, number=1, **fields):
    (server,) = put(cloud.cells, make_server(number, addresses=(), **fields))
    group = cloud.networks.add_group(f"group-{number}")
    port = cloud.networks.add_port(network.id, device_id=server.id, security_groups=(group.id,))
    return server, port


def row(cloud, server):
    return find_server.by_id(cloud, server.id)


def test_addresses_and_groups_follow_the_ports(cloud, network):
    server, port = add(cloud, network)
    refresh_addresses.refresh(cloud, server.id)
    now = row(cloud, server)
    assert [address.address for address in now.addresses] == [port.fixed_ips[0].address]
    assert now.security_groups == ("group-1",)
    cloud.networks.delete_port(port.id)
    refresh_addresses.refresh(cloud, server.id)
    assert row(cloud, server).addresses == ()
    assert row(cloud, server).security_groups == ("group-1",)


def test_what_is_right_is_not_written(cloud, network):
    server, _ = add(cloud, network)
    refresh_addresses.refresh(cloud, server.id)
    before = row(cloud, server).updated_at
    refresh_addresses.refresh(cloud, server.id)
    assert row(cloud, server).updated_at == before


def test_new_ports_come_last(cloud, network):
    server, port = add(cloud, network)
    refresh_addresses.refresh(cloud, server.id)
    smallest = "00000000-0000-0000-0000-000000000000"
    first = cloud.networks.add_port(network.id, device_id=server.id, id=smallest)
    refresh_addresses.refresh(cloud, server.id)
    assert [a.port_id for a in row(cloud, server).addresses] == [port.id, first.id]


def test_what_was_read_before_another_write_is_read_again(cloud, network, monkeypatch):
    server, port = add(cloud, network)
    look, looks = refresh_addresses.look, []

    def slow(some_cloud, some):
        sights = look(some_cloud, some)
        if not looks:
            moved = (FixedIp(subnet_id="s1", address="10.9.9.9"),)
            cloud.networks.all_ports[port.id] = msgspec.structs.replace(port, fixed_ips=moved)
            with cloud.cells.database(CELL1).write() as conn:
                servers.change(conn, server.id, security_groups=("other",))
        looks.append(sights)
        return sights

    monkeypatch.setattr(refresh_addresses, "look", slow)
    refresh_addresses.refresh(cloud, server.id)
    assert len(looks) == 2
    assert [a.address for a in row(cloud, server).addresses] == ["10.9.9.9"]


def test_a_server_that_is_gone_needs_nothing(cloud):
    refresh_addresses.refresh(cloud, ids.new_id())


def test_lost_news_are_made_up_for(cloud, network):
    stale = [add(cloud, network, number)[0] for number in range(1, 5)]
    busy, _ = add(cloud, network, 5, task="deleting")
    assert chores.heal_addresses(cloud) == 4
    assert chores.heal_addresses(cloud) == 0
    assert all(row(cloud, server).addresses for server in stale)
    assert row(cloud, busy).addresses == ()
