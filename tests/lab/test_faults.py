# SPDX-License-Identifier: Apache-2.0
"""What breaks in a cluster heals without a hand: guests go on, nothing is stuck, nothing is left."""

import contextlib
import threading

import pytest
from fixtures.lab_load import REFUSED, Load

from nova_appliance.common.clock import wait_for

pytestmark = pytest.mark.timeout(1500)
AWAY_S = 60
DAEMONS = ("nova-api", "nova-scheduler", "nova-conductor", "nova-compute")
"""Without these no server is made."""
OTHERS = (
    "nova-api-ec2", "nova-api-metadata", "nova-cert", "nova-consoleauth",
    "nova-novncproxy", "nova-serialproxy", "nova-spicehtml5proxy", "nova-xvpvncproxy",
)  # fmt: skip
CLEAN = "Nothing was found."
"""What nova-manage doctor says when no claim, guest, disk, port, attachment or lock is nobody's."""


@pytest.fixture(autouse=True)
def healed(cloud, computes, servers):
    """Users go on all the while; afterwards they are served, and nothing of theirs is stuck."""
    with Load(cloud, computes[-1]) as load:
        yield load
        well = cloud.all_up(300) and load.is_served_again()
    left = load.leftovers()
    assert well, (cloud.services(), load.answered, load.refused, load.booted)
    assert left == []
    for server in servers:
        cloud.wait(server.id, "ACTIVE")
    assert wait_for(lambda: cloud.doctor() == CLEAN, 180, 5), cloud.doctor()


def works(cloud, name, host):
    """A server can be made and goes again."""
    server = cloud.boot(name, host)
    cloud.erase(server.id)
    assert list(cloud.api.network.ports(device_id=server.id)) == []


@contextlib.contextmanager
def away(cloud, host, unit):
    """The unit stands still for a minute, while a server is asked for."""
    cloud.on(host, f"systemctl stop {unit}", timeout_s=180)
    yield
    threading.Event().wait(AWAY_S)
    cloud.on(host, f"systemctl start {unit}", timeout_s=180)


@pytest.mark.parametrize("unit", ["mariadb", "rabbitmq-server"])
def test_a_neighbour_that_is_away_for_a_minute(cloud, computes, unit):
    controller = cloud.hosts("controller")[0].name
    asked = cloud.ask("before", computes[0])
    with away(cloud, controller, unit):
        pass
    assert cloud.wait(asked.id, "ACTIVE").status == "ACTIVE"
    cloud.erase(asked.id)
    works(cloud, f"after-{unit[:4]}", computes[-1])


@pytest.mark.parametrize("daemon", DAEMONS)
def test_a_killed_daemon_is_back_and_its_work_is_done(cloud, computes, daemon):
    host = computes[0] if daemon == "nova-compute" else cloud.hosts("controller")[0].name
    main = cloud.on(host, f"systemctl show -p MainPID --value {daemon}").strip()
    asked = cloud.ask(f"during-{daemon}", computes[0])
    cloud.on(host, f"kill -9 {main}")
    assert cloud.wait(asked.id, "ACTIVE").status == "ACTIVE"
    assert wait_for(
        lambda: cloud.on(host, f"systemctl show -p MainPID --value {daemon}").strip()
        not in ("0", main), 60, 1,
    )  # fmt: skip
    cloud.erase(asked.id)


def pids_of(cloud, host, units):
    """Unit > its main process."""
    said = cloud.on(host, f"systemctl show -p MainPID --value {' '.join(units)}").split()
    return dict(zip(units, said, strict=True))


def test_every_other_daemon_is_back_after_it_was_killed(cloud):
    host = cloud.hosts("controller")[0].name
    before = pids_of(cloud, host, OTHERS)
    assert "0" not in before.values()
    cloud.on(host, f"kill -9 {' '.join(before.values())}")

    def are_back():
        now = pids_of(cloud, host, OTHERS)
        return all(now[unit] not in ("0", before[unit]) for unit in OTHERS)

    assert wait_for(are_back, 60, 1), pids_of(cloud, host, OTHERS)
    states = cloud.on(host, f"systemctl is-active {' '.join(OTHERS)} || true").split()
    assert states == ["active"] * len(OTHERS)


def is_run(cloud, server):
    """Its own host runs it."""
    host = server.hypervisor_hostname
    said = cloud.on(host, "virsh -c qemu:///system list --uuid --state-running")
    return server.id in said.split()


def answers(cloud, server):
    """The Compute API does."""
    with contextlib.suppress(*REFUSED):
        return cloud.find(server.id) is not None
    return False


def test_a_compute_host_that_lost_its_power_starts_its_servers_again(cloud, servers, computes):
    (one,) = [server for server in servers if server.hypervisor_hostname == computes[0]]
    cloud.cut_power(computes[0])
    cloud.power_on(computes[0])
    assert cloud.all_up(), cloud.services()
    assert wait_for(lambda: is_run(cloud, one), 300, 2)


def test_all_hosts_lose_their_power_at_once_and_run_what_they_ran(cloud, servers, computes, healed):
    hosts = [one.name for one in cloud.lab.hosts]
    for change in (cloud.cut_power, cloud.power_on):
        for host in hosts:
            change(host)
    assert wait_for(lambda: answers(cloud, servers[0]), 300, 2)
    assert cloud.all_up(300), cloud.services()
    for server in servers:
        assert wait_for(lambda: is_run(cloud, server), 300, 2), server.name  # noqa: B023 - waited for at once
    assert healed.is_served_again(), "the network service takes its time to start"
    works(cloud, "after-dark", computes[0])


def test_a_controller_that_lost_its_power_comes_back_and_guests_did_not_notice(
    cloud, computes, servers, healed
):
    def pids():
        return [cloud.on(host, "pgrep -x qemu-system-x86 | sort") for host in computes]

    before = pids()
    controller = cloud.hosts("controller")[0].name
    cloud.cut_power(controller)
    cloud.power_on(controller)
    assert wait_for(lambda: answers(cloud, servers[0]), 300, 2)
    assert cloud.all_up(300), cloud.services()
    assert pids() == before
    assert healed.is_served_again(), "the network service takes its time to start"
    works(cloud, "after-reboot", computes[0])
