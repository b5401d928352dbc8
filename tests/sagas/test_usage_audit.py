# SPDX-License-Identifier: Apache-2.0
"""Which servers were there in a period is told once, by whichever conductor comes first."""

import dataclasses
import datetime as dt

import pytest
from fixtures.cells import CELL1
from fixtures.listener import check, listen, payloads
from fixtures.saga_drive import settle
from fixtures.world import World

from nova_appliance.actions import boot, delete, usage_audits
from nova_appliance.common import clock
from nova_appliance.conductor import usage_audit
from nova_appliance.db.tables import cell

EVENTS = ("instance.exists", "compute.instance.exists")


@pytest.fixture
def world(tmp_path):
    world = World(tmp_path)
    yield world
    world.stop()


@pytest.fixture
def listener(world):
    listener = listen(world)
    world.cloud.conf.set_override("instance_usage_audit", True)
    world.cloud.conf.set_override("instance_usage_audit_period", "hour")
    world.stand_by("host1", "host2")
    return listener


def an_hour_later(world):
    now = clock.SYSTEM.now() + dt.timedelta(hours=1)
    later = dataclasses.replace(world.cloud.clock, now=lambda: now)
    world.cloud = dataclasses.replace(world.cloud, clock=later)


def booted(world):
    (server,) = boot.boot(world.cloud, world.context(), world.request()).servers
    settle(world)
    return world.server(server.id)


def exists(listener):
    return [body["instance_id"] for event, _, _, body in listener.heard if event == EVENTS[1]]


def test_each_server_is_told_of_once(world, listener):
    living, gone = booted(world), booted(world)
    delete.delete(world.cloud, world.context(), gone)
    settle(world)
    an_hour_later(world)
    assert usage_audit.audit(world.cloud) == 2
    assert usage_audit.audit(world.cloud) == 0
    assert clock.wait_for(lambda: listener.events("instance.exists") == [EVENTS[0]] * 2, 20, 0.02)
    assert clock.wait_for(lambda: set(exists(listener)) == {living.id, gone.id}, 20, 0.02)
    check(listener.body("instance.exists"), payloads())
    publishers = {publisher for event, publisher, *_ in listener.heard if event == EVENTS[0]}
    assert publishers <= {"nova-compute:host1", "nova-compute:host2"}
    period, audits = usage_audits.before(world.cloud, world.cloud.clock.now())
    assert [(one.host, one.state) for one in audits] == [("host1", "DONE"), ("host2", "DONE")]
    assert sum(one.servers for one in audits) == 2
    assert period[1] - period[0] == dt.timedelta(hours=1)


def test_what_a_dead_conductor_began_is_done_again_later(world, listener, monkeypatch):
    booted(world)
    an_hour_later(world)

    class Death(BaseException):
        """The conductor is gone."""

    def die(*_):
        raise Death

    with monkeypatch.context() as life:
        life.setattr(usage_audit, "_tell_all", die)
        with pytest.raises(Death):
            usage_audit.audit(world.cloud)
    usage_audit.audit(world.cloud)
    states = {row["host"]: row["state"] for row in world.rows(cell.USAGE_AUDITS, CELL1)}
    assert states == {"host1": "RUNNING", "host2": "DONE"}
    monkeypatch.setattr(usage_audit, "STALE_S", -1.0)
    usage_audit.audit(world.cloud)
    assert [row["state"] for row in world.rows(cell.USAGE_AUDITS, CELL1)] == ["DONE"] * 2
    assert clock.wait_for(lambda: len(exists(listener)) == 1, 20, 0.02)


def test_nobody_is_told_unless_it_is_wanted(world, listener):
    world.cloud.conf.set_override("instance_usage_audit", False)
    assert usage_audit.audit(world.cloud) == 0
    assert world.rows(cell.USAGE_AUDITS, CELL1) == []
    assert exists(listener) == []
