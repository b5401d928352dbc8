# SPDX-License-Identifier: Apache-2.0
"""Three clients do anything to three real guests at once: all come to rest, none is lost or runs in
vain, and what is active truly runs.
"""

import collections
import random
import threading

import openstack.exceptions
import pytest

from nova_appliance.cmd import wiring
from nova_appliance.common import clock
from nova_appliance.common.clock import wait_for
from nova_appliance.conductor import audit, doctor
from nova_appliance.conf import load

pytestmark = pytest.mark.timeout(900)
SERVERS, CLIENTS, OPERATIONS, SEED = 3, 3, 25, 20261126
PLAY_S, PAUSE_S = 90, 0.5
REST_S = 240
COPY = "copy-of-dice"


def other_flavor(compute, server):
    names = {"m1.nano": "m1.tiny", "m1.tiny": "m1.nano"}
    return compute.find_flavor(names[compute.get_server(server).flavor.name]).id


DEEDS = {
    "stop": lambda c, s: c.stop_server(s),
    "start": lambda c, s: c.start_server(s),
    "reboot": lambda c, s: c.reboot_server(s, "HARD"),
    "pause": lambda c, s: c.pause_server(s),
    "unpause": lambda c, s: c.unpause_server(s),
    "suspend": lambda c, s: c.suspend_server(s),
    "resume": lambda c, s: c.resume_server(s),
    "rescue": lambda c, s: c.rescue_server(s),
    "unrescue": lambda c, s: c.unrescue_server(s),
    "shelve": lambda c, s: c.shelve_server(s),
    "unshelve": lambda c, s: c.unshelve_server(s),
    "resize": lambda c, s: c.resize_server(s, other_flavor(c, s)),
    "rebuild": lambda c, s: c.rebuild_server(s, image=c.get_server(s).image.id),
    "create image": lambda c, s: c.create_server_image(s, COPY),
    "revert": lambda c, s: c.revert_server_resize(s),
    "confirm": lambda c, s: c.confirm_server_resize(s),
}
"""What is asked of a server."""
BACK = {
    "SHUTOFF": "start", "PAUSED": "unpause", "SUSPENDED": "resume", "RESCUE": "unrescue",
    "SHELVED": "unshelve", "SHELVED_OFFLOADED": "unshelve", "VERIFY_RESIZE": "confirm",
}  # fmt: skip
"""Status at rest > the deed that leads to ACTIVE."""
DOMAIN = {
    "ACTIVE": "running", "RESCUE": "running", "VERIFY_RESIZE": "running", "PAUSED": "paused",
    "SHUTOFF": "shut off", "SUSPENDED": "shut off", "SHELVED": "shut off",
}  # fmt: skip
"""Status > what libvirt says of the guest; one that is off the host is none."""


class Game:
    """Clients with dice of their own, until enough was begun or time is up."""

    def __init__(self, cloud, servers):
        self.cloud, self.servers = cloud, servers
        self.begun, self.wrong, self.over = [], [], threading.Event()

    def play(self):
        threads = [threading.Thread(target=self._client, args=(n,)) for n in range(CLIENTS)]
        for thread in threads:
            thread.start()
        wait_for(lambda: len(self.begun) >= OPERATIONS, PLAY_S, 0.2)
        self.over.set()
        for thread in threads:
            thread.join(60)

    def _client(self, number):
        dice, compute = random.Random(SEED + number), self.cloud.connect().compute
        while not self.over.is_set():
            name, server = dice.choice(sorted(DEEDS)), dice.choice(self.servers)
            try:
                DEEDS[name](compute, server)
                self.begun.append(name)
            except openstack.exceptions.HttpException as error:
                is_lost_race = name == "resize" and error.status_code == 400
                if error.status_code != 409 and not is_lost_race:
                    self.wrong.append((name, error))
            except Exception as error:  # noqa: BLE001 - the test shows it
                self.wrong.append((name, error))
            clock.SYSTEM.sleep(PAUSE_S)


@pytest.fixture
def dice(cloud):
    made = [cloud.make(f"dice-{n}") for n in range(SERVERS)]
    for server in made:
        cloud.wait_ready(server, "ACTIVE")
    yield {server: cloud.open_door(server) for server in made}
    connection = cloud.connect()
    for server in made:
        connection.compute.delete_server(server, force=True)
    assert wait_for(lambda: not set(made) & set(seen(cloud)), REST_S, 0.3), cloud.log()
    for image in connection.image.images(name=COPY):
        connection.image.delete_image(image)
    cloud.nothing_stray()
    for address in connection.network.ips():
        if not address.port_id:
            connection.network.delete_ip(address)


def seen(cloud):
    return {server.id: server for server in cloud.connect().compute.servers()}


def rest(cloud, servers):
    """Wait until nothing goes on; the servers."""
    found = {}

    def at_rest():
        found.update(seen(cloud))
        return not cloud.whole.open_sagas() and not any(found[one].task_state for one in servers)

    assert wait_for(at_rest, REST_S, 0.3), (found, cloud.log())
    return found


def uptime(cloud, door):
    return float(cloud.ssh(door, "cat /proc/uptime").split()[0])


def test_random_operations_leave_every_guest_as_its_server_says(cloud, servers, dice, monkeypatch):
    game = Game(cloud, sorted(dice))
    game.play()
    print("begun:", dict(collections.Counter(game.begun)))
    assert game.wrong == []
    assert len(game.begun) >= OPERATIONS // 2, game.begun
    found = rest(cloud, dice)
    domains = cloud.machine.domains()
    for server in dice:
        status = found[server].status
        assert status in {*BACK, "ACTIVE"}, (found[server], game.begun, cloud.log())
        if status == "SHELVED_OFFLOADED":
            assert server not in domains
        else:
            assert cloud.domstate(server) == DOMAIN[status], (status, game.begun)
    lead_back(cloud, dice)
    for door in dice.values():
        before = uptime(cloud, door)
        assert uptime(cloud, door) > before, game.begun
    assert set(servers) <= cloud.machine.domains()
    cloud.nothing_stray()
    monkeypatch.setattr(audit, "OLD_S", -1.0)
    assert strays(cloud) == []


def lead_back(cloud, servers):
    """Every server ends ACTIVE, whatever it was."""
    for _ in BACK:
        found = rest(cloud, servers)
        away = [one for one in servers if found[one].status != "ACTIVE"]
        for one in away:
            DEEDS[BACK[found[one].status]](cloud.connect().compute, one)
        if not away:
            return
    raise AssertionError(found)


def strays(cloud):
    """What nova-manage doctor finds; its look at hosts is one by messages inside the cloud."""
    looker = wiring.make_cloud(load.load(files=[str(cloud.state_dir / "nova.conf")]))
    try:
        parts = [part for part in doctor.PARTS if part is not doctor._hosts]
        return [one for part in parts for one in part(looker)]
    finally:
        looker.cells.dispose()
