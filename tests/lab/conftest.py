# SPDX-License-Identifier: Apache-2.0
"""A lab that is up (./appliance lab up), furnished for these tests; a server on each of two hosts."""

import contextlib

import pytest
from fixtures.lab_cloud import LabCloud
from fixtures.lab_traces import is_gone


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


@pytest.fixture(scope="session")
def two(computes):
    """For tests of servers that change hosts."""
    assert len(computes) == 2, "a server can change hosts only where there are two"


@pytest.fixture
def mover(cloud, computes):
    """A server of the first host, for one test; nothing of it is on any host afterwards."""
    server = cloud.boot("mover", computes[0])
    yield server
    cloud.erase(server.id)
    is_gone(cloud, server, computes)
    assert list(cloud.api.network.ports(device_id=server.id)) == []
