# SPDX-License-Identifier: Apache-2.0
"""Any one of three controllers loses its power while users go on: the other two serve, and it comes back by itself.

Not named as a test, for most labs have one controller; the molecule scenario `ha` names this file.
"""

import json
import time

import pytest
from fixtures.lab_load import Load

from nova_appliance.common.clock import wait_for

pytestmark = pytest.mark.timeout(3000)
SIZE = (
    "SELECT VARIABLE_VALUE FROM information_schema.GLOBAL_STATUS WHERE VARIABLE_NAME = 'wsrep_{}'"
)
PROCESSES = "pgrep -ax qemu-system-x86"


@pytest.mark.parametrize("number", range(3))
def test_a_controller_that_lost_its_power_is_not_missed(cloud, computes, servers, number):
    controllers = [one.name for one in cloud.hosts("controller")]
    assert len(controllers) == 3
    lost, before = controllers[number], guests(cloud, computes, servers)
    with Load(cloud, computes[-1]) as load:
        began = time.monotonic()
        assert load.is_served_again(), "it was not well before"
        told = {"lost": lost, "held_address": holders(cloud, controllers)}
        refused = load.refused
        cloud.cut_power(lost)
        cut = time.monotonic()
        assert load.is_served_again(), (load.answered, load.refused, load.booted)
        told |= {"served_again_s": round(time.monotonic() - cut), "refused": load.refused - refused}
        server = cloud.boot(f"without-{lost}", computes[0])
        cloud.erase(server.id)
        cloud.power_on(lost)
        on = time.monotonic()
        assert wait_for(lambda: is_whole(cloud, controllers), 600, 2), states(cloud, controllers)
        assert cloud.all_up(600), cloud.services()
        assert load.is_served_again(), (load.answered, load.refused, load.booted)
        told |= {"whole_again_s": round(time.monotonic() - on), "answered": load.answered}
    assert load.leftovers() == []
    for one in servers:
        cloud.wait(one.id, "ACTIVE")
    assert guests(cloud, computes, servers) == before
    assert len(holders(cloud, controllers)) == 1
    told |= {"refused_in_all": load.refused, "took_s": round(time.monotonic() - began)}
    print(json.dumps(told))


def guests(cloud, computes, servers):
    """Process ids of the servers that live as long as these tests."""
    lines = [line for host in computes for line in cloud.on(host, PROCESSES).splitlines()]
    found = [line.split()[0] for line in lines if any(one.id in line for one in servers)]
    assert len(found) == len(servers)
    return found


def holders(cloud, controllers):
    """Who answers at the shared address."""
    at = cloud.lab.address(10)
    return [one for one in controllers if at in cloud.on(one, "ip -o -4 address show")]


def states(cloud, controllers):
    """Of the database and of the broker, as each member sees its cluster."""
    found = {}
    for name in controllers:
        database = [
            cloud.on(name, f'mariadb -N -B -e "{SIZE.format(word)}"').strip()
            for word in ("cluster_size", "local_state_comment")
        ]
        said = cloud.on(name, "rabbitmqctl -q cluster_status --formatter json")
        found[name] = (*database, len(json.loads(said)["running_nodes"]))
    return found


def is_whole(cloud, controllers):
    """Whether each member sees all three."""
    try:
        return set(states(cloud, controllers).values()) == {("3", "Synced", 3)}
    except (AssertionError, ValueError):  # one of them is being started
        return False
