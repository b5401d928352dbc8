# SPDX-License-Identifier: Apache-2.0
"""What nobody holds is found and given back; what somebody holds is left alone."""

import datetime as dt

import pytest
import sqlalchemy as sa
from fixtures.cells import CELL1
from fixtures.saga_drive import settle
from fixtures.world import NOTHING, World

from nova_appliance.actions import boot, delete, power
from nova_appliance.clients.network_nouns import PortWanted
from nova_appliance.common import errors, ids
from nova_appliance.conductor import audit
from nova_appliance.db import hosts
from nova_appliance.db.tables import api
from nova_appliance.domain.host import Amounts

OLD = dt.datetime(2020, 1, 1)
ROOM = Amounts(vcpus=1, memory_mib=64, disk_gib=1)


@pytest.fixture
def world(tmp_path):
    world = World(tmp_path, lease=1)
    world.add_desk()
    world.add_scheduler()
    world.add_host("host1")
    yield world
    world.stop()


def make_server(world):
    (server,) = boot.boot(world.cloud, world.context(), world.request()).servers
    settle(world)
    return world.server(server.id)


def make_old(world):
    with world.cloud.cells.api.write() as conn:
        conn.execute(sa.update(api.CLAIMS).values(created_at=OLD))


def claim_also(world, server_id, host):
    """What a scheduler does whose caller has given up."""
    world.add_host(host)
    (row,) = [row for row in world.rows(api.HOSTS) if row["host"] == host]
    with world.cloud.cells.api.write() as conn:
        assert hosts.claim(conn, row["id"], server_id, ROOM)


def test_a_claim_where_the_server_is_not_is_given_back_after_a_while(world):
    server = make_server(world)
    claim_also(world, server.id, "host2")
    assert audit.release_claims(world.cloud) == 0
    make_old(world)
    assert audit.release_claims(world.cloud) == 1
    used = {row["host"]: row["vcpus_used"] for row in world.rows(api.HOSTS)}
    assert used == {"host1": 1, "host2": 0}
    assert audit.release_claims(world.cloud) == 0


def test_a_claim_of_an_open_saga_is_left_alone(world):
    server = make_server(world)
    claim_also(world, server.id, "host2")
    make_old(world)
    power.stop(world.cloud, world.context(), server)
    assert audit.release_claims(world.cloud) == 0
    settle(world)
    assert audit.release_claims(world.cloud) == 1


def test_a_claim_of_nobody_is_given_back(world):
    claim_also(world, ids.new_id(), "host2")
    make_old(world)
    assert audit.release_claims(world.cloud) == 1
    assert world.left() == NOTHING


def test_sums_that_have_drifted_are_put_right(world):
    make_server(world)
    with world.cloud.cells.api.write() as conn:
        conn.execute(sa.update(api.HOSTS).values(vcpus_used=7, building=3))
    assert audit.recount(world.cloud) == 1
    (row,) = world.rows(api.HOSTS)
    assert (row["vcpus_used"], row["building"], row["servers"]) == (1, 0, 1)
    assert audit.recount(world.cloud) == 0


def make_port(world, server_id):
    wanted = PortWanted(
        server_id=server_id, index=3, network_id=world.network.id, project_id="p1", host="host1"
    )
    return world.networks.create_port(wanted)


def test_a_port_of_a_deleted_server_is_deleted_and_no_other(world):
    living, gone = make_server(world), make_server(world)
    delete.delete(world.cloud, world.context(), gone)
    settle(world)
    late = make_port(world, gone.id)
    make_port(world, living.id)
    foreign = make_port(world, ids.new_id())
    of_user = world.networks.add_port(
        world.network.id, device_id=gone.id, device_owner="compute:nova", name="nova-nic-0"
    )
    before = set(world.networks.all_ports)
    assert audit.delete_ports(world.cloud) == 1
    assert before - set(world.networks.all_ports) == {late.id}
    assert {foreign.id, of_user.id} <= set(world.networks.all_ports)
    assert audit.delete_ports(world.cloud) == 0


def test_a_port_that_came_late_is_deleted_soon_when_one_was_asked_for_in_vain(world):
    gone = make_server(world)
    delete.delete(world.cloud, world.context(), gone)
    settle(world)
    make_port(world, gone.id)
    assert audit.delete_late_ports(world.cloud) == 0, "all is usual: the next round is soon enough"
    with pytest.raises(errors.Unavailable), world.networks.doubt:
        raise errors.Unavailable("The network service does not answer.")
    assert audit.delete_late_ports(world.cloud) == 1


def test_delete_takes_ports_that_came_too_late_with_it(world):
    server = make_server(world)
    late = make_port(world, server.id)
    delete.delete(world.cloud, world.context(), server)
    settle(world)
    assert late.id not in world.networks.all_ports
    assert world.server(server.id).cell_id == CELL1
    assert world.left() == NOTHING
