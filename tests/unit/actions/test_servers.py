# SPDX-License-Identifier: Apache-2.0
"""Actions on a server: one transaction, the table of moves, locks, quota, and who sees what."""

import threading

import pytest
from fixtures.cells import CELL1, make_server, put
from fixtures.world import World

from nova_appliance.actions import (
    console_output,
    delete,
    find_server,
    lock,
    metadata,
    power,
    reboot,
    suspension,
    update,
    versions,
)
from nova_appliance.common import errors
from nova_appliance.db import quotas, services
from nova_appliance.db.tables import cell
from nova_appliance.rpc import orders
from nova_appliance.rpc.server import Server


@pytest.fixture
def world(tmp_path):
    return World(tmp_path)


def server(world, **fields):
    return put(world.cloud.cells, make_server(1, **fields))[0]


def now(world, asked):
    return find_server.by_id(world.cloud, asked.id)


def sagas(world):
    return [row["name"] for row in world.rows(cell.SAGAS, CELL1)]


@pytest.mark.parametrize(
    ("act", "fields", "task", "action"),
    [
        (power.stop, {}, "powering-off", "stop"),
        (power.start, {"state": "stopped"}, "powering-on", "start"),
        (lambda *a: reboot.reboot(*a, hard=False), {}, "rebooting", "reboot"),
        (lambda *a: reboot.reboot(*a, hard=True), {}, "rebooting_hard", "reboot"),
        (delete.delete, {"state": "error"}, "deleting", "delete"),
        (suspension.pause, {}, "pausing", "pause"),
        (suspension.unpause, {"state": "paused"}, "unpausing", "unpause"),
        (suspension.suspend, {}, "suspending", "suspend"),
        (suspension.resume, {"state": "suspended"}, "resuming", "resume"),
        (suspension.trigger_crash_dump, {"state": "error"}, None, "trigger_crash_dump"),
    ],
)
def test_an_action_writes_task_record_and_saga_at_once(world, act, fields, task, action):
    asked = server(world, **fields)
    context = world.context()
    act(world.cloud, context, asked)
    assert now(world, asked).task == task
    (record,) = world.rows(cell.ACTIONS, CELL1)
    assert (record["action"], record["request_id"]) == (action, context.request_id)
    assert record["finished_at"] is None
    (saga,) = world.rows(cell.SAGAS, CELL1)
    assert (saga["state"], saga["server_id"]) == ("forward", asked.id)


def test_a_state_that_does_not_allow_it_changes_nothing(world):
    asked = server(world, state="stopped")
    with pytest.raises(errors.Conflict, match="vm_state stopped"):
        power.stop(world.cloud, world.context(), asked)
    assert sagas(world) == []
    assert now(world, asked).task is None


def test_a_server_that_changed_meanwhile_is_looked_at_again(world):
    asked = server(world)
    power.stop(world.cloud, world.context(), asked)
    with pytest.raises(errors.Conflict, match="task_state powering-off"):
        power.stop(world.cloud, world.context(), asked)
    assert sagas(world) == ["stop"]


def test_of_many_at_once_one_wins(world):
    asked = server(world)
    ends = []

    def stop():
        try:
            power.stop(world.cloud, world.context(), asked)
            ends.append("done")
        except errors.Conflict:
            ends.append("conflict")

    threads = [threading.Thread(target=stop) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(ends) == ["conflict"] * 7 + ["done"]
    assert sagas(world) == ["stop"]


def test_deleting_twice_makes_one_saga_and_cancels_the_others(world):
    asked = server(world)
    power.stop(world.cloud, world.context(), asked)
    for _ in range(2):
        delete.delete(world.cloud, world.context(), asked)
    rows = {row["name"]: row for row in world.rows(cell.SAGAS, CELL1)}
    assert sorted(rows) == ["delete", "stop"]
    assert rows["stop"]["cancelled"]
    assert not rows["delete"]["cancelled"]


def test_a_server_that_is_gone_is_not_found(world):
    with pytest.raises(errors.NotFound):
        delete.delete(world.cloud, world.context(), make_server(1))
    with pytest.raises(errors.NotFound, match="could not be found"):
        find_server.by_id(world.cloud, "nonsense")


def test_a_foreign_server_is_not_found_but_by_admins(world):
    asked = server(world, project_id="other")
    with pytest.raises(errors.NotFound, match=f"Instance {asked.id} could not be found"):
        find_server.find(world.cloud, world.context(), asked.id)
    assert find_server.find(world.cloud, world.context(is_admin=True), asked.id).id == asked.id


def test_locks(world):
    asked = server(world)
    lock.lock(world.cloud, world.context(), asked, "maintenance")
    locked = now(world, asked)
    assert (locked.locked_by, locked.locked_reason) == ("owner", "maintenance")
    for act in (power.stop, delete.delete):
        with pytest.raises(errors.Conflict, match="is locked"):
            act(world.cloud, world.context(), locked)
    lock.lock(world.cloud, world.context(), locked, "other words")
    assert now(world, asked).locked_reason == "maintenance"
    admin = world.context(is_admin=True, project_id="admins")
    lock.lock(world.cloud, admin, locked, None)
    assert now(world, asked).locked_by == "admin"
    lock.unlock(world.cloud, admin, now(world, asked))
    assert now(world, asked).locked_by is None
    assert [row["action"] for row in world.rows(cell.ACTIONS, CELL1)] == ["lock", "lock", "unlock"]
    assert all(row["finished_at"] for row in world.rows(cell.ACTIONS, CELL1))


def test_metadata(world):
    asked, context = server(world, metadata={"a": "1"}), world.context()
    assert metadata.merge(world.cloud, context, asked, {"b": "2"}) == {"a": "1", "b": "2"}
    metadata.remove(world.cloud, context, now(world, asked), "a")
    assert now(world, asked).metadata == {"b": "2"}
    with pytest.raises(errors.NotFound, match="Metadata item was not found"):
        metadata.remove(world.cloud, context, now(world, asked), "a")
    assert metadata.replace(world.cloud, context, asked, {}) == {}
    with world.cloud.cells.api.write() as conn:
        quotas.change(conn, "p1", {"metadata_items": 1})
    with pytest.raises(errors.OverQuota, match="exceeds 1"):
        metadata.merge(world.cloud, context, now(world, asked), {"c": "3", "d": "4"})


def test_metadata_of_a_server_in_error_stays(world):
    with pytest.raises(errors.Conflict, match="vm_state error"):
        metadata.merge(world.cloud, world.context(), server(world, state="error"), {"a": "b"})


def test_updates(world):
    asked = server(world)
    changed = update.update(
        world.cloud, world.context(), asked, {"name": "n", "description": None, "tags": ("x",)}
    )
    assert (changed.name, changed.description, changed.tags) == ("n", None, ("x",))
    assert update.update(world.cloud, world.context(), changed, {}) == changed
    with pytest.raises(TypeError, match="state"):
        update.update(world.cloud, world.context(), asked, {"state": "error"})


def test_console_output(world):
    asked = server(world, host="host1")
    with pytest.raises(errors.Unavailable):
        console_output.read(world.cloud, world.context(), asked, None)

    def say(_context, order):
        assert order == orders.ConsoleOutput(server_id=asked.id, max_bytes=102400)
        return orders.Output(text="one\ntwo\nthree")

    daemon = Server(world.cloud.conf, "compute", "host1", {"console_output": say})
    daemon.start()
    read = [console_output.read(world.cloud, world.context(), asked, n) for n in (None, 2, 0)]
    daemon.stop()
    assert read == ["one\ntwo\nthree", "two\nthree", ""]
    with pytest.raises(errors.Conflict, match="not ready"):
        console_output.read(world.cloud, world.context(), make_server(2, host=None), None)


def test_the_lowest_living_version_counts(world):
    now_ = world.cloud.clock.now()
    with world.cloud.cells.database(CELL1).write() as conn:
        for host, version in (("h1", 3), ("h2", 2), ("h3", 1)):
            services.check_in(conn, host, "nova-compute", version, now_)
        conn.execute(
            cell.SERVICES.update().where(cell.SERVICES.c.host == "h3").values(forced_down=True)
        )
    assert versions.lowest(world.cloud.cells, 60) == {"compute": 2}
