# SPDX-License-Identifier: Apache-2.0
"""A whole cloud with libvirt and real networks on a machine of its own, and two servers in it."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path

import pytest
from fixtures import uefi_disk
from fixtures.guest_cloud import GuestCloud
from fixtures.machine import Machine

from nova_appliance.embedded import guest

CACHE = Path(__file__).parents[2] / ".appliance" / "guest"
USER_DATA = '#!/bin/sh\necho "user data ran on $(hostname)"\n'


@pytest.fixture(scope="session")
def image():
    return guest.cached(CACHE)


@pytest.fixture(scope="session")
def boot_code():
    """What UEFI starts, with signatures."""
    return uefi_disk.fetch(CACHE)


@pytest.fixture(scope="session")
def machine(image, boot_code):
    """Has no way out: packages for images are fetched before."""
    if os.geteuid() != 0:
        pytest.fail("real guests and networks need root")
    with contextlib.ExitStack() as stack:
        yield Machine(stack).boot()


@pytest.fixture(scope="session")
def cloud(machine, image):
    cloud = GuestCloud(machine, image)
    try:
        yield cloud.begin()
    finally:
        cloud.end()


@pytest.fixture(scope="session")
def servers(cloud):
    """Servers `one` and `two`; every test leaves them active, `one` with its floating IP."""
    made = [cloud.make(name, user_data=USER_DATA) for name in ("one", "two")]
    for server in made:
        cloud.wait_ready(server, "ACTIVE")
    return made


@pytest.fixture(scope="session")
def doors(cloud, servers):
    return [cloud.open_door(server) for server in servers]


@pytest.fixture(scope="session")
def door(doors):
    """The floating IP of server `one`."""
    return doors[0]


@pytest.fixture(scope="session")
def side_door(doors):
    """The floating IP of server `two`, which rests while tests drive `one`."""
    return doors[1]
