# SPDX-License-Identifier: Apache-2.0
"""A guest gets no more of the processors than its flavor lets it, and as much as that."""

from pathlib import Path

import pytest

pytestmark = pytest.mark.timeout(600)
SHARE = 0.4
PERIOD_US = 100_000
SPECS = {
    "quota:cpu_quota": str(round(SHARE * PERIOD_US)),
    "quota:cpu_period": str(PERIOD_US),
    "quota:cpu_shares": "512",
}
WORK_S = 8
COUNT = (
    f"end=$(($(cut -d. -f1 /proc/uptime) + {WORK_S})); i=0;"
    " while [ $(cut -d. -f1 /proc/uptime) -lt $end ]; do"
    " j=0; while [ $j -lt 500 ]; do j=$((j+1)); done; i=$((i+1)); done; echo $i"
)
"""How often the guest gets through a piece of work in that time."""


@pytest.fixture(scope="module")
def server(cloud):
    compute = cloud.connect().compute
    flavor = compute.create_flavor(name="held back", vcpus=1, ram=128, disk=1)
    compute.create_flavor_extra_specs(flavor, SPECS)
    made = cloud.make("limited", flavor_id=flavor.id)
    cloud.wait_ready(made)
    yield made
    cloud.leave(made)
    compute.delete_flavor(flavor)


@pytest.fixture(scope="module")
def way_in(cloud, server):
    return cloud.open_door(server)


def group(cloud, server):
    """The cgroup of the guest, below that of its machine."""
    name = cloud.machine.virsh("domname", server).strip()
    (found,) = Path("/sys/fs/cgroup/cpu").rglob(f"*{name.replace('-', '?')}*.libvirt-qemu")
    return found


def test_a_processor_is_there_for_the_share_that_the_flavor_says(cloud, server, way_in):
    if not cloud.machine.has_groups:
        pytest.skip("this machine has no hierarchy of cgroup v1 for processors")
    folder = group(cloud, server)
    assert (folder / "cpu.shares").read_text().strip() == "512"
    (of_processor,) = folder.glob("vcpu*/cpu.cfs_quota_us")
    assert of_processor.read_text().strip() == SPECS["quota:cpu_quota"]
    limited = int(cloud.ssh(way_in, COUNT))
    of_processor.write_text("-1")
    free = int(cloud.ssh(way_in, COUNT))
    of_processor.write_text(SPECS["quota:cpu_quota"])
    again = int(cloud.ssh(way_in, COUNT))
    assert free > 0
    for count in (limited, again):
        assert SHARE / 2 < count / free < SHARE * 1.5, (limited, free, again)
