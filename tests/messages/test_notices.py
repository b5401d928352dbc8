# SPDX-License-Identifier: Apache-2.0
"""Notices over a real RabbitMQ, heard by oslo.messaging's own listener; and while it is away."""

import pytest
from fixtures.listener import check, listen, payloads
from fixtures.rabbitmq import Rabbitmq
from fixtures.world import LARGE, World

from nova_appliance.actions import boot, delete, resize
from nova_appliance.common import clock

OF_A_LIFE = [
    "create.start",
    "create.end",
    "resize_prep.start",
    "resize_prep.end",
    "resize.start",
    "resize.end",
    "resize_finish.start",
    "resize_finish.end",
    "resize_confirm.start",
    "resize_confirm.end",
    "delete.start",
    "shutdown.start",
    "shutdown.end",
    "delete.end",
]


@pytest.fixture(scope="module")
def broker(tmp_path_factory):
    broker = Rabbitmq(tmp_path_factory.mktemp("rabbit")).start()
    yield broker
    broker.close()


@pytest.fixture
def world(tmp_path):
    world = World(tmp_path)
    yield world
    world.stop()


def live(world):
    """Boot, resize, confirm, delete; the server's id."""
    (server,) = boot.boot(world.cloud, world.context(), world.request()).servers
    active = world.wait_active(server.id)
    resize.resize(world.cloud, world.context(), active, resize.Resize(LARGE.id))
    resized = world.wait(server.id, lambda s: s.state == "resized" and s.task is None)
    resize.confirm(world.cloud, world.context(), resized)
    delete.delete(world.cloud, world.context(), world.wait_active(server.id))
    world.wait_gone(server.id)
    return server.id


def told_of(listener, server_id):
    return [
        event.removeprefix("instance.")
        for event, _, _, body in list(listener.heard)
        if event.startswith("instance.") and body["nova_object.data"]["uuid"] == server_id
    ]


def test_a_listener_hears_a_life_in_order(broker, world):
    listener = listen(world, broker.vhost("life"))
    world.start("host1", "host2")
    server_id = live(world)
    ends = {"compute.instance.delete.end", "instance.delete.end"}
    assert clock.wait_for(lambda: ends <= set(listener.events()), 60, 0.1), listener.events()
    assert told_of(listener, server_id) == OF_A_LIFE
    assert len(listener.events("compute.instance.")) == len(OF_A_LIFE)
    known = payloads()
    for event, _, _, body in listener.heard:
        if event.startswith(("instance.", "service.")):
            check(body, known)
    assert listener.contexts[-1]["project_id"] == "p1"


def test_nobody_waits_for_a_broker_that_is_away(broker, world):
    """Operations go on; what was to be told is told, in order, when the broker is back."""
    listener = listen(world, broker.vhost("away"), notification_format="versioned")
    world.start("host1", "host2")
    assert clock.wait_for(lambda: "service.create" in listener.events(), 60, 0.1)
    broker.stop()
    try:
        server_id = live(world)
        assert told_of(listener, server_id) == []
    finally:
        broker.start()
    assert clock.wait_for(lambda: "instance.delete.end" in listener.events(), 120, 0.1)
    assert told_of(listener, server_id) == OF_A_LIFE
