# SPDX-License-Identifier: Apache-2.0
"""What every saga gets for free: it unwinds, it resumes, it resumes unwinding, it leaves nothing."""

import pytest
from fixtures.saga_drive import (
    BROKEN,
    ENDS,
    Crash,
    after,
    always,
    before,
    begin,
    bend,
    clean_up,
    deed_of,
    once,
    settle,
)
from fixtures.world import NOTHING

from nova_appliance.common.errors import Refused
from nova_appliance.conductor.sagas.registry import SAGAS
from nova_appliance.db import sagas as saga_rows

STEPS = [(name, step) for name, saga in SAGAS.items() for step in saga.steps]
UNDOABLE = [(name, step) for name, step in STEPS if step.undo]


GUEST_GONE = {"delete", "shelve_offload"}
"""Sagas after which no host has the guest."""


def ids_of(rows):
    return [f"{name}-{step.name}" for name, step in rows]


@pytest.fixture(autouse=True)
def clean_slate(world):
    yield
    assert world.left() == NOTHING


def ended_well(world, server_id, name):
    server = world.server(server_id)
    if name == "delete":
        return server.deleted
    return (server.state, server.task, server.fault) == (ENDS[name], None, None)


@pytest.mark.parametrize(("name", "step"), STEPS, ids=ids_of(STEPS))
def test_a_failure_at_any_step_unwinds(world, name, step):
    deed = deed_of(step)
    broken = after(getattr(step, deed), always(Refused("It broke.")))
    server_id = begin(world, name)
    settle(world, bend(SAGAS[name], step, **{deed: broken}))
    server = world.server(server_id)
    if step.otherwise:
        assert ended_well(world, server_id, name)
    else:
        assert (server.state, server.task) == (BROKEN[name], None)
        assert server.fault.message == "It broke."
    clean_up(world, server_id)


@pytest.mark.parametrize("when", [before, after])
@pytest.mark.parametrize(("name", "step"), STEPS, ids=ids_of(STEPS))
def test_a_crash_at_any_step_is_resumed(world, name, step, when):
    deed = deed_of(step)
    dying = when(getattr(step, deed), once(Crash()))
    server_id = begin(world, name)
    assert settle(world, bend(SAGAS[name], step, **{deed: dying})) == 1
    assert ended_well(world, server_id, name)
    clean_up(world, server_id)


@pytest.mark.parametrize(("name", "step"), STEPS, ids=ids_of(STEPS))
def test_a_crash_between_the_servers_and_the_sagas_database_is_resumed(
    world, monkeypatch, name, step
):
    """What the step changes of the server is written; that the step has ended is not."""
    server_id = begin(world, name)
    die, write = once(Crash()), saga_rows.finish_step

    def dying(conn, saga, step_name, result, **fields):
        if (saga.name, step_name) == (name, step.name):
            die()
        return write(conn, saga, step_name, result, **fields)

    monkeypatch.setattr(saga_rows, "finish_step", dying)
    assert settle(world) == 1
    assert ended_well(world, server_id, name)
    world.raise_hosts()
    guests = [] if name in GUEST_GONE else [server_id]
    assert world.left()["guests"] == guests
    clean_up(world, server_id)


@pytest.mark.parametrize(("name", "step"), UNDOABLE, ids=ids_of(UNDOABLE))
def test_a_crash_while_undoing_is_resumed(world, name, step):
    saga = SAGAS[name]
    last = [one for one in saga.steps if one.otherwise is None][-1]
    sagas = bend(saga, step, undo=after(step.undo, once(Crash())))
    deed = deed_of(last)
    refusing = after(getattr(last, deed), always(Refused("The last step refuses.")))
    sagas = bend(sagas[name], last, **{deed: refusing})
    server_id = begin(world, name)
    assert settle(world, sagas) == 1
    assert world.server(server_id).state == BROKEN[name]
    clean_up(world, server_id)
