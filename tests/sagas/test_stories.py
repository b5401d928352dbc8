# SPDX-License-Identifier: Apache-2.0
"""Each saga, gone well and broken, is told to listeners outside as its story says."""

import dataclasses
import json

import pytest
from fixtures import saga_drive
from fixtures.listener import check, listen, payloads
from fixtures.world import World

from nova_appliance.common import clock, errors
from nova_appliance.conductor.sagas.registry import SAGAS
from nova_appliance.conductor.stories import BROKEN, STORIES, UNDONE

KNOWN = payloads()


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    world = World(tmp_path_factory.mktemp("world"), lease=1, max_failures=1)
    world.listener = listen(world, bdms_in_notifications=True)
    world.stand_by("host1", "host2")
    yield world
    world.stop()


def told_of(world, server_id):
    """Actions and phases, versioned, in order; their bodies are looked at on the way."""
    found = []
    for event, _, _, body in list(world.listener.heard):
        if event.startswith("instance.") and body["nova_object.data"]["uuid"] == server_id:
            check(json.loads(json.dumps(body)), KNOWN)
            found.append(tuple(event.split(".")[1:]))
    return found


def story(name):
    lines = [(line.action, line.phase) for line in STORIES[name]]
    asked = [("evacuate",)] if name == "evacuate" else []
    return asked + [tuple(word for word in line if word) for line in lines]


def before(name):
    first = saga_drive.FIRST.get(name, ())
    names = ["boot", *((first,) if isinstance(first, str) else first)]
    return [line for one in names if name != "boot" for line in story(one)]


@pytest.mark.parametrize("name", sorted(SAGAS))
def test_a_saga_that_goes_well(world, name):
    server_id = saga_drive.begin(world, name)
    saga_drive.settle(world)
    wanted = before(name) + story(name)
    assert clock.wait_for(lambda: len(told_of(world, server_id)) >= len(wanted), 20, 0.02)
    assert told_of(world, server_id) == wanted
    saga_drive.clean_up(world, server_id)


@pytest.mark.parametrize("name", sorted(BROKEN))
def test_a_saga_that_turns_back(world, name):
    """At its last step, after all that can be told of it was told."""
    step = dataclasses.replace(SAGAS[name].steps[-1], otherwise=None)
    deed = saga_drive.deed_of(step)
    broken = saga_drive.after(getattr(step, deed), saga_drive.always(errors.Refused("It broke.")))
    bent = saga_drive.bend(SAGAS[name], step, otherwise=None, **{deed: broken})
    server_id = saga_drive.begin(world, name)
    saga_drive.settle(world, bent)
    ends = [BROKEN[name]] + ([UNDONE[name]] if name in UNDONE else [])

    def told():
        """Errors come on a topic of their own, and may overtake what was told before."""
        return [one for one in told_of(world, server_id) if one in ends]

    assert clock.wait_for(lambda: told() == ends, 20, 0.02), told_of(world, server_id)
    event = ".".join(("instance", *BROKEN[name]))
    fault = world.listener.body(event)["nova_object.data"]["fault"]["nova_object.data"]
    assert (fault["exception_message"], fault["function_name"]) == ("It broke.", step.name)
    is_error = BROKEN[name][1] == "error"
    by = {heard: priority for heard, _, priority, _ in world.listener.heard}
    assert by[event] == ("ERROR" if is_error else "INFO")
    saga_drive.clean_up(world, server_id)
