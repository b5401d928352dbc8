# SPDX-License-Identifier: Apache-2.0
"""The doctor finds each kind of stray once, mends it, and finds nothing then."""

import argparse
import dataclasses
import datetime as dt
import random

import msgspec
import pytest
import sqlalchemy as sa
from fixtures import saga_drive
from fixtures.cells import CELL1
from fixtures.saga_drive import clean_up, run_due, settle
from fixtures.world import NOTHING

from nova_appliance.actions import boot, create_image, delete, power
from nova_appliance.cmd import manage_doctor
from nova_appliance.common import errors, ids
from nova_appliance.conductor import audit, chores, doctor
from nova_appliance.db import hosts, server_mappings, servers
from nova_appliance.db.tables import api, cell
from nova_appliance.domain.attachment import Attachment
from nova_appliance.domain.guest import Disk
from nova_appliance.domain.host import Amounts
from nova_appliance.rpc import inprocess
from nova_appliance.rpc.client import Client
from nova_appliance.rpc.transport import door_to
from nova_appliance.virt.fake.hypervisor import FakeDisks
from nova_appliance.virt.fake.lifecycle import FakeLifecycle


@pytest.fixture
def server(world, monkeypatch):
    monkeypatch.setattr(audit, "OLD_S", -1.0)
    monkeypatch.setattr(chores, "ORPHAN_S", -1.0)
    (made,) = boot.boot(world.cloud, world.context(), world.request()).servers
    settle(world)
    yield world.server(made.id)
    clean_up(world, made.id)
    assert world.left() == NOTHING


def found(world):
    return list(doctor.look(world.cloud))


def change(world, table, where, **values):
    with world.cloud.cells.database(CELL1).write() as conn:
        conn.execute(sa.update(table).where(where).values(values))


def stray_claim(world, server):
    other = next(row for row in world.rows(api.HOSTS) if row["host"] != server.host)
    amounts = Amounts(vcpus=1, memory_mib=1, disk_gib=1)
    world.cloud.cells.api.transact(
        lambda conn: hosts.claim(conn, other["id"], server.id, amounts, "move")
    )


def wrong_sum(world, _server):
    with world.cloud.cells.api.write() as conn:
        conn.execute(sa.update(api.HOSTS).values(vcpus_used=77))


def wrong_quota(world, server):
    world.cloud.cells.api.transact(lambda conn: server_mappings.resize(conn, server.id, 7, 7))


def lost_mapping(world, server):
    world.cloud.cells.api.transact(lambda conn: server_mappings.remove(conn, server.id))


def lost_task(world, server):
    change(world, cell.SERVERS, cell.SERVERS.c.id == server.id, task="rebooting")


def stray_disk(world, server):
    """What a deleted server has left on a host."""
    other = next(host for host in world.computes if host != server.host)
    record = FakeDisks(server_id=server.id, disks=(Disk(name="disk", size_gib=1),))
    world.hypervisor(other).disks.put(server.id, record)


def lost_claim(world, server):
    world.cloud.cells.api.transact(lambda conn: hosts.release(conn, server.id))


def kept_volume(world, server):
    """The volume service keeps a volume for a server that does not have it."""
    world.volumes.reserve(world.volumes.add().id, server.id)


def volume_kept_for_the_dead(world, server):
    world.volumes.reserve(world.volumes.add().id, deleted(world))
    del server


def lost_attachment(world, server):
    """The volume service forgot that the server has the volume."""
    saga_drive.ASK["attach_volume"](world, server)
    settle(world)
    world.volumes.attachments.clear()


def lost_volume(world, server):
    """The volume itself is gone."""
    lost_attachment(world, server)
    world.volumes.volumes.clear()


def bound_port(world, _server):
    """A user's own port still bears the name of a deleted server."""
    port = world.networks.add_port(world.network.id)
    world.networks.bind_port(port.id, "host1", deleted(world), "nova")


def image_of(world, server, created_at="2026-01-01T00:00:00Z"):
    """What nova-api leaves that dies between making an image and asking for its data."""
    wanted = create_image.image_of(world.context(), server, "empty", {})
    image = world.images.create(wanted)
    world.images.images[image.id] = msgspec.structs.replace(image, created_at=created_at)
    return image


def nowhere(world, _server):
    """A mapping whose server was never written."""
    mapping = server_mappings.Mapping(
        server_id=ids.new_id(), cell_id=CELL1, project_id="p1", user_id="u1", vcpus=1, memory_mib=1
    )
    world.cloud.cells.api.transact(lambda conn: server_mappings.add(conn, (mapping,)))


def deleted(world):
    """The id of a server that was deleted."""
    (gone,) = boot.boot(world.cloud, world.context(), world.request()).servers
    settle(world)
    delete.delete(world.cloud, world.context(), world.server(gone.id))
    settle(world)
    return gone.id


HARMS = (
    (stray_claim, "claim"),
    (wrong_sum, "sum"),
    (wrong_quota, "quota"),
    (lost_mapping, "mapping"),
    (lost_task, "task"),
    (stray_disk, "guest or disk"),
    (lost_claim, "server"),
    (kept_volume, "kept volume"),
    (volume_kept_for_the_dead, "kept volume"),
    (lost_attachment, "attachment"),
    (lost_volume, "attachment"),
    (bound_port, "bound port"),
    (nowhere, "reservation"),
    (image_of, "empty image"),
)
"""What may have happened, and what the doctor calls it."""
LAST = (lost_mapping, lost_task)
"""After these nothing can be asked of the server any more."""
ROUNDS = 3
"""What one finding hides shows after that one was mended."""


@pytest.mark.parametrize(("harm", "kind"), HARMS)
def test_what_is_wrong_is_found_and_mended(world, server, harm, kind):
    assert found(world) == []
    harm(world, server)
    seen = found(world)
    assert kind in {finding.kind for finding in seen}
    for finding in seen:
        finding.mend()
    assert found(world) == []
    after = world.server(server.id)
    assert (after.state, after.task, after.host) == ("active", None, server.host)
    forget_what_users_made(world)


def test_a_cloud_without_a_volume_service_is_well(world, server, monkeypatch):
    def ask(*_asked, **_options):
        raise errors.Absent("The cloud's catalog has no block-storage service.")

    monkeypatch.setattr(world.volumes, "ask", ask)
    assert found(world) == []
    names = {"volume_id": ids.new_id(), "attachment_id": ids.new_id()}
    kept = Attachment(id=ids.new_id(), device="/dev/vdb", **names)
    with world.cloud.cells.database(CELL1).write() as conn:
        servers.change(conn, server.id, attachments=(kept,))
    assert [(finding.kind, finding.mend) for finding in found(world)] == [("unreachable", None)]
    with world.cloud.cells.database(CELL1).write() as conn:
        servers.change(conn, server.id, attachments=())


@pytest.mark.parametrize("seed", range(6))
def test_whatever_went_wrong_together_is_mended(world, server, seed):
    dice = random.Random(seed)
    harms = dice.sample([harm for harm, _ in HARMS], dice.randint(3, 8))
    for harm in sorted(harms, key=lambda one: one in LAST):
        harm(world, server)
    for _ in range(ROUNDS):
        for finding in found(world):
            finding.mend()
    assert found(world) == [], harms
    after = world.server(server.id)
    assert (after.state, after.task, after.host) == ("active", None, server.host)
    forget_what_users_made(world)


def forget_what_users_made(world):
    """Volumes and ports of users are theirs; they stay, and are in nobody's way."""
    for attachment_id in list(world.volumes.attachments):
        assert world.server(world.volumes.attachments[attachment_id]["server_id"]) is not None
    for port in list(world.networks.all_ports.values()):
        if not port.device_id:
            world.networks.delete_port(port.id)


def test_a_saga_that_nobody_would_wake_is_woken(world, server):
    power.stop(world.cloud, world.context(), server)
    late = world.cloud.clock.now() + dt.timedelta(days=1)
    change(world, cell.SAGAS, cell.SAGAS.c.server_id == server.id, wake_at=late)
    assert not run_due(world, world.runner())
    (seen,) = [finding for finding in found(world) if finding.kind == "sleeping saga"]
    assert (seen.thing, seen.where) == (server.id, "stop")
    seen.mend()
    settle(world)
    assert world.server(server.id).state == "stopped"
    assert found(world) == []


def test_an_image_that_may_be_filled_yet_is_left_alone(world, server):
    new = image_of(world, server, f"{world.cloud.clock.now().isoformat(timespec='seconds')}Z")
    users_own = world.images.add(status="queued", created_at="2026-01-01T00:00:00Z")
    assert found(world) == []
    old = image_of(world, server)
    power.stop(world.cloud, world.context(), server)  # some order of the server is at work
    assert "empty image" not in {finding.kind for finding in found(world)}
    settle(world)
    (seen,) = found(world)
    assert (seen.kind, seen.thing, seen.where) == ("empty image", server.id, old.id)
    seen.mend()
    assert old.id not in world.images.images
    assert {new.id, users_own.id} <= world.images.images.keys()
    for image in (new, users_own):
        world.images.discard(image.id)


def test_what_a_host_cannot_remove_is_not_called_mended(world, server, monkeypatch):
    stray_disk(world, server)
    monkeypatch.setattr(FakeLifecycle, "destroy", busy)
    monkeypatch.setattr(manage_doctor.wiring, "make_cloud", lambda _conf: world.cloud)
    monkeypatch.setattr(manage_doctor, "_certificates", lambda _cloud: iter(()))
    monkeypatch.setattr(manage_doctor, "_own_folders", lambda _conf: iter(()))
    given = argparse.Namespace(fix=True)
    answer = manage_doctor.examine(world.cloud.conf, world.cloud.cells, given)
    assert [row["done"] for row in answer.rows] == ["Not mended: The disk is busy."]
    assert not answer.is_sound
    monkeypatch.undo()
    for finding in found(world):
        finding.mend()
    assert found(world) == []


def busy(_lifecycle, _server_id):
    raise errors.Refused("The disk is busy.")


@pytest.fixture
def outside(world, monkeypatch, tmp_path):
    """The cloud, seen from a process in which nobody listens; and the door of the one that is it."""
    world.cloud.conf.set_override("state_path", str(tmp_path))
    door = door_to(world.cloud.conf)
    monkeypatch.setattr(inprocess, "_EXCHANGES", {})
    yield dataclasses.replace(world.cloud, rpc=Client(world.cloud.conf)), door
    door.stop()


def test_hosts_inside_of_another_process_are_asked_through_its_door(world, server, outside):
    cloud, door = outside
    seen = [(one.kind, one.thing, one.why) for one in doctor.look(cloud)]
    gone = "nova-compute on {} cannot be reached."
    assert seen == [("unreachable", host, gone.format(host)) for host in ("host1", "host2")]
    door.start()
    assert list(doctor.look(cloud)) == []
    stray_disk(world, server)
    (finding,) = doctor.look(cloud)
    assert (finding.kind, finding.thing) == ("guest or disk", server.id)
    finding.mend()
    assert list(doctor.look(cloud)) == []


def test_a_host_that_is_away_is_said(world, server):
    world.lose_host("host1")
    assert [(one.kind, one.thing) for one in found(world)] == [("unreachable", "host1")]
    world.raise_hosts()
    assert ids.is_id(server.id)
