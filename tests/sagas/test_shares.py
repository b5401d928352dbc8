# SPDX-License-Identifier: Apache-2.0
"""A share that comes back to a host from which it has just gone, and one that does not come."""

import pytest
from fixtures import saga_drive
from fixtures.saga_drive import clean_up, run_due, settle
from fixtures.world import NOTHING, World

from nova_appliance.actions import delete, shares
from nova_appliance.clients.shares import Rule
from nova_appliance.common import clock, ids
from nova_appliance.conductor.saga import Ctx
from nova_appliance.conductor.sagas import shares as share_sagas
from nova_appliance.domain import share as kept
from nova_appliance.rpc import inprocess


@pytest.fixture
def world(tmp_path):
    world = World(tmp_path)
    world.stand_by("host1")
    yield world
    world.stop()


@pytest.fixture
def share(world):
    return world.shares.add()


@pytest.fixture
def server(world, share):
    """Off, with a share on its way whose earlier rule is being taken away."""
    server_id = saga_drive.begin(world, "stop")
    settle(world)
    off = world.server(server_id)
    address = shares.address_of(world.cloud, off)
    world.shares.rules[share.id, address] = Rule(id=ids.new_id(), to=address, state="denying")
    shares.attach(world.cloud, world.context(), off, share.id, None)
    runner = world.runner()
    assert not run_due(world, runner)
    yield off
    clean_up(world, server_id)
    assert world.left() == NOTHING


def status(world, server):
    (one,) = kept.of(world.server(server.id).system_metadata)
    return one.status


def test_a_share_waits_until_it_was_let_go_of(world, server):
    assert status(world, server) == "attaching"
    world.shares.rules.clear()
    settle(world)
    assert status(world, server) == "inactive"
    assert [rule.state for rule in world.shares.rules.values()] == ["active"]


def test_a_share_does_not_wait_for_ever(world, server):
    world.cloud.conf.set_override("share_apply_policy_timeout", 0, "manila")
    settle(world)
    assert status(world, server) == "error"
    assert world.server(server.id).task is None


def test_of_two_servers_that_go_at_once_one_has_the_host_let_in_no_more(world, share, monkeypatch):
    """The second comes to its end while the first has just seen that the second has the share too."""
    both = []
    for _ in range(2):
        both.append(saga_drive.begin(world, "stop"))
        settle(world)
    for server_id in both:
        shares.attach(world.cloud, world.context(), world.server(server_id), share.id, None)
    settle(world)
    for server_id in both:
        delete.delete(world.cloud, world.context(), world.server(server_id))
    assert world.shares.rules
    asked = share_sagas._is_had_beside

    def one_has_gone():
        run_due(world, world.runner("beside"))
        return any(world.server(server_id).deleted for server_id in both)

    def ask(*given):
        answer = asked(*given)
        monkeypatch.setattr(share_sagas, "_is_had_beside", asked)
        assert clock.wait_for(one_has_gone, 60, 0.01)
        return answer

    monkeypatch.setattr(share_sagas, "_is_had_beside", ask)
    settle(world)
    assert world.left() == NOTHING


def test_a_host_that_goes_down_between_two_looks_has_let_go_of_it(world, monkeypatch):
    """The order goes out again just as somebody forces the silent host down."""
    server_id = saga_drive.begin(world, "attach_share")
    settle(world)
    exchange = inprocess.exchange(world.url)
    queue = exchange._queues.pop(("compute", "host1"))
    server = world.server(server_id)
    shares.detach(world.cloud, world.context(), server, saga_drive.share_of(server).share_id)
    run_due(world, world.runner())
    (row,) = world.open_sagas()
    assert (row["name"], row["failures"]) == ("detach_share", 1)
    is_up = Ctx.is_up

    def and_then_down(ctx, host):
        was = is_up(ctx, host)
        world.lose_host("host1")
        return was

    monkeypatch.setattr(Ctx, "is_up", and_then_down)
    settle(world)
    exchange._queues["compute", "host1"] = queue
    assert kept.of(world.server(server_id).system_metadata) == ()
    assert not world.shares.rules
    clean_up(world, server_id)
    assert world.left() == NOTHING
