# SPDX-License-Identifier: Apache-2.0
"""Many clients do anything to many servers at once: all come to rest, and nothing is stray."""

import threading

import pytest
from fixtures.game import LEFT, Game
from fixtures.saga_drive import ASK, FIRST
from fixtures.world import NOTHING, World

from nova_appliance.actions import boot, delete
from nova_appliance.common import clock, errors
from nova_appliance.conductor import audit, doctor

OPERATIONS, KEEP_S = 200, 36000


@pytest.fixture
def world(tmp_path):
    world = World(tmp_path)
    world.cloud.conf.set_override("reclaim_instance_interval", KEEP_S)
    world.start("host1", "host2", "host3")
    yield world
    world.stop()


def test_two_hundred_operations_leave_every_server_in_a_stable_state(world, monkeypatch):
    game = Game(world)
    for server_id in game.made:
        world.wait_active(server_id, 60)
    game.play(OPERATIONS)
    assert game.broken == []
    assert game.begun().total() >= OPERATIONS, game.begun()
    assert {"delete", "soft_delete", "restore"} <= set(game.begun()), game.begun()
    assert clock.wait_for(lambda: not world.open_sagas(), 120, 0.1), world.open_sagas()
    for server_id in game.made:
        rests = world.server(server_id)
        assert rests.state in LEFT, rests
        assert rests.task is None, rests
    monkeypatch.setattr(audit, "OLD_S", -1.0)
    assert list(doctor.look(world.cloud)) == []
    for server_id in game.made:
        server = world.server(server_id, deleted=False)
        if server is not None:
            delete.force(world.cloud, world.context(), server)
    assert clock.wait_for(lambda: not world.open_sagas(), 60, 0.1), world.open_sagas()
    assert world.left() == NOTHING


@pytest.mark.parametrize(
    "names",
    [("stop", "pause"), ("resize", "reboot"), ("live_migrate", "stop"), ("pause", "resize")],
)
def test_of_two_at_once_one_wins(world, names):
    # a volume is there for what moves with it: no state depends on it
    assert {FIRST.get(name) for name in names} <= {None, "attach_volume"}
    (server,) = boot.boot(world.cloud, world.context(), world.request()).servers
    rests = world.wait_active(server.id)
    start, won, lost = threading.Barrier(2), [], []

    def ask(name):
        start.wait(60)
        try:
            ASK[name](world, rests)
            won.append(name)
        except errors.Conflict as error:
            lost.append((name, error))

    threads = [threading.Thread(target=ask, args=(name,)) for name in names]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    # after these the server is active again: on a busy machine the other may find it so
    in_turn = "reboot" in won or won == ["live_migrate", "stop"]
    assert (len(won), len(lost)) == (1, 1) or in_turn, (won, lost)
    assert clock.wait_for(lambda: not world.open_sagas(), 60, 0.05)
    assert world.server(server.id).task is None
