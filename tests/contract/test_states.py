# SPDX-License-Identifier: Apache-2.0
"""The table of moves, and what is shown of states, against the reference."""

import re

import pytest

from nova_appliance.domain import states
from nova_appliance.domain.guest import PowerState

from .compare import read_table

ACTIONS = {row["operation"]: row for row in read_table("server-actions.tsv")}
SHOWN = read_table("server-status.tsv")
NAMES = {
    "metadata": "set, replace, delete metadata",
    "delete metadata": "set, replace, delete metadata",
    "fixed ip": "addFixedIp / removeFixedIp (<=2.43)",
    "tags": "change tags",
    "update": "update server",
    "migrate": "migrate (cold)",
    "force complete": "force_complete (live migration)",
    "abort": "abort live migration",
    "remote console": "remote console (POST remote-consoles, os-get*Console)",
}
"""Verb here > operation there, where they differ."""
OURS = {"extend volume", "port deleted", "seen off", "seen on", "snapshot volume", "merge volume"}
"""What the cloud itself notices, or the volume service asks for: no operation of users."""
THEN = {
    "building, then active (error on failure)": "active",
    "state stored at suspend (active)": "active",
    "active; stopped if it was stopped": "active",
    "resized (unchanged if scheduling fails)": "resized",
    "stopped if powered off, else active": "active",
    "state before the resize (active or stopped)": "active",
    "2.95+: stopped (error becomes active); before: active, stopped if it was stopped": "stopped",
    "shelved; shelved_offloaded at once when shelved_offload_time is 0 (default) or volume-backed": (
        "shelved"
    ),
    "shelved_offloaded (host and node become null)": "shelved_offloaded",
    "active or error as asked": None,
    "unchanged (active)": None,
    "unchanged": None,
}
"""Resulting state there > `then` here, where it is no single word."""
VERBS = sorted(set(states.MOVES) - OURS)


def row_of(verb):
    return ACTIONS[NAMES.get(verb, verb)]


def words(text):
    """`active, error` as a set; None for any. Exceptions from any are the action's to check."""
    if text == "-":
        return frozenset()
    if text.startswith("any"):
        return None
    named = re.sub(r" \(2\.\d+\+\)", "", text)  # the API's to check
    return frozenset(None if word == "none" else word for word in named.split(", "))


def tasks(text):
    """`a > b (> c if so)` as a set of tasks; words that are no tasks drop out."""
    known = {row["value"] for row in SHOWN if row["kind"] == "task_state_value"}
    return frozenset(re.findall(r"[a-z_-]+", text)) & known


@pytest.mark.parametrize("verb", VERBS)
def test_a_move_starts_and_ends_as_the_reference_says(verb):
    row, move = row_of(verb), states.MOVES[verb]
    assert move.states == words(row["required_vm_state"])
    if verb != "create":
        assert move.tasks == words(row["required_task_state"])
    assert move.launched == row["must_have_launched"].startswith("yes")
    assert {move.during} - {None} == tasks(row["task_state_set_by_api"])
    assert tasks(row["later_task_states"]) - tasks(row["task_state_set_by_api"]) <= {*move.later}
    assert set(move.later) <= tasks(row["later_task_states"])
    after = row["resulting_vm_state"]
    assert move.then == THEN.get(after, after)


@pytest.mark.parametrize("verb", VERBS)
def test_a_move_is_locked_and_recorded_as_the_reference_says(verb):
    row, move = row_of(verb), states.MOVES[verb]
    refusals = ("409 unless", "refused for non-admin")
    assert move.locked == row["locked_server"].startswith(refusals) or verb == "create"
    assert (move.action or "") == row["recorded_action"]
    assert not move.hosted or "host set" in row["other_preconditions"] or verb in HOSTED


HOSTED = {"pause", "unpause", "suspend", "resume", "rescue", "unrescue", "rebuild"}
"""Moves that a server without host cannot make in any case: it is in error then."""


def test_every_state_of_the_reference_is_known():
    known = {row["value"] for row in SHOWN if row["kind"] == "vm_state_value"}
    assert set(states.STATUSES) == known
    used = {state for move in states.MOVES.values() for state in move.states or ()}
    assert used | {m.then for m in states.MOVES.values() if m.then} <= known
    all_tasks = {row["value"] for row in SHOWN if row["kind"] == "task_state_value"}
    assert {task for move in states.MOVES.values() for task in move.under_way} <= all_tasks


@pytest.mark.parametrize("row", [row for row in SHOWN if row["kind"] == "status"], ids=str)
def test_statuses_are_those_of_the_reference(row):
    state, task = row["vm_state_or_name"], row["task_state"]
    if task in ("any", "any other or none"):
        listed = {one["task_state"] for one in SHOWN if one["vm_state_or_name"] == state}
        others = {one["value"] for one in SHOWN if one["kind"] == "task_state_value"} - listed
        assert {states.status(state, other) for other in (None, *others)} == {row["value"]}
    else:
        assert states.status(state, task) == row["value"]


def test_power_states_are_those_of_the_reference():
    numbers = {
        row["vm_state_or_name"]: int(row["value"])
        for row in SHOWN
        if row["kind"] == "power_state" and not row["vm_state_or_name"].startswith("(")
    }
    assert {power.name: power.value for power in PowerState} == numbers
