# SPDX-License-Identifier: Apache-2.0
"""Servers change hosts: live and counting, cold with what they have written, and from a host that is lost."""

import json

import pytest
from fixtures.lab_cloud import NAME
from fixtures.lab_guests import Pings, counted, is_counting, start_counting, stop_counting
from fixtures.lab_traces import LOOK, is_gone

from nova_appliance.common.clock import wait_for

pytestmark = [pytest.mark.timeout(3000), pytest.mark.usefixtures("two")]
MOVE_S = 900


def downtime_ms(cloud, server, host):
    """For how long it ran on neither host, as the hypervisor that received it says."""
    said = cloud.on(host, LOOK.format("domjobinfo --completed", server.id))
    (line,) = [line for line in said.splitlines() if line.startswith("Total downtime:")]
    return int(line.split()[2])


def test_hosts_speak_to_each_other_as_the_cloud_was_told(cloud, computes):
    scheme = "tls" if cloud.lab.tls else "tcp"
    for host in computes:
        options = cloud.on(host, "cat /etc/nova/nova-compute.conf")
        assert f"live_migration_scheme = {scheme}" in options
        assert cloud.on(host, f"systemctl is-active libvirtd-{scheme}.socket").strip() == "active"


def test_a_guest_that_counts_is_sent_both_ways_and_loses_no_count(cloud, computes, mover):
    door = cloud.open_door(mover)
    start_counting(cloud, door)
    for target, left in (computes[::-1], computes):
        with Pings(door) as pings:
            cloud.api.compute.live_migrate_server(mover.id, host=target, block_migration="auto")
            assert cloud.moved(mover.id, MOVE_S) == target, cloud.find(mover.id)
            assert is_counting(cloud, door)
        assert cloud.wait(mover.id, "ACTIVE").hypervisor_hostname == target
        numbers = counted(cloud, door)
        assert numbers == list(range(1, len(numbers) + 1))
        is_gone(cloud, mover, [left])
        (move, *_) = cloud.api.compute.migrations(instance_uuid=mover.id)
        assert (move.status, move.dest_compute) == ("completed", target)
        told = {
            "to": target,
            "downtime_ms": downtime_ms(cloud, mover, target),
            "silence_s": round(pings.silence_s(), 1),
            "counted": len(numbers),
        }
        print(json.dumps(told))
    stop_counting(cloud, door)


@pytest.mark.parametrize("end", ["confirm", "revert"])
def test_a_guest_that_was_off_for_its_move_has_what_it_wrote(cloud, computes, mover, end):
    door, compute = cloud.open_door(mover), cloud.api.compute
    cloud.in_guest(door, "echo written before >/data/kept; sync")
    compute.migrate_server(mover.id)
    assert cloud.wait(mover.id, "VERIFY_RESIZE").hypervisor_hostname == computes[1]
    assert cloud.in_guest(door, "cat /data/kept").strip() == "written before"
    cloud.in_guest(door, "echo written there >/data/kept; sync")
    getattr(compute, f"{end}_server_resize")(mover.id)
    here, said = {"confirm": (1, "written there"), "revert": (0, "written before")}[end]
    assert cloud.wait(mover.id, "ACTIVE").hypervisor_hostname == computes[here]
    assert cloud.in_guest(door, "cat /data/kept").strip() == said
    is_gone(cloud, mover, [computes[1 - here]])


def test_servers_of_a_host_that_is_lost_are_made_anew_and_it_keeps_nothing(
    cloud, servers, computes, mover
):
    """One of an image, which begins anew; one on a volume, which has what it wrote."""
    compute, volumes = cloud.api.compute, cloud.api.block_storage
    mapping = {"uuid": cloud.image.id, "source_type": "image", "destination_type": "volume",
               "volume_size": 1, "boot_index": 0, "delete_on_termination": True}  # fmt: skip
    keeper = cloud.boot("keeper", computes[0], image_id="", block_device_mapping=[mapping])
    doors = [cloud.open_door(one) for one in (mover, keeper)]
    for door in doors:
        cloud.in_guest(door, "echo of the lost host >/data/kept; sync")
    cloud.cut_power(computes[0])
    key = ("nova-compute", computes[0])
    assert wait_for(lambda: cloud.services()[key] == "down", 300, 2)
    compute.evacuate_server(mover.id)  # wherever there is room
    compute.evacuate_server(keeper.id, host=computes[1])
    for one in (mover, keeper):
        assert cloud.moved(one.id, MOVE_S) == computes[1], cloud.find(one.id)
        assert cloud.wait(one.id, "SHUTOFF").hypervisor_hostname == computes[1]  # since 2.95
        compute.start_server(one.id)
        cloud.wait(one.id, "ACTIVE")
    said = [cloud.in_guest(door, "cat /data/kept 2>/dev/null || true").strip() for door in doors]
    assert said == ["", "of the lost host"]
    cloud.power_on(computes[0])
    assert cloud.all_up(300), cloud.services()
    for one in (mover, keeper):
        is_gone(cloud, one, [computes[0]])
        cloud.wait(one.id, "ACTIVE")
    assert [cloud.in_guest(door, "hostname").strip() for door in doors] == [
        f"{NAME}-mover",
        f"{NAME}-keeper",
    ]
    for server in servers:
        cloud.wait(server.id, "ACTIVE")
    (attached,) = compute.volume_attachments(keeper.id)
    cloud.erase(keeper.id)
    assert wait_for(lambda: volumes.find_volume(attached.volume_id) is None, 240, 1)
    is_gone(cloud, keeper, computes)
