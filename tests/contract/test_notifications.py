# SPDX-License-Identifier: Apache-2.0
"""The table of what is told of sagas against Nova's own list of notifications, and the sagas."""

import pytest
from fixtures.listener import payloads, reference

from nova_appliance.actions.live_migrate import TOLD
from nova_appliance.actions.notices import bodies
from nova_appliance.conductor.sagas.registry import SAGAS
from nova_appliance.conductor.stories import BROKEN, STORIES, UNDONE

EVENTS = {row["name"]: row["type"] for row in reference("event")}
OF_ACTIONS = ("update", "exists", "lock", "unlock", "evacuate", *TOLD.values())
"""Told of by actions, not by sagas."""
NOT_TOLD = {
    "live_migration_rollback_dest": "one rollback is told, of the whole move",
    "power_on_share": "a sample of power_on",
}
NOT_TOLD_OF = {
    "compute-exception": "a sample of a handler that we do not have",
    "libvirt": "nova-compute tells nobody by itself",
    "metrics": "nova-compute tells nobody by itself",
}


def _event(action, phase):
    return f"instance-{action}" + (f"-{phase}" if phase else "")


def _told():
    for lines in STORIES.values():
        yield from ((line.action, line.phase) for line in lines)
    yield from BROKEN.values()
    yield from UNDONE.values()


def test_every_saga_has_its_story():
    assert set(STORIES) == set(SAGAS)
    assert set(BROKEN) | set(UNDONE) <= set(SAGAS)


@pytest.mark.parametrize("name", sorted(STORIES))
def test_stories_name_steps_that_there_are(name):
    steps = [step.name for step in SAGAS[name].steps]
    named = [line.step for line in STORIES[name]]
    assert set(named) <= set(steps)
    assert named == sorted(named, key=steps.index), "lines stand in the order of the steps"


@pytest.mark.parametrize("action", sorted({action for action, _ in _told()}))
def test_what_is_told_is_known_to_nova(action):
    name = bodies.NAMES.get(action, "InstanceActionPayload")
    for told, phase in _told():
        if told == action:
            assert EVENTS[_event(action, phase)] == name


def test_bodies_have_novas_versions():
    known = payloads()
    assert {name: known[name][0] for name in bodies.VERSIONS} == bodies.VERSIONS


def test_of_servers_all_is_told_but_a_named_rest():
    told = {action for action, _ in _told()} | set(OF_ACTIONS) | set(NOT_TOLD)
    actions = {name.split("-")[1] for name in EVENTS if name.startswith("instance-")}
    assert actions == told


def test_of_other_things_all_is_told_but_a_named_rest():
    nouns = (
        "aggregate",
        "compute_task",
        "scheduler",
        "flavor",
        "keypair",
        "server_group",
        "service",
        "volume",
    )
    rest = [name for name in EVENTS if not name.startswith("instance-")]
    left = [name for name in rest if not any(name.startswith(word) for word in NOT_TOLD_OF)]
    assert {name.split("-")[0] for name in left} == set(nouns)
