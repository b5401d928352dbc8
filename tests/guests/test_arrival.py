# SPDX-License-Identifier: Apache-2.0
"""What new servers say of themselves. First in this folder: later tests put their consoles' logs away."""

import pytest

from nova_appliance.common.clock import wait_for

pytestmark = pytest.mark.timeout(400)


def test_each_says_that_it_is_ready_and_ran_its_user_data(cloud, servers):
    for name, server in zip(("one", "two"), servers, strict=True):
        assert wait_for(lambda: "user data: ended with 0" in cloud.said(server), 60, 0.5)  # noqa: B023
        said = cloud.whole.openstack("console", "log", "show", server)
        assert f"nova-appliance guest ready: {name} {cloud.address(server)} uptime" in said
        assert f"user data ran on {name}" in said
