# SPDX-License-Identifier: Apache-2.0
"""The table of moves against the cases of Nova, and the statuses of the API."""

import datetime as dt

import msgspec
import pytest
from fixtures.cells import make_server

from nova_appliance.common.errors import Conflict
from nova_appliance.domain import states


def server(**fields):
    return make_server(**fields)


@pytest.mark.parametrize(
    ("verb", "state", "task"),
    [
        ("os-start", "stopped", None),
        ("os-stop", "active", None),
        ("os-stop", "error", None),
        ("reboot SOFT", "active", None),
        ("reboot HARD", "stopped", None),
        ("reboot HARD", "active", "rebooting"),
        ("delete", "building", "spawning"),
        ("delete", "error", "deleting"),
        ("metadata", "paused", "migrating"),
    ],
)
def test_what_may_be_asked(verb, state, task):
    assert states.check(server(state=state, task=task), verb) is states.MOVES[verb]


@pytest.mark.parametrize(
    ("verb", "fields", "why"),
    [
        (
            "os-start",
            {"state": "active"},
            "Cannot 'start' instance {} while it is in vm_state active",
        ),
        (
            "os-stop",
            {"task": "rebooting"},
            "Cannot 'stop' instance {} while it is in task_state rebooting",
        ),
        (
            "reboot SOFT",
            {"state": "stopped"},
            "Cannot 'reboot' instance {} while it is in vm_state stopped",
        ),
        ("os-stop", {"launched_at": None}, "Instance {} is in an invalid state for 'stop'"),
        ("os-stop", {"host": None}, "Instance {} is not ready"),
        ("os-getConsoleOutput", {"host": None}, "Instance {} is not ready"),
    ],
)
def test_what_may_not(verb, fields, why):
    asked = server(**fields)
    with pytest.raises(Conflict) as refused:
        states.check(asked, verb)
    assert refused.value.message == why.format(asked.id)


def test_locks_hold_but_for_admins():
    locked = server(locked_by="owner")
    with pytest.raises(Conflict, match="is locked"):
        states.check_lock(locked, "os-stop", is_admin=False)
    states.check_lock(locked, "os-stop", is_admin=True)
    states.check_lock(locked, "lock", is_admin=False)
    states.check_lock(server(), "os-stop", is_admin=False)


@pytest.mark.parametrize(
    ("state", "task", "status"),
    [
        ("active", None, "ACTIVE"),
        ("active", "powering-off", "ACTIVE"),
        ("active", "rebooting", "REBOOT"),
        ("active", "reboot_started_hard", "HARD_REBOOT"),
        ("building", "spawning", "BUILD"),
        ("stopped", "resize_prep", "RESIZE"),
        ("error", "deleting", "ERROR"),
        ("dancing", None, "UNKNOWN"),
    ],
)
def test_status(state, task, status):
    assert states.status(state, task) == status


def test_states_of_a_status_are_its_inverse():
    for state, (usual, by_task) in states.STATUSES.items():
        assert (state, None) in states.states_of(usual)
        for task, status in by_task.items():
            assert (state, task) in states.states_of(status)
    assert states.states_of("NONSENSE") == frozenset()


def test_every_task_of_a_move_belongs_to_it():
    for move in states.MOVES.values():
        assert (move.during in move.under_way) == (move.during is not None)
        assert not move.later or move.during


def test_a_row_of_the_table_is_frozen():
    with pytest.raises(AttributeError):
        states.MOVES["delete"].then = "active"
    assert dt.datetime.min < msgspec.structs.replace(server(), row=1).created_at
