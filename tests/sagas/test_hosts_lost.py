# SPDX-License-Identifier: Apache-2.0
"""Hosts lose their power amid many clients' operations, and are evacuated: all comes to rest, nothing is stray."""

import threading

import pytest
from fixtures.game import LEFT, Game
from fixtures.world import NOTHING, World

from nova_appliance.actions import delete, evacuate
from nova_appliance.common import clock, errors
from nova_appliance.conductor import audit, doctor

HOSTS = ("host1", "host2", "host3")
OPERATIONS, KEEP_S = 150, 36000
DOWN_S, UP_S = 3.0, 2.0
"""How long a host is down, and how long all are up."""


@pytest.fixture
def world(tmp_path):
    world = World(tmp_path)
    world.cloud.conf.set_override("reclaim_instance_interval", KEEP_S)
    world.start(*HOSTS)
    yield world
    world.stop()


class Fate:
    """Takes the power of one host after the other, and has its servers evacuated as an operator would."""

    def __init__(self, world, servers):
        self.world, self.servers = world, servers
        self.evacuated, self.lost, self.broken = 0, 0, []
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._strike)

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_error):
        self._over.set()
        self._thread.join(120)

    def _strike(self):
        try:
            while not self._over.is_set():
                for host in HOSTS:
                    self._lose(host)
        except Exception as error:  # noqa: BLE001 - a bug, which the test shows
            self.broken.append(error)

    def _lose(self, host):
        world = self.world
        world.computes.pop(host).stop()
        world.lose_host(host)
        self.lost += 1
        until = clock.SYSTEM.monotonic() + DOWN_S
        while clock.SYSTEM.monotonic() < until:
            for server_id in list(self.servers):
                server = world.server(server_id, deleted=False)
                if server is not None and server.host == host:
                    self._evacuate(server)
            clock.SYSTEM.sleep(0.3)
        world.add_host(host)
        world.raise_hosts()
        self._over.wait(UP_S)

    def _evacuate(self, server):
        world = self.world
        try:
            evacuate.evacuate(world.cloud, world.context(), server, evacuate.Evacuation())
            self.evacuated += 1
        except (errors.Conflict, errors.Invalid, errors.NotFound):
            pass


def test_hosts_are_lost_and_evacuated_amid_other_operations(world, monkeypatch):
    game = Game(world)
    for server_id in game.made:
        world.wait_active(server_id, 60)
    with Fate(world, game.servers) as fate:
        game.play(OPERATIONS)
    assert (game.broken, fate.broken) == ([], [])
    assert fate.lost >= 2
    assert fate.evacuated > fate.lost
    assert clock.wait_for(lambda: not world.open_sagas(), 180, 0.1), world.open_sagas()
    world.raise_hosts()
    for server_id in game.made:
        rests = world.server(server_id)
        assert rests.state in LEFT | {"error"}, rests
        assert rests.task is None, rests
    monkeypatch.setattr(audit, "OLD_S", -1.0)
    assert list(doctor.look(world.cloud)) == []
    for server_id in game.made:
        server = world.server(server_id, deleted=False)
        if server is not None:
            delete.force(world.cloud, world.context(), server)
    assert clock.wait_for(lambda: not world.open_sagas(), 60, 0.1), world.open_sagas()
    assert world.left() == NOTHING
