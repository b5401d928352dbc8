# SPDX-License-Identifier: Apache-2.0
"""A lab that is up (./appliance lab up), furnished for these tests; two servers, one on each host."""

import contextlib

import pytest
from fixtures.lab_cloud import LabCloud


@pytest.fixture(scope="session")
def cloud(tmp_path_factory):
    with contextlib.ExitStack() as stack:
        yield LabCloud(stack, tmp_path_factory.mktemp("lab")).furnish()


@pytest.fixture(scope="session")
def computes(cloud):
    names = [one.name for one in cloud.hosts("compute")]
    assert len(names) >= 2, "these tests need two compute hosts"
    return names[:2]


@pytest.fixture(scope="session")
def servers(cloud, computes):
    """Each on a host of its own; every test leaves them active."""
    asked = [cloud.ask(name, host) for name, host in zip(("one", "two"), computes, strict=True)]
    return [cloud.wait(server.id, "ACTIVE") for server in asked]


@pytest.fixture(scope="session")
def door(cloud, servers):
    """The floating IP of server one."""
    return cloud.open_door(servers[0])
