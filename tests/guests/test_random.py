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
COPY, DATA = "copy-of-dice", "data-of-dice"
TOO_MUCH = 413
"""How Cinder refuses for a quota."""
DOOR = "nova-nic-0"
"""Name of the port with which a server is made."""


def other_flavor(compute, server):
    names = {"m1.nano": "m1.tiny", "m1.tiny": "m1.nano"}
    return compute.find_flavor(names[compute.get_server(server).flavor.name]).id


def attach_volume(connection, server):
    """A new one, which is gone if the server does not take it."""
    storage = connection.block_storage
    try:
        made = storage.create_volume(name=DATA, size=1)
    except openstack.exceptions.HttpException as full:
        if full.status_code == TOO_MUCH:
            raise NothingThere from full  # the project has as many volumes as it may
        raise
    storage.wait_for_status(made, "available", interval=0.2, wait=60)
    try:
        connection.compute.create_volume_attachment(server, volume_id=made.id)
    except openstack.exceptions.HttpException:
        storage.delete_volume(made)
        raise


def detach_volume(connection, server):
    one = first(connection.compute.volume_attachments(server))
    connection.compute.delete_volume_attachment(server, one.volume_id)


def attach_interface(connection, server):
    network = connection.network.find_network("private")
    connection.compute.create_server_interface(server, net_id=network.id)


def detach_interface(connection, server):
    port = first(joined(connection, server))
    connection.compute.delete_server_interface(port.id, server=server)


def joined(connection, server):
    """The ports that it got later."""
    return [one for one in connection.network.ports(device_id=server) if one.name != DOOR]


def first(things):
    """Raises NothingThere."""
    for one in things:
        return one
    raise NothingThere


class NothingThere(Exception):
    """There is nothing to ask about."""


def _plain(name, *more):
    return lambda connection, server: getattr(connection.compute, name)(server, *more)


DEEDS = {
    "stop": _plain("stop_server"),
    "start": _plain("start_server"),
    "reboot": _plain("reboot_server", "HARD"),
    "pause": _plain("pause_server"),
    "unpause": _plain("unpause_server"),
    "suspend": _plain("suspend_server"),
    "resume": _plain("resume_server"),
    "rescue": _plain("rescue_server"),
    "unrescue": _plain("unrescue_server"),
    "shelve": _plain("shelve_server"),
    "unshelve": _plain("unshelve_server"),
    "resize": lambda c, s: c.compute.resize_server(s, other_flavor(c.compute, s)),
    "rebuild": lambda c, s: c.compute.rebuild_server(s, image=c.compute.get_server(s).image.id),
    "create image": _plain("create_server_image", COPY),
    "revert": _plain("revert_server_resize"),
    "confirm": _plain("confirm_server_resize"),
    "attach volume": attach_volume,
    "detach volume": detach_volume,
    "attach interface": attach_interface,
    "detach interface": detach_interface,
}
"""What is asked of a server."""
LOST_RACE = {"resize": (400,), "detach volume": (400, 404), "detach interface": (404,)}
"""Deed > what else than 409 it answers when another client was there first."""
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
        dice, connection = random.Random(SEED + number), self.cloud.connect()
        while not self.over.is_set():
            name, server = dice.choice(sorted(DEEDS)), dice.choice(self.servers)
            try:
                DEEDS[name](connection, server)
                self.begun.append(name)
            except NothingThere:
                pass
            except openstack.exceptions.HttpException as error:
                if error.status_code not in {409, *LOST_RACE.get(name, ())}:
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
    storage = connection.block_storage
    for volume in storage.volumes(name=DATA):
        assert volume.status == "available", volume
        storage.delete_volume(volume)
    assert wait_for(lambda: not list(storage.volumes(name=DATA)), REST_S, 0.3), cloud.log()
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
    strip(cloud, dice)
    cloud.nothing_stray()
    monkeypatch.setattr(audit, "OLD_S", -1.0)
    assert strays(cloud) == []


def lead_back(cloud, servers):
    """Every server ends ACTIVE, whatever it was."""
    for _ in BACK:
        found = rest(cloud, servers)
        away = [one for one in servers if found[one].status != "ACTIVE"]
        for one in away:
            DEEDS[BACK[found[one].status]](cloud.connect(), one)
        if not away:
            return
    raise AssertionError(found)


def strip(cloud, servers):
    """Running guests let go of all that they got."""
    connection = cloud.connect()
    for server in servers:
        for one in connection.compute.volume_attachments(server):
            connection.compute.delete_volume_attachment(server, one.volume_id)
        for port in joined(connection, server):
            connection.compute.delete_server_interface(port.id, server=server)
    rest(cloud, servers)
    for server in servers:
        left = [*connection.compute.volume_attachments(server), *joined(connection, server)]
        assert not left, (left, cloud.log())


def strays(cloud):
    """What nova-manage doctor finds."""
    looker = wiring.make_cloud(load.load(files=[str(cloud.state_dir / "nova.conf")]))
    try:
        return list(doctor.look(looker))
    finally:
        looker.cells.dispose()
