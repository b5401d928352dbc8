# SPDX-License-Identifier: Apache-2.0
"""Servers that are deleted or shelved, and wait for what becomes of them; their disk is a raw one.

The tests share one server and stand in the order of its life.
"""

import json

import openstack
import pytest

from nova_appliance.common.clock import wait_for
from nova_appliance.common.run import run

pytestmark = pytest.mark.timeout(500)
OPTIONS = {
    "reclaim_instance_interval": 3600,
    "shelved_offload_time": -1,
    "resize_confirm_window": 1,
    "groups": {"libvirt": {"images_type": "raw"}},
}
READ = "cat /data/kept"
UPTIME = "cut -d' ' -f1 /proc/uptime"


@pytest.fixture(scope="module", autouse=True)
def _waiting(cloud, servers):
    with cloud.other_options(**OPTIONS):
        yield


@pytest.fixture(scope="module")
def server(cloud, _waiting):
    made = cloud.make("kept-back")
    cloud.wait_ready(made)
    return made


@pytest.fixture(scope="module")
def way_in(cloud, server):
    return cloud.open_door(server)


def disk(cloud, server):
    return cloud.state_dir / "nova" / "instances" / server / "disk"


def test_a_disk_that_is_to_be_raw_is_a_whole_file_and_boots(cloud, server, way_in):
    argv = ["qemu-img", "info", "-U", "-f", "raw", "--output=json", str(disk(cloud, server))]
    told = json.loads(run(argv))
    assert (told["virtual-size"], told.get("backing-filename")) == (1 << 30, None)
    with disk(cloud, server).open("rb") as file:
        assert file.read(512)[510:] == b"\x55\xaa", "its first sector is GRUB's"
    assert cloud.ssh(way_in, "cat /sys/block/vda/size").strip() == str(1 << 21)
    xml = cloud.machine.virsh("dumpxml", server)
    assert xml.count("type='raw'") >= 1
    assert "type='qcow2'" not in xml
    cloud.ssh(way_in, "echo before it was deleted >/data/kept; sync")


def test_a_server_that_was_deleted_softly_is_off_and_comes_back_with_its_data(
    cloud, server, way_in
):
    compute, boots = cloud.connect().compute, cloud.boots(server)
    compute.delete_server(server)
    cloud.wait(server, "SOFT_DELETED")
    assert cloud.domstate(server) == "shut off"
    assert cloud.try_ssh(way_in, "true", timeout_s=2) is None
    compute.restore_server(server)
    cloud.wait_ready(server, boots=boots + 1)
    assert cloud.ssh(way_in, READ) == "before it was deleted\n"


def test_a_shelved_server_stays_on_its_host_until_it_is_offloaded(cloud, server, way_in):
    """It is back from its own disk first, and then from the image."""
    compute, boots = cloud.connect().compute, cloud.boots(server)
    cloud.ssh(way_in, "echo before the shelf >/data/kept; sync")
    compute.shelve_server(server)
    cloud.wait(server, "SHELVED")
    assert cloud.domstate(server) == "shut off"
    file = disk(cloud, server).stat().st_ino
    compute.unshelve_server(server)
    cloud.wait_ready(server, boots=boots + 1)
    assert disk(cloud, server).stat().st_ino == file
    assert cloud.ssh(way_in, READ) == "before the shelf\n"
    compute.shelve_server(server)
    cloud.wait(server, "SHELVED")
    compute.shelve_offload_server(server)
    cloud.wait(server, "SHELVED_OFFLOADED")
    assert server not in cloud.machine.domains()
    assert not disk(cloud, server).parent.exists()
    with pytest.raises(openstack.exceptions.BadRequestException, match="zone is not available"):
        compute.unshelve_server(server, availability_zone="cellar")
    zone = next(compute.availability_zones()).name
    compute.unshelve_server(server, availability_zone=zone)
    cloud.wait_ready(server)
    assert cloud.see(server).availability_zone == zone
    assert cloud.ssh(way_in, READ) == "before the shelf\n"


def test_a_resize_that_nobody_confirms_is_confirmed_by_itself(cloud, server, way_in):
    compute = cloud.connect().compute
    flavor = compute.get_server(server).flavor
    larger = compute.create_flavor(
        name="confirmed", vcpus=flavor.vcpus + 1, ram=flavor.ram, disk=flavor.disk
    )
    compute.resize_server(server, larger)
    cloud.wait(server, "VERIFY_RESIZE")
    cloud.ssh(way_in, "echo before it was confirmed >/data/kept; sync")
    uptime = float(cloud.ssh(way_in, UPTIME))
    assert wait_for(lambda: cloud.see(server).status == "ACTIVE", 150, 1)
    cloud.wait(server, "ACTIVE")
    assert float(cloud.ssh(way_in, UPTIME)) > uptime
    assert cloud.ssh(way_in, "grep -c ^processor /proc/cpuinfo").strip() == str(flavor.vcpus + 1)
    assert cloud.ssh(way_in, READ) == "before it was confirmed\n"
    folders = disk(cloud, server).parent.parent.glob(f"{server}*")
    assert [path.name for path in folders] == [server]
    compute.delete_flavor(larger)


def test_a_server_that_was_deleted_softly_goes_for_good_when_forced(cloud, server, way_in):
    connection = cloud.connect()
    connection.compute.delete_server(server)
    cloud.wait(server, "SOFT_DELETED")
    assert disk(cloud, server).exists()
    connection.compute.delete_server(server, force=True)
    assert wait_for(lambda: connection.compute.find_server(server) is None, 90, 0.2)
    connection.network.delete_ip(connection.network.find_ip(way_in))
    assert not disk(cloud, server).parent.exists()
    cloud.nothing_stray()
