# SPDX-License-Identifier: Apache-2.0
"""`disk_over_commit` of clients before 2.25, between hosts whose disks are promised twice."""

import contextlib

import novaclient.client
import novaclient.exceptions
import pytest
from fixtures.lab_cloud import NAME

from nova_appliance.common.clock import wait_for

pytestmark = [pytest.mark.timeout(1500), pytest.mark.usefixtures("two")]
CONFIG = "/etc/nova/nova-compute.conf"
PROMISED_TWICE = r"""set -e
cp -p {0} {0}.kept
sed -i "s/^\[DEFAULT\]/[DEFAULT]\ndisk_allocation_ratio = 8/" {0}
grep -q disk_allocation_ratio {0}
systemctl restart nova-compute"""
AS_IT_WAS = "mv {0}.kept {0} && systemctl restart nova-compute"


@pytest.fixture
def promised_twice(cloud, computes):
    """Hosts that promise their disks eight times, as operators of overlays do."""
    with contextlib.ExitStack() as stack:
        for name in computes:
            cloud.on(name, PROMISED_TWICE.format(CONFIG))
            stack.callback(cloud.on, name, AS_IT_WAS.format(CONFIG))
        assert cloud.all_up()
        yield
    assert cloud.all_up()


@pytest.fixture
def flavor(cloud, computes):
    """A swap disk larger than what is free at any host; nobody fills it."""
    said = cloud.api.compute.get("/os-hypervisors/detail", microversion="2.53").json()
    largest = max(row["local_gb"] for row in said["hypervisors"])
    made = cloud.api.compute.create_flavor(
        name=f"{NAME}-thin", vcpus=1, ram=128, disk=1, swap=(largest + 10) << 10
    )
    yield made
    cloud.api.compute.delete_flavor(made)


def test_a_disk_that_nobody_has_filled_goes_to_a_full_host_only_when_told_so(
    cloud, computes, promised_twice, flavor
):
    server = cloud.boot("thin", computes[0], flavor_id=flavor.id)
    servers = novaclient.client.Client("2.24", session=cloud.api.session).servers
    with pytest.raises(novaclient.exceptions.BadRequest, match="too large for host"):
        servers.live_migrate(server.id, computes[1], block_migration=True, disk_over_commit=False)
    assert wait_for(lambda: cloud.find(server.id).task_state is None, 60, 1)
    assert cloud.wait(server.id, "ACTIVE").hypervisor_hostname == computes[0]
    servers.live_migrate(server.id, computes[1], block_migration=True, disk_over_commit=True)
    assert cloud.moved(server.id, 900) == computes[1], cloud.find(server.id)
    cloud.erase(server.id)
