# SPDX-License-Identifier: Apache-2.0
"""A server whose root disk is a volume is rebuilt: what the volume service says decides."""

import pytest
from fixtures.saga_drive import run_due, settle
from fixtures.saga_servers import on_volume
from fixtures.world import NOTHING, World

from nova_appliance.actions import boot, delete, external_events, rebuild
from nova_appliance.actions.external_events import Event
from nova_appliance.actions.rebuild import RebuildRequest
from nova_appliance.common import clock, errors, ids
from nova_appliance.domain import root_image
from nova_appliance.domain.guest import PowerState


@pytest.fixture
def world(tmp_path):
    world = World(tmp_path, lease=1, max_failures=1)
    world.stand_by("host1")
    yield world
    world.stop()


@pytest.fixture
def server_id(world):
    """Its volume is of `tiny`; the test leaves nothing but the server, if that."""
    (server,) = boot.boot(world.cloud, world.context(auth_token="t"), on_volume(world)).servers
    settle(world)
    assert world.server(server.id).state == "active"
    yield server.id
    living = world.server(server.id, deleted=False)
    if living:
        delete.delete(world.cloud, world.context(), living)
        settle(world)
    assert world.left() == NOTHING


def begin(world, server_id, image_id=None, *, reimage=True, **asked):
    wanted = RebuildRequest(
        image_id=image_id or world.images.add(name="other").id, reimage=reimage, **asked
    )
    return rebuild.rebuild(world.cloud, world.context(), world.server(server_id), wanted)


def raw(world, server_id):
    (one,) = world.server(server_id).attachments
    return world.volumes.volumes[one.volume_id]


def hold(world, server_id, monkeypatch):
    """The volume service needs a while for the image."""
    write = type(world.volumes)._reimage

    def slow(volumes, volume_id, asked):
        write(volumes, volume_id, asked)
        volumes.volumes[volume_id]["status"] = "downloading"

    monkeypatch.setattr(type(world.volumes), "_reimage", slow)

    def is_writing():
        run_due(world, world.runner())
        return raw(world, server_id)["status"] == "downloading" and _waits(world)

    assert clock.wait_for(is_writing, 60, 0.05)


def _waits(world):
    return [row["parked"] for row in world.open_sagas()] == [None]


def test_the_guest_gets_the_new_image_on_its_old_volume(world, server_id):
    before = world.server(server_id)
    told = begin(world, server_id, changes={"name": "new"})
    assert (told.image, told.name, told.task) == (None, "new", "rebuilding")
    settle(world)
    after = world.server(server_id)
    assert (after.state, after.task, after.name, after.fault) == ("active", None, "new", None)
    (old,), (new,) = before.attachments, after.attachments
    assert (new.volume_id, new.id) == (old.volume_id, old.id)
    assert new.attachment_id != old.attachment_id
    assert new.connection
    assert root_image.of(after).id == raw(world, server_id)["volume_image_metadata"]["image_id"]
    (kept,) = world.volumes.attachments.values()
    assert (kept["id"], kept["status"]) == (new.attachment_id, "attached")
    guest = world.hypervisor().guests.get(server_id)
    assert (guest.power_state, guest.volumes) == (PowerState.RUNNING, (new.volume_id,))


def test_the_event_ends_the_wait(world, server_id, monkeypatch):
    begin(world, server_id)
    hold(world, server_id, monkeypatch)
    (waiting,) = world.open_sagas()
    raw(world, server_id)["status"] = "available"
    volume_id = raw(world, server_id)["id"]
    event = Event("volume-reimaged", server_id, volume_id)
    assert external_events.receive(world.cloud, world.context(), [event]) == (200,)
    (woken,) = world.open_sagas()
    assert woken["wake_at"] < waiting["wake_at"]
    settle(world)
    assert (world.server(server_id).state, world.server(server_id).fault) == ("active", None)


def test_a_volume_in_error_fails_the_server(world, server_id, monkeypatch):
    begin(world, server_id)
    hold(world, server_id, monkeypatch)
    raw(world, server_id)["status"] = "error"
    settle(world)
    broken = world.server(server_id)
    assert (broken.state, broken.task) == ("error", None)
    assert "its status is error" in broken.fault.message
    assert world.hypervisor().guests.get(server_id).power_state == PowerState.SHUTDOWN
    monkeypatch.undo()
    begin(world, server_id)
    settle(world)
    assert (world.server(server_id).state, world.server(server_id).fault) == ("active", None)


def test_the_wait_has_an_end(world, server_id, monkeypatch):
    world.cloud.conf.set_override("reimage_timeout_per_gb", 1)
    begin(world, server_id)
    hold(world, server_id, monkeypatch)
    settle(world)
    broken = world.server(server_id)
    assert (broken.state, broken.task) == ("error", None)
    assert "did not get its image in time" in broken.fault.message
    raw(world, server_id)["status"] = "available"


def test_a_refusal_leaves_the_guest_as_it_was(world, server_id, monkeypatch):
    def refuse(_volumes, _volume_id, _asked):
        raise errors.Invalid("Invalid image.")

    monkeypatch.setattr(type(world.volumes), "_reimage", refuse)
    before = root_image.of(world.server(server_id))
    begin(world, server_id)
    settle(world)
    after = world.server(server_id)
    assert (after.state, after.fault.message) == ("error", "Invalid image.")
    assert root_image.of(after) == before
    assert world.hypervisor().guests.get(server_id).power_state == PowerState.RUNNING


def test_a_deletion_waits_for_the_image_and_takes_the_volume_along(world, server_id, monkeypatch):
    begin(world, server_id)
    hold(world, server_id, monkeypatch)
    volume_id = raw(world, server_id)["id"]
    delete.delete(world.cloud, world.context(), world.server(server_id))
    for _ in range(3):
        run_due(world, world.runner())
    assert world.volumes.volumes[volume_id]["status"] == "downloading"
    world.volumes.volumes[volume_id]["status"] = "available"
    settle(world)
    assert world.server(server_id).deleted
    assert world.left() == NOTHING


def test_without_reimage_the_same_image_leaves_the_content(world, server_id, monkeypatch):
    monkeypatch.setattr(type(world.volumes), "_reimage", None)
    same = raw(world, server_id)["volume_image_metadata"]["image_id"]
    begin(world, server_id, same, reimage=False, changes={"name": "new"})
    settle(world)
    after = world.server(server_id)
    assert (after.state, after.name, after.fault) == ("active", "new", None)


def test_what_is_refused_at_once(world, server_id):
    add = world.images.add
    for reimage, image_id, words in (
        (False, add(name="other").id, "different image for a volume-backed server"),
        (True, ids.new_id(), "find requested image"),
        (True, add(min_disk_gib=2).id, "Volume is smaller"),
        (True, add(size_bytes=(1 << 30) + 1).id, "more than volume"),
        (True, add(min_ram_mib=1 << 20).id, "memory is too small"),
        (True, add(status="queued").id, "not active"),
    ):
        with pytest.raises((errors.Invalid, errors.NotFound), match=words):
            begin(world, server_id, image_id, reimage=reimage)
    with pytest.raises(errors.Invalid, match="certificate"):
        begin(world, server_id, changes={"trusted_certs": ("c",)})
    raw(world, server_id)["multiattach"] = True
    with pytest.raises(errors.Invalid, match="several servers"):
        begin(world, server_id)
    raw(world, server_id)["multiattach"] = False
    assert world.open_sagas() == []
