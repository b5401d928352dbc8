# SPDX-License-Identifier: Apache-2.0
"""QEMU's own agent in a guest: it changes the password, and holds file systems for copies.

What was never synced is in the copies: the image wants them quiesced or not at all.
"""

import subprocess

import pytest

from nova_appliance.common.clock import wait_for

pytestmark = pytest.mark.timeout(500)
PASSWORD = "new:pass wörd $6"
PROPERTIES = {"hw_qemu_guest_agent": "yes", "os_require_quiesce": "yes"}
FROZEN, THAWED = "file systems: freeze", "file systems: thaw"
CONNECTED = "name='org.qemu.guest_agent.0' state='connected'"


@pytest.fixture(scope="module")
def promised(cloud, image):
    """The tiny image, which says of itself that an agent is inside."""
    with cloud.image("promised", image, **PROPERTIES) as made:
        yield made


@pytest.fixture(scope="module")
def server(cloud, promised):
    made = cloud.make("answers", image_id=promised)
    cloud.wait_ready(made)
    answers = wait_for(lambda: CONNECTED in cloud.machine.virsh("dumpxml", made), 60, 0.3)
    assert answers, cloud.machine.virsh("dumpxml", made)
    yield made
    cloud.leave(made)


@pytest.fixture(scope="module")
def way_in(cloud, server):
    return cloud.open_door(server)


def shadow(cloud, door, user):
    rows = (row.split(":") for row in cloud.ssh(door, "cat /etc/shadow").splitlines())
    return next(row[1] for row in rows if row[0] == user)


def test_the_password_inside_becomes_the_one_that_was_given(cloud, server, way_in):
    other = shadow(cloud, way_in, "tiny")
    cloud.connect().compute.change_server_password(server, PASSWORD)
    _, method, salt, _ = shadow(cloud, way_in, "root").split("$")
    argv = ["openssl", "passwd", f"-{method}", "-salt", salt, "-stdin"]
    wanted = subprocess.run(
        argv, input=PASSWORD, capture_output=True, text=True, timeout=60, check=True
    )
    assert shadow(cloud, way_in, "root") == wanted.stdout.strip()
    assert shadow(cloud, way_in, "tiny") == other == "*"


def backup(cloud, server, number):
    """A backup of which two are kept; once it is there, the names of those that are left."""
    connection = cloud.connect()
    connection.compute.backup_server(server, f"day-{number}", "daily", 2)

    def there():
        found = list(connection.image.images(name=f"day-{number}"))
        return [one.status for one in found] == ["active"] and not cloud.whole.open_sagas()

    assert wait_for(there, 120, 0.3), cloud.log()
    return {one.name for one in connection.image.images() if one.name.startswith("day-")}


def test_two_backups_of_three_are_kept_and_a_server_starts_from_one(cloud, server, way_in):
    kept = []
    for number in (1, 2, 3):
        cloud.ssh(way_in, f"echo {number} >/data/day")
        kept.append(backup(cloud, server, number))
        assert cloud.said(server).count(FROZEN) == cloud.said(server).count(THAWED) == number
    assert kept == [{"day-1"}, {"day-1", "day-2"}, {"day-2", "day-3"}]
    assert cloud.ssh(way_in, "echo more >>/data/day; sync; cat /data/day") == "3\nmore\n"
    images = cloud.connect().image
    second = cloud.make("second", image_id=images.find_image("day-2").id)
    cloud.wait_ready(second)
    assert cloud.ssh(cloud.open_door(second), "cat /data/day") == "2\n"
    cloud.leave(second)
    for name in kept[-1]:
        images.delete_image(images.find_image(name))
    cloud.nothing_stray()
