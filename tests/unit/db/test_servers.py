# SPDX-License-Identifier: Apache-2.0
"""Rows of servers, their moves by compare-and-set, their actions, and sagas' leases."""

import msgspec
import pytest
from fixtures.cells import CELL1, make_cells, make_server, put

from nova_appliance.common import clock
from nova_appliance.common.context import for_background
from nova_appliance.db import sagas, server_actions, servers
from nova_appliance.domain.action import ActionEvent
from nova_appliance.domain.attachment import Attachment
from nova_appliance.domain.saga import Answer, SagaError, SagaRow
from nova_appliance.domain.server import Fault


@pytest.fixture
def cells(tmp_path):
    return make_cells(lambda name: f"sqlite:///{tmp_path}/{name}.sqlite")


@pytest.fixture
def conn(cells):
    with cells.database(CELL1).write() as conn:
        yield conn


@pytest.fixture
def server(cells):
    return put(cells, make_server(1))[0]


def get(conn, server, **options):
    return servers.get(conn, CELL1, server.id, **options)


def test_a_server_comes_back_as_it_went_in(conn):
    new = make_server(
        2,
        trusted_certs=("a",),
        fault=None,
        attachments=(Attachment(id="b1", device="/dev/vdb", volume_id="v1"),),
    )
    servers.add(conn, (new,))
    found = get(conn, new)
    assert msgspec.structs.replace(found, row=0) == new
    assert servers.on_host(conn, CELL1, new.host) == (found,)


def test_moves_are_compare_and_set(server, conn):
    assert not servers.move(conn, server.id, "os-start")
    assert servers.move(conn, server.id, "os-stop")
    assert not servers.move(conn, server.id, "os-stop")
    assert not servers.settle(conn, server.id, "os-start")
    assert servers.settle(conn, server.id, "os-stop", power=4)
    assert (get(conn, server).state, get(conn, server).task) == ("stopped", None)
    assert not servers.settle(conn, server.id, "os-stop")
    assert servers.move(conn, server.id, "os-start")
    assert servers.settle(conn, server.id, "os-start", power=1)
    assert servers.settle(conn, server.id, "seen off", power=4)
    assert not servers.settle(conn, server.id, "seen off", power=4)
    assert servers.move(conn, server.id, "seen on")
    assert servers.settle(conn, server.id, "seen on", power=1)
    assert get(conn, server).state == "stopped"


def test_a_move_shows_how_far_it_is_and_may_fail(server, conn):
    assert servers.move(conn, server.id, "reboot HARD")
    assert servers.advance(conn, server.id, "reboot HARD", "reboot_started_hard")
    with pytest.raises(ValueError, match="spawning"):
        servers.advance(conn, server.id, "reboot HARD", "spawning")
    fault = Fault(code=500, message="m", created_at=clock.SYSTEM.now())
    assert servers.give_up(conn, server.id, "reboot HARD", fault)
    found = get(conn, server)
    assert (found.state, found.task, found.fault) == ("error", None, fault)
    assert not servers.give_up(conn, server.id, "reboot HARD", None)


def test_nobody_assigns_a_state(server, conn):
    with pytest.raises(ValueError, match="by moves"):
        servers.change(conn, server.id, state="active")
    assert servers.reset(conn, server.id, "error")
    assert get(conn, server).state == "error"


def test_an_erased_server_stays_for_who_asks_for_deleted_ones(server, conn):
    assert servers.erase(conn, server.id)
    assert not servers.erase(conn, server.id)
    assert get(conn, server) is None
    gone = get(conn, server, deleted=True)
    assert (gone.state, gone.deleted, gone.task) == ("deleted", True, None)
    assert servers.deleted_among(conn, (server.id, "x")) == (server.id,)
    assert not servers.move(conn, server.id, "delete")


def test_a_row_that_was_written_to_is_not_dropped(server, conn):
    seen = get(conn, server)
    servers.change(conn, server.id, name="new")
    assert not servers.drop_unchanged(conn, seen)
    assert servers.drop_unchanged(conn, get(conn, server))
    assert get(conn, server, deleted=True) is None


def test_actions_are_started_once_listed_newest_first_and_paged(server, conn):
    contexts = [for_background() for _ in range(3)]
    for context in contexts:
        server_actions.start(conn, server.id, "stop", context)
    asked = [context.request_id for context in reversed(contexts)]
    assert [row.request_id for row in server_actions.list_(conn, server.id)] == asked
    page = server_actions.list_(conn, server.id, marker=asked[0], limit=1)
    assert [row.request_id for row in page] == asked[1:2]
    assert server_actions.list_(conn, server.id, marker="nothing") is None
    began = clock.SYSTEM.now()
    for result in (None, "Success"):
        event = ActionEvent(event="compute_stop_instance", started_at=began, result=result)
        server_actions.record(conn, server.id, asked[0], event)
    assert server_actions.finish(conn, server.id, asked[0], failed=True)
    assert not server_actions.finish(conn, server.id, asked[0])
    found = server_actions.get(conn, server.id, asked[0])
    assert (found.message, [event.result for event in found.events]) == ("Error", ["Success"])
    kept = server_actions.with_events(conn, server.id)
    server_actions.drop(conn, server.id)
    assert server_actions.list_(conn, server.id) == ()
    for _ in range(2):
        server_actions.put_in(conn, kept)
    again = server_actions.with_events(conn, server.id)
    assert [msgspec.structs.replace(a, row=0) for a in again] == [
        msgspec.structs.replace(a, row=0) for a in kept
    ]


def saga(server, **fields):
    now = clock.SYSTEM.now()
    facts = {"id": "11111111-2222-3333-4444-555555555555", "cell_id": CELL1, "name": "stop"}
    facts |= {"server_id": server.id, "context": {}, "order": {"verb": "os-stop"}}
    return SagaRow(**{**facts, "wake_at": now, "created_at": now, **fields})


def test_a_lease_is_held_by_one_and_its_epoch_guards_what_is_written(server, conn):
    new = saga(server)
    sagas.add(conn, (new,))
    first = sagas.take(conn, CELL1, new.id, "a", 60)
    assert (first.owner, first.epoch, first.order) == ("a", 1, {"verb": "os-stop"})
    assert sagas.take(conn, CELL1, new.id, "b", 60) is None
    sagas.renew(conn, [(new.id, 1)], -1)
    second = sagas.take(conn, CELL1, new.id, "b", 60)
    assert second.epoch == 2
    with pytest.raises(sagas.LeaseLost):
        sagas.let_go(conn, first, 0)
    assert sagas.finish_step(conn, second, "one", {"x": 1}) is False
    assert sagas.cancel_others(conn, server.id, but="delete") == 1
    assert sagas.finish_step(conn, second, "two", None) is True
    sagas.let_go(conn, second, 0)
    third = sagas.take(conn, CELL1, new.id, "c", 60)
    assert (third.results, third.cancelled) == ({"one": {"x": 1}, "two": None}, True)
    error = SagaError(message="m", step="three")
    sagas.turn_back(conn, third, error, tried=True, order={"verb": "v"})
    sagas.unfinish_step(conn, third, "three")
    found = sagas.get(conn, CELL1, new.id)
    assert (found.state, found.error, list(found.results)) == ("backward", error, ["one", "two"])


def test_only_the_awaited_report_is_kept(server, conn):
    new = saga(server)
    sagas.add(conn, (new,))
    held = sagas.take(conn, CELL1, new.id, "a", 60)
    answer = Answer(host="h", result={"power": 4})
    assert not sagas.answer(conn, new.id, 1, "power_off", answer)
    sagas.let_go(conn, held, 60, parked="power_off", parked_epoch=1)
    assert not sagas.answer(conn, new.id, 0, "power_off", answer)
    assert not sagas.answer(conn, new.id, 1, "other", answer)
    assert sagas.answer(conn, new.id, 1, "power_off", answer)
    assert not sagas.answer(conn, new.id, 1, "power_off", answer)
    assert sagas.take(conn, CELL1, new.id, "b", 60).report == answer
