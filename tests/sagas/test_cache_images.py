# SPDX-License-Identifier: Apache-2.0
"""Hosts of an aggregate fetch images before any server wants them; listeners hear how far they are."""

import pytest
from fixtures.listener import check, listen, payloads
from fixtures.world import World

from nova_appliance.actions import aggregates, cache_images
from nova_appliance.common import clock, errors, ids

PROGRESS = "aggregate.cache_images.progress"


@pytest.fixture
def world(tmp_path):
    world = World(tmp_path)
    yield world
    world.stop()


@pytest.fixture
def listener(world):
    listener = listen(world)
    world.start("host1", "host2", "host3")
    return listener


@pytest.fixture
def aggregate(world, listener):
    made = aggregates.create(world.cloud, "warm")
    for host in ("host1", "host2"):
        aggregates.add_host(world.cloud, made.row, host)
    return aggregates.find(world.cloud, made.row)


def cache(world, listener, aggregate, *image_ids):
    """Bodies of the progress, by host; all that was told, in order."""
    listener.heard.clear()
    cache_images.cache(world.cloud, world.context(), aggregate.row, image_ids)
    events = ["aggregate.cache_images.start", PROGRESS, PROGRESS, "aggregate.cache_images.end"]
    told = "aggregate.cache_images"
    assert clock.wait_for(lambda: listener.events(told) == events, 30, 0.02), listener.events()
    bodies = [body for event, *_, body in listener.heard if event.startswith(told)]
    for body in bodies:
        check(body, payloads())
    done = [body["nova_object.data"] for body in bodies[1:-1]]
    assert [(one["index"], one["total"]) for one in done] == [(1, 2), (2, 2)]
    assert {(one["id"], one["uuid"], one["name"]) for one in done} == {
        (aggregate.row, aggregate.id, "warm")
    }
    return {one["host"]: (one["images_cached"], one["images_failed"]) for one in done}


def test_each_host_fetches_each_image_once(world, listener, aggregate):
    one, two = world.images.add(), world.images.add()
    for _ in range(2):
        done = cache(world, listener, aggregate, one.id, two.id)
        assert done == dict.fromkeys(("host1", "host2"), ([one.id, two.id], []))
    for host, has in (("host1", True), ("host2", True), ("host3", False)):
        images = world.computes[host].agent.driver.images
        assert (images.has(one.id), images.has(two.id)) == (has, has)
    publishers = {(event, who) for event, who, *_ in listener.heard if "cache_images" in event}
    assert publishers == {
        ("aggregate.cache_images.start", "nova-api:control"),
        (PROGRESS, "nova-conductor:control"),
        ("aggregate.cache_images.end", "nova-api:control"),
    }


def test_what_cannot_be_fetched_is_told(world, listener, aggregate):
    """One host is down, the other refuses one image of two."""
    one, two = world.images.add(), world.images.add()
    world.lose_host("host2")
    hypervisor = world.hypervisor("host1")
    hypervisor.fail_next("store", errors.Refused("It is damaged."))
    done = cache(world, listener, aggregate, one.id, two.id)
    assert done == {"host1": ([two.id], [one.id]), "host2": ([], [one.id, two.id])}


def test_what_nobody_can_have_is_refused_at_once(world, listener, aggregate):
    image = world.images.add()
    for number, wanted, error in (
        (aggregate.row, (ids.new_id(),), errors.Invalid),
        (aggregate.row, (image.id, image.id), errors.Invalid),
        (99, (image.id,), errors.NotFound),
    ):
        with pytest.raises(error):
            cache_images.cache(world.cloud, world.context(), number, wanted)
    assert listener.events("aggregate.cache_images") == []
