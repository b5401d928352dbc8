# SPDX-License-Identifier: Apache-2.0
"""A lab that is up (./appliance lab up), furnished for these tests; a server on each of two hosts."""

import contextlib

import pytest
from fixtures.lab_cloud import LabCloud


@pytest.fixture(scope="session")
def cloud(tmp_path_factory):
    with contextlib.ExitStack() as stack:
        yield LabCloud(stack, tmp_path_factory.mktemp("lab")).furnish()


@pytest.fixture(scope="session")
def computes(cloud):
    """Two compute hosts, or the one that there is."""
    names = [one.name for one in cloud.hosts("compute")]
    assert names, "these tests need a compute host"
    return names[:2]


@pytest.fixture(scope="session")
def servers(cloud, computes):
    """Each on a host of its own; every test leaves them active."""
    asked = [cloud.ask(name, host) for name, host in zip(("one", "two"), computes, strict=False)]
    return [cloud.wait(server.id, "ACTIVE") for server in asked]


@pytest.fixture(scope="session")
def door(cloud, servers):
    """The floating IP of server one."""
    return cloud.open_door(servers[0])
