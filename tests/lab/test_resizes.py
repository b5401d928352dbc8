# SPDX-License-Identifier: Apache-2.0
"""Servers become larger on another host, and leave their host's disk for the image store and come back elsewhere."""

import openstack
import pytest
from fixtures.lab_cloud import NAME
from fixtures.lab_traces import is_gone, remains

pytestmark = [pytest.mark.timeout(1800), pytest.mark.usefixtures("two")]
SECTORS = 2**30 // 512
"""Of a GiB."""
SMALL_MIB, LARGE_MIB = 128, 256
"""A guest's kernel keeps some of it for itself."""


@pytest.fixture(scope="module")
def large(cloud):
    flavor = cloud.api.compute.create_flavor(name=f"{NAME}-large", vcpus=2, ram=LARGE_MIB, disk=2)
    yield flavor
    cloud.api.compute.delete_flavor(flavor)


def size(cloud, door):
    """What the guest sees of its flavor: processors, MiB of memory, GiB of disk."""
    look = "grep -c ^processor /proc/cpuinfo; sed -n 's/MemTotal: *//p' /proc/meminfo; cat /sys/block/vda/size"
    processors, memory, sectors = cloud.in_guest(door, look).splitlines()
    return int(processors), int(memory.split()[0]) // 1024, int(sectors) // SECTORS


def write(cloud, door, words):
    cloud.in_guest(door, f"echo {words} >/data/kept; sync")


def read(cloud, door):
    return cloud.in_guest(door, "cat /data/kept").strip()


def is_at(cloud, server, status, host):
    assert cloud.wait(server.id, status).hypervisor_hostname == host


def test_a_server_grows_on_another_host_goes_back_grows_again_and_is_moved_where_it_is_told(
    cloud, computes, mover, large
):
    first, second = computes
    door, compute = cloud.open_door(mover), cloud.api.compute
    write(cloud, door, "small")
    was = size(cloud, door)
    assert was == (1, pytest.approx(SMALL_MIB, rel=0.4), 1)

    compute.resize_server(mover.id, large.id)
    is_at(cloud, mover, "VERIFY_RESIZE", second)
    grown = size(cloud, door)
    assert grown == (2, pytest.approx(LARGE_MIB, rel=0.4), 2)
    assert read(cloud, door) == "small"
    write(cloud, door, "large")
    compute.revert_server_resize(mover.id)
    is_at(cloud, mover, "ACTIVE", first)
    assert (size(cloud, door), read(cloud, door)) == (was, "small")
    is_gone(cloud, mover, [second])

    compute.resize_server(mover.id, large.id)
    is_at(cloud, mover, "VERIFY_RESIZE", second)
    compute.confirm_server_resize(mover.id)
    is_at(cloud, mover, "ACTIVE", second)
    assert (size(cloud, door), read(cloud, door)) == (grown, "small")
    is_gone(cloud, mover, [first])

    with pytest.raises(openstack.exceptions.BadRequestException):
        compute.migrate_server(mover.id, host=second)
    compute.migrate_server(mover.id, host=first)
    is_at(cloud, mover, "VERIFY_RESIZE", first)
    compute.confirm_server_resize(mover.id)
    is_at(cloud, mover, "ACTIVE", first)
    assert (size(cloud, door), read(cloud, door)) == (grown, "small")


def test_a_server_is_put_on_the_shelf_and_comes_back_at_the_host_it_is_told(cloud, computes, mover):
    door, compute = cloud.open_door(mover), cloud.api.compute
    write(cloud, door, "before the shelf")
    compute.shelve_server(mover.id)
    assert cloud.wait(mover.id, "SHELVED_OFFLOADED").compute_host is None
    is_gone(cloud, mover, computes)
    compute.unshelve_server(mover.id, host=computes[1])
    is_at(cloud, mover, "ACTIVE", computes[1])
    assert read(cloud, door) == "before the shelf"
    assert remains(cloud, mover, computes[0]) == []
    assert list(cloud.api.image.images(name=f"{mover.name}-shelved")) == []
