# SPDX-License-Identifier: Apache-2.0
"""A stage for consoles, a guest that echoes, a proxy for each kind."""

import pytest
from fixtures.console_stage import EchoGuest, one_test, stage


@pytest.fixture(scope="session")
def whole_stage(tmp_path_factory):
    with stage(tmp_path_factory.mktemp("consoles")) as made:
        yield made


@pytest.fixture
def consoles(whole_stage):
    with one_test(whole_stage) as made:
        yield made


@pytest.fixture
def guest():
    made = EchoGuest()
    yield made
    made.close()


@pytest.fixture
def server(consoles, guest):
    """A server whose console echoes."""
    made = consoles.add_server(name="a <b> & c")
    consoles.put(made, guest.port)
    return made
