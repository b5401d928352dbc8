# SPDX-License-Identifier: Apache-2.0
"""The files of gabbits/ asked of a whole cloud: real actions, sagas and agents, fake driver."""

import os
import sys
import tempfile
import unittest
from pathlib import Path

import pytest
from gabbi import driver, fixture

sys.path.insert(0, str(Path(__file__).parents[1]))

from fixtures.world import World

from nova_appliance.api.app import make_app

HERE = Path(__file__).parent
RUNNING = {}


class WholeWorld(fixture.GabbiFixture):
    """One cloud for each file; what the requests must name stands in the environment."""

    def start_fixture(self):
        self._folder = tempfile.TemporaryDirectory()
        self._world = World(self._folder.name).start()
        cloud = self._world.cloud
        cloud.conf.set_override("auth_strategy", "noauth2", "api")
        RUNNING["app"] = make_app(cloud)
        other = self._world.networks.add_network(project_id="p2", name="foreign")
        os.environ["IMAGE_ID"] = self._world.image.id
        os.environ["NETWORK_ID"] = self._world.network.id
        os.environ["FOREIGN_NETWORK_ID"] = other.id

    def stop_fixture(self):
        self._world.stop()
        self._folder.cleanup()
        for name in ("IMAGE_ID", "NETWORK_ID", "FOREIGN_NETWORK_ID"):
            del os.environ[name]


def _ask(environ, start_response):
    return RUNNING["app"](environ, start_response)


def _suites():
    """One suite for each file, by its name."""
    suites = driver.build_tests(
        str(HERE / "gabbits"),
        unittest.TestLoader(),
        intercept=lambda: _ask,
        fixture_module=sys.modules[__name__],
        test_loader_name="http",
    )
    return dict(
        zip(sorted(path.stem for path in (HERE / "gabbits").glob("*.yaml")), suites, strict=True)
    )


@pytest.mark.parametrize("name", sorted(path.stem for path in (HERE / "gabbits").glob("*.yaml")))
def test_file(name):
    result = unittest.TestResult()
    _suites()[name].run(result)
    assert [text for _test, text in (*result.failures, *result.errors)] == []
    assert result.testsRun > 1
