# SPDX-License-Identifier: Apache-2.0
"""Which processors of the host a running guest's own ones may use, as the kernel says."""

import os
from pathlib import Path

import pytest
from fixtures.qemu_process import qemu_pid

from nova_appliance.virt import registry
from nova_appliance.virt.driver import HypervisorFailed
from nova_appliance.virt.settings import VirtSettings

HERE = tuple(sorted(os.sched_getaffinity(0)))[:2]
ALONE = {"hw:cpu_policy": "dedicated"}


@pytest.fixture
def bench(daemons, bench_of):
    assert len(HERE) == 2, "two processors are needed"
    folder = daemons.folder / "dedicated"
    settings = VirtSettings(
        host="dedicated-host", state_dir=folder, uri=daemons.uri, uri_for_others=daemons.uri,
        virt_type="qemu", dedicated_cpus=HERE,
    )  # fmt: skip
    made = bench_of(lambda: registry.load("libvirt", settings), folder)
    yield made
    made.clean()
    made.driver.close()


def processors(guest):
    """Number of a guest's processor > those of the host that its thread may run on."""
    found = {}
    for task in Path(f"/proc/{qemu_pid(guest.server_id)}/task").iterdir():
        name = (task / "comm").read_text().split()
        if name[0] == "CPU":
            found[int(name[1].partition("/")[0])] = os.sched_getaffinity(int(task.name))
    return [found[number] for number in sorted(found)]


def test_a_guest_has_processors_for_itself_also_when_it_was_off(bench):
    first, second = (bench.started(extra_specs=ALONE) for _ in range(2))
    assert [processors(first), processors(second)] == [[{HERE[0]}], [{HERE[1]}]]
    bench.driver.power.off(first.server_id, 0)
    with pytest.raises(HypervisorFailed, match="has 0 free processors"):
        bench.started(extra_specs=ALONE)
    bench.driver.power.on(first)
    assert [processors(first), processors(second)] == [[{HERE[0]}], [{HERE[1]}]]


def test_each_processor_of_a_guest_has_one_of_the_host(bench):
    guest = bench.started(vcpus=2, extra_specs=ALONE)
    assert processors(guest) == [{HERE[0]}, {HERE[1]}]


def test_a_guest_that_shares_may_run_on_all(bench):
    guest = bench.started(vcpus=2)
    assert processors(guest) == [set(os.sched_getaffinity(0))] * 2
