# SPDX-License-Identifier: Apache-2.0
"""Many clients do anything to many servers at once: all come to rest, and nothing is stray."""

import collections
import random
import threading

import pytest
from fixtures.cells import CELL1
from fixtures.saga_drive import ASK, FIRST
from fixtures.world import NOTHING, World

from nova_appliance.actions import boot, delete
from nova_appliance.common import clock, errors
from nova_appliance.conductor import audit, doctor
from nova_appliance.db.tables import cell

SERVERS, CLIENTS, OPERATIONS, SEED = 20, 8, 200, 20261125
"""OPERATIONS are begun, whatever was asked for and refused before."""
PLAY_S, KEEP_S = 240, 36000
DEEDS = ASK | {
    "soft_delete": lambda w, s: delete.delete(w.cloud, w.context(), s),
    "delete": lambda w, s: delete.force(w.cloud, w.context(), s),
}
"""What may be asked; a deletion is a soft one where that can be."""
del DEEDS["evacuate"]  # it needs a host that is lost
BACK = {
    "stopped": ("start",), "paused": ("unpause",), "suspended": ("resume",),
    "resized": ("confirm_resize", "revert_resize"), "rescued": ("unrescue",),
    "shelved": ("take_down", "shelve_offload"), "shelved_offloaded": ("unshelve",),
    "soft-delete": ("restore",),
}  # fmt: skip
"""State at rest > what leads on from it; a client asks for that every other time."""
LEFT = {"active", "deleted", *BACK}
"""States in which a server may be when all is over. Nothing failed, so none is in error."""


REFUSALS = (errors.Conflict, errors.Invalid, errors.NotFound, errors.Forbidden, IndexError)
"""What an API answers; IndexError: there is no volume or port to ask about."""


class Game:
    """Clients at work, each with dice of its own; for a server that is gone they boot another."""

    def __init__(self, world):
        self.world, self.broken, self.over = world, [], threading.Event()
        self.servers = [self._boot() for _ in range(SERVERS)]
        self.made = list(self.servers)
        """Ids of the servers there are, and of all there ever were."""

    def play(self):
        threads = [threading.Thread(target=self._client, args=(n,)) for n in range(CLIENTS)]
        for thread in threads:
            thread.start()
        clock.wait_for(lambda: self.broken or self.begun().total() >= OPERATIONS, PLAY_S, 0.1)
        self.over.set()
        for thread in threads:
            thread.join(120)

    def begun(self):
        """Saga > how often it was begun, without the boots before the game."""
        found = collections.Counter(row["name"] for row in self.world.rows(cell.SAGAS, CELL1))
        found["boot"] -= SERVERS
        return found

    def _client(self, number):
        dice = random.Random(SEED + number)
        while not self.over.is_set():
            place = dice.randrange(SERVERS)
            try:
                self._ask(dice, place)
            except REFUSALS:
                pass
            except Exception as error:  # noqa: BLE001 - a bug, which the test shows
                self.broken.append(error)
            clock.SYSTEM.sleep(dice.random() / 20)

    def _ask(self, dice, place):
        server = self.world.server(self.servers[place], deleted=False)
        if server is None:
            self.servers[place] = self._boot()
            self.made.append(self.servers[place])
            return
        leads_on = BACK.get(server.state, sorted(DEEDS))
        DEEDS[dice.choice(dice.choice((leads_on, sorted(DEEDS))))](self.world, server)

    def _boot(self):
        world = self.world
        return boot.boot(world.cloud, world.context(), world.request()).servers[0].id


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
    game.play()
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
