# SPDX-License-Identifier: Apache-2.0
"""Guests that hold still, and who lets them go on when nobody else does."""

import datetime as dt

import pytest
from fixtures.agent import Bench, guest

from nova_appliance.common import clock, errors, ids
from nova_appliance.compute import periodic
from nova_appliance.compute.work import freeze
from nova_appliance.rpc.orders import GuestAsked, Thawed
from nova_appliance.virt.driver import NoGuestAgent


@pytest.fixture
def bench(tmp_path):
    return Bench(tmp_path)


@pytest.fixture
def asked(bench):
    """About a guest that runs."""
    one = guest()
    bench.driver.disks.create(one)
    bench.driver.lifecycle.start_new(one)
    return GuestAsked(server_id=one.server_id)


def is_frozen(bench, asked):
    return bench.hypervisor.guest(asked.server_id).frozen


def later(agent):
    then = agent.clock.now() + dt.timedelta(seconds=freeze.LASTS_S + 1)
    agent.clock = clock.Clock(now=lambda: then)


def test_a_guest_is_held_for_one_at_a_time(bench, asked):
    freeze.freeze(bench.agent, asked)
    assert is_frozen(bench, asked)
    with pytest.raises(errors.Conflict, match="frozen for another copy"):
        freeze.freeze(bench.agent, asked)
    assert freeze.thaw_late(bench.agent) == 0
    assert is_frozen(bench, asked)
    assert freeze.thaw(bench.agent, asked) == Thawed(lasted=True)
    assert not is_frozen(bench, asked)
    assert freeze.thaw(bench.agent, asked) == Thawed(lasted=False)
    freeze.freeze(bench.agent, asked)


def test_an_agent_that_died_thaws_what_it_left_when_its_time_is_over(bench, asked, tmp_path):
    freeze.freeze(bench.agent, asked)
    again = Bench(tmp_path)
    (job,) = (one for one in periodic.JOBS if one.name == "thaw_late")
    assert job.at_start
    assert job.run(again.agent) == 0
    later(again.agent)
    assert job.run(again.agent) == 1
    assert not is_frozen(again, asked)
    assert job.run(again.agent) == 0
    assert freeze.thaw(again.agent, asked) == Thawed(lasted=False)


def test_who_comes_too_late_is_told(bench, asked):
    freeze.freeze(bench.agent, asked)
    later(bench.agent)
    assert freeze.thaw(bench.agent, asked) == Thawed(lasted=False)
    assert not is_frozen(bench, asked)


def test_a_freeze_that_fails_leaves_nothing_behind(bench, asked, tmp_path):
    bench.hypervisor.fail_next("freeze", NoGuestAgent(asked.server_id, "nobody listens"))
    with pytest.raises(NoGuestAgent):
        freeze.freeze(bench.agent, asked)
    assert list((tmp_path / "frozen").iterdir()) == []
    freeze.freeze(bench.agent, asked)
    bench.hypervisor.fail_next("thaw", errors.Unavailable("libvirtd is away"))
    with pytest.raises(errors.Unavailable):
        freeze.thaw(bench.agent, asked)
    assert [path.name for path in (tmp_path / "frozen").iterdir()] == [asked.server_id]


def test_a_guest_that_is_gone_holds_nothing(bench, asked, tmp_path):
    freeze.freeze(bench.agent, asked)
    bench.driver.lifecycle.destroy(asked.server_id)
    assert freeze.thaw(bench.agent, asked) == Thawed(lasted=True)
    assert list((tmp_path / "frozen").iterdir()) == []
    stranger = GuestAsked(server_id=ids.new_id())
    assert freeze.thaw(bench.agent, stranger) == Thawed(lasted=False)
