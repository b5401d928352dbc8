# SPDX-License-Identifier: Apache-2.0
"""What the API tells of a guest is what the guest sees itself; what its flavor limits is limited.

The tests share one server.
"""

import pytest

pytestmark = pytest.mark.timeout(500)
MIB, LIMIT = 1 << 20, 1 << 19
SPECS = {
    "hw:numa_nodes": "2", "hw:numa_cpus.0": "0", "hw:numa_mem.0": "96",
    "hw:numa_cpus.1": "1,2", "hw:numa_mem.1": "160",
    "quota:disk_write_bytes_sec": str(LIMIT), "hw:boot_menu": "true",
}  # fmt: skip
NODES = (
    "for node in /sys/devices/system/node/node*; do"
    " echo $(cat $node/cpulist) $(awk '/MemTotal/ {print $4}' $node/meminfo); done"
)
WRITE = "dd if=/dev/zero of=/data/much bs=64k count=32 oflag=direct 2>/dev/null"
UPTIME = "cut -d' ' -f1 /proc/uptime"
BURN = "taskset 4 sh -c 'i=0; while [ $i -lt 50000 ]; do i=$((i+1)); done'"
"""Work for the last of three processors."""
SEND = "dd if=/dev/zero bs=64k count=8 2>/dev/null"
CARD = "/sys/class/net/eth0"
COUNTERS = (
    f"cat {CARD}/address {CARD}/statistics/rx_bytes {CARD}/statistics/tx_bytes;"
    " awk '{print $3 * 512; print $7 * 512}' /sys/block/vda/stat"
)
WANTED = {
    "state": "running", "driver": "libvirt", "num_cpus": 3, "num_nics": 1, "num_disks": 2,
    "config_drive": True,
}  # fmt: skip


@pytest.fixture(scope="module")
def flavor(cloud):
    compute = cloud.connect().compute
    made = compute.create_flavor(name="counted", vcpus=3, ram=256, disk=1)
    compute.create_flavor_extra_specs(made, SPECS)
    yield made
    compute.delete_flavor(made)


@pytest.fixture(scope="module")
def server(cloud, flavor):
    made = cloud.make("counted", flavor_id=flavor.id)
    cloud.wait_ready(made)
    yield made
    cloud.leave(made)


@pytest.fixture(scope="module")
def way_in(cloud, server):
    return cloud.open_door(server)


def told(cloud, server, what, version):
    answer = cloud.connect().compute.get(f"/servers/{server}/{what}", microversion=version)
    assert answer.status_code == 200, answer.text
    return answer.json()


def test_the_cells_that_are_told_are_those_inside(cloud, server, way_in):
    nodes = told(cloud, server, "topology", "2.78")["nodes"]
    assert [(node["vcpu_set"], node["memory_mb"]) for node in nodes] == [([0], 96), ([1, 2], 160)]
    seen = [line.split() for line in cloud.ssh(way_in, NODES).splitlines()]
    assert [cpus for cpus, _ in seen] == ["0", "1-2"]
    for node, (_, kib) in zip(nodes, seen, strict=True):
        assert node["memory_mb"] * 0.5 < int(kib) / 1024 <= node["memory_mb"]


def test_a_disk_takes_no_more_in_a_second_than_the_flavor_lets_it(cloud, server, way_in):
    began, ended = cloud.ssh(way_in, f"{UPTIME}; {WRITE}; {UPTIME}").split()
    assert float(ended) - float(began) > 2 * MIB / LIMIT - 1
    told_of_qemu = cloud.machine.virsh("blkdeviotune", server, "vda").split()
    assert told_of_qemu[told_of_qemu.index("write_bytes_sec:") + 1] == str(LIMIT)
    assert "<bootmenu enable='yes'" in cloud.machine.virsh("dumpxml", server)


def test_the_counters_that_are_told_grow_as_those_inside(cloud, server, way_in):
    def look():
        mac, *seen = cloud.ssh(way_in, COUNTERS).split()
        found = told(cloud, server, "diagnostics", "2.48")
        (nic,), disk = found["nic_details"], found["disk_details"][0]
        assert nic["mac_address"] == mac
        counted = (nic["rx_octets"], nic["tx_octets"], disk["read_bytes"], disk["write_bytes"])
        return found, counted, [int(number) for number in seen]

    before, counted, seen = look()
    cloud.ssh(way_in, f"{BURN}; {WRITE}; {SEND}")
    after, counted_later, seen_later = look()
    for name in ("state", "driver", "num_cpus", "num_nics", "num_disks", "config_drive"):
        assert after[name] == WANTED[name]
    assert after["memory_details"]["maximum"] == 256
    assert after["uptime"] > before["uptime"]
    burnt = [
        later["time"] - early["time"]
        for early, later in zip(before["cpu_details"], after["cpu_details"], strict=True)
    ]
    assert burnt[2] == max(burnt) > 3e8
    grown = [later - early for early, later in zip(counted, counted_later, strict=True)]
    grown_inside = [later - early for early, later in zip(seen, seen_later, strict=True)]
    _, sent, _, written = grown
    assert sent >= MIB // 2
    assert written >= 2 * MIB
    for count, inside in zip(grown, grown_inside, strict=True):
        assert abs(count - inside) < MIB // 8, (grown, grown_inside)
