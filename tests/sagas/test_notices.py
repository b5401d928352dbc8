# SPDX-License-Identifier: Apache-2.0
"""What listeners outside hear of servers, in one process: order, shapes, errors, changes."""

import json

import pytest
from fixtures.listener import check, listen, payloads
from fixtures.world import LARGE, World

from nova_appliance.actions import boot, delete, lock, power, resize, shares, tags, update
from nova_appliance.common import clock, errors
from nova_appliance.db import flavors
from nova_appliance.domain.flavor import Flavor

KNOWN = payloads()
HUGE = Flavor(id="9", name="m1.huge", vcpus=999, memory_mib=64, root_gib=1)


@pytest.fixture
def world(tmp_path):
    world = World(tmp_path)
    with world.cloud.cells.api.write() as conn:
        flavors.add(conn, HUGE)
    yield world
    world.stop()


def heard(listener, *events):
    """All of them: those of two topics come in any order."""
    assert clock.wait_for(lambda: set(events) <= set(listener.events()), 20, 0.02), (
        listener.events()
    )


def booted(world):
    (server,) = boot.boot(world.cloud, world.context(), world.request()).servers
    return world.wait_active(server.id)


def test_a_life_is_told_in_order_in_both_forms(world):
    listener = listen(world)
    world.start("host1", "host2")
    server = booted(world)
    wanted = resize.Resize(LARGE.id)
    resize.resize(world.cloud, world.context(), server, wanted)
    resized = world.wait(server.id, lambda s: s.state == "resized" and s.task is None)
    resize.confirm(world.cloud, world.context(), resized)
    active = world.wait_active(server.id)
    context = world.context()
    delete.delete(world.cloud, context, active)
    world.wait_gone(server.id)
    heard(listener, "compute.instance.delete.end", "instance.delete.end")
    assert listener.events("instance.") == [
        "instance.create.start",
        "instance.create.end",
        "instance.resize_prep.start",
        "instance.resize_prep.end",
        "instance.resize.start",
        "instance.resize.end",
        "instance.resize_finish.start",
        "instance.resize_finish.end",
        "instance.resize_confirm.start",
        "instance.resize_confirm.end",
        "instance.delete.start",
        "instance.shutdown.start",
        "instance.shutdown.end",
        "instance.delete.end",
    ]
    assert listener.events("compute.") == [
        "compute.instance.create.start",
        "compute.instance.create.end",
        "compute.instance.resize.prep.start",
        "compute.instance.resize.prep.end",
        "compute.instance.resize.start",
        "compute.instance.resize.end",
        "compute.instance.finish_resize.start",
        "compute.instance.finish_resize.end",
        "compute.instance.resize.confirm.start",
        "compute.instance.resize.confirm.end",
        "compute.instance.delete.start",
        "compute.instance.shutdown.start",
        "compute.instance.shutdown.end",
        "compute.instance.delete.end",
    ]
    _check_shapes(listener)
    made = listener.body("instance.create.end")["nova_object.data"]
    assert (made["uuid"], made["state"], made["power_state"]) == (server.id, "active", "running")
    assert made["ip_addresses"][0]["nova_object.data"]["address"] == server.addresses[0].address
    prep = listener.body("instance.resize_prep.end")["nova_object.data"]
    assert prep["new_flavor"]["nova_object.data"]["flavorid"] == LARGE.id
    by = {event: publisher for event, publisher, *_ in listener.heard}
    assert by["instance.create.end"] == f"nova-compute:{server.host}"
    assert by["instance.resize_finish.start"] == f"nova-compute:{resized.host}"
    assert by["compute.instance.delete.end"] == f"compute.{resized.host}"
    gone = listener.body("instance.delete.end")["nova_object.data"]
    assert (gone["state"], gone["request_id"]) == ("deleted", context.request_id)
    assert gone["deleted_at"]
    assert gone["terminated_at"]
    assert listener.contexts[-1]["request_id"] == context.request_id
    assert "auth_token" not in listener.contexts[-1]


def _check_shapes(listener):
    for event, _, _, body in listener.heard:
        json.dumps(body)
        if event.startswith("instance."):
            check(body, KNOWN)


def test_a_failed_build_is_told_as_an_error(world):
    listener = listen(world)
    world.start("host1")
    world.hypervisor().fail_next("start_new", errors.Refused("no more memory"), times=9)
    (server,) = boot.boot(world.cloud, world.context(), world.request()).servers
    world.wait(server.id, lambda s: s.state == "error")
    heard(listener, "compute.instance.create.error", "instance.create.error")
    told = [row for row in listener.heard if row[0] == "instance.create.error"]
    assert told[0][2] == "ERROR"
    fault = told[0][3]["nova_object.data"]["fault"]["nova_object.data"]
    assert "no more memory" in fault["exception_message"]
    _check_shapes(listener)


def test_changes_of_state_are_told_when_wanted(world):
    listener = listen(world, notify_on_state_change="vm_and_task_state")
    world.start("host1")
    server = booted(world)
    update.update(world.cloud, world.context(), server, {"name": "other"})
    power.stop(world.cloud, world.context(), world.server(server.id))
    world.wait(server.id, lambda s: s.state == "stopped" and s.task is None)

    def updates():
        rows = [body for event, _, _, body in list(listener.heard) if event == "instance.update"]
        return [body["nova_object.data"] for body in rows]

    def tasks_told():
        changes = [facts["state_update"]["nova_object.data"] for facts in updates()]
        return [(one["old_state"], one["state"], one["new_task_state"]) for one in changes]

    last = ("active", "stopped", None)
    assert clock.wait_for(lambda: last in tasks_told(), 20, 0.02), tasks_told()
    tasks, names = tasks_told(), [facts["old_display_name"] for facts in updates()]
    assert tasks[0] == (None, "building", "scheduling")
    assert ("building", "active", None) in tasks
    assert ("active", "active", "powering-off") in tasks
    assert tasks[-1] == last
    assert "s" in names
    _check_shapes(listener)


def test_locks_and_tags_are_told_by_the_api(world):
    listener = listen(world)
    world.start("host1")
    server = booted(world)
    lock.lock(world.cloud, world.context(), server, "careful")
    tags.put(world.cloud, world.server(server.id), "blue")
    heard(listener, "instance.lock", "instance.update", "compute.instance.update")
    by = {event: publisher for event, publisher, *_ in listener.heard}
    assert by["instance.lock"].startswith("nova-api:")
    locked = listener.body("instance.lock")["nova_object.data"]
    assert (locked["locked"], locked["locked_reason"]) == (True, "careful")
    assert listener.body("instance.update")["nova_object.data"]["tags"] == ["blue"]
    assert "compute.instance.lock" not in listener.events()
    _check_shapes(listener)


def test_a_body_that_cannot_be_made_stops_nothing(world, monkeypatch, caplog):
    def broken(*_args, **_facts):
        raise ValueError("no body")

    listener = listen(world)
    monkeypatch.setattr("nova_appliance.actions.notices.bodies.of_server", broken)
    world.start("host1")
    assert booted(world).state == "active"
    assert listener.events("instance.") == []
    assert "nobody was told of create" in caplog.text


def test_silence_costs_no_look_at_servers(world):
    """Without a driver nothing is read for it."""
    world.start("host1")
    assert world.cloud.notifier is None
    booted(world)


def test_one_form_only(world):
    listener = listen(world, notification_format="versioned")
    world.start("host1")
    booted(world)
    heard(listener, "instance.create.end")
    assert listener.events("compute.") == []


def test_shares_and_choices_of_hosts_are_told(world):
    listener = listen(world)
    world.start("host1")
    server = booted(world)
    power.stop(world.cloud, world.context(), server)
    stopped = world.wait(server.id, lambda s: s.state == "stopped" and s.task is None)
    share = world.shares.add().id
    shares.attach(world.cloud, world.context(), stopped, share, None)
    heard(listener, "instance.share_attach.end")
    attached = world.wait(server.id, lambda _: not world.open_sagas())
    shares.detach(world.cloud, world.context(), attached, share)
    heard(listener, "instance.share_detach.end", "scheduler.select_destinations.end")
    for event in ("instance.share_attach.start", "instance.share_detach.end"):
        assert listener.body(event)["nova_object.data"]["share_id"] == share
        check(listener.body(event), KNOWN)
    for phase in ("start", "end"):
        body = listener.body(f"scheduler.select_destinations.{phase}")
        if "nova_object.name" in body:
            check(body, KNOWN)
            assert body["nova_object.data"]["instance_uuid"] == server.id
    assert not [event for event in listener.events() if event.startswith("compute.instance.share")]


def test_no_host_is_told_as_a_failed_task(world):
    listener = listen(world, notification_format="versioned")
    world.start("host1")
    wanted = world.request(flavor_id=HUGE.id)
    (server,) = boot.boot(world.cloud, world.context(), wanted).servers
    world.wait(server.id, lambda s: s.state == "error")
    heard(listener, "compute_task.build_instances.error", "scheduler.select_destinations.start")
    rows = [row for row in listener.heard if row[0].startswith("compute_task")]
    ((_, publisher, priority, body),) = rows
    assert (publisher.partition(":")[0], priority) == ("nova-conductor", "ERROR")
    check(body, KNOWN)
    check(listener.body("scheduler.select_destinations.start"), KNOWN)
    facts = body["nova_object.data"]
    assert (facts["instance_uuid"], facts["state"]) == (server.id, "error")
    assert "No valid host" in facts["reason"]["nova_object.data"]["exception_message"]
    assert "scheduler.select_destinations.end" not in listener.events()
