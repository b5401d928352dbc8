# SPDX-License-Identifier: Apache-2.0
"""The world that most stories of sagas are played in; a file that needs another has its own."""

import pytest
from fixtures.saga_drive import clean_up, settle
from fixtures.world import World

from nova_appliance.actions import boot


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    """Two hosts; what fails once is given up, and a dead conductor's sagas are taken after a second."""
    world = World(tmp_path_factory.mktemp("world"), lease=1, max_failures=1)
    world.stand_by("host1", "host2")
    yield world
    world.stop()


@pytest.fixture
def server(world):
    """A server that runs, and goes with the test."""
    (made,) = boot.boot(world.cloud, world.context(), world.request()).servers
    settle(world)
    yield world.server(made.id)
    clean_up(world, made.id)
