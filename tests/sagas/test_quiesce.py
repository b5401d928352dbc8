# SPDX-License-Identifier: Apache-2.0
"""Images of servers that boot from a volume: their guests hold still while volumes are copied."""

import datetime as dt

import pytest
from fixtures.saga_drive import settle
from fixtures.world import World

from nova_appliance.actions import boot, create_image, outcome
from nova_appliance.common import clock, errors
from nova_appliance.compute.work import freeze
from nova_appliance.domain.boot import BlockDevice
from nova_appliance.virt.driver import NoGuestAgent

TRY = {"hw_qemu_guest_agent": "yes"}
MUST = TRY | {"os_require_quiesce": "yes"}


@pytest.fixture
def world(tmp_path):
    world = World(tmp_path, lease=1, order_timeout=1)
    world.stand_by("host1")
    yield world
    world.stop()


class Copied:
    """A server on a volume of an image with these properties, and how its guest was copied."""

    def __init__(self, world, properties):
        self.world, self.frozen = world, []
        facts = {"image_id": world.image.id} | properties
        disk = world.volumes.add(bootable="true", volume_image_metadata=facts).id
        devices = (
            BlockDevice(source_type="volume", destination_type="volume", boot_index=0, uuid=disk),
        )
        request = world.request(image_id=None, block_devices=devices)
        (made,) = boot.boot(world.cloud, world.context(auth_token="t"), request).servers
        settle(world)
        self.id = made.id
        self._snapshot = world.volumes.snapshot
        world.volumes.snapshot = self.snapshot

    def is_frozen(self):
        return self.world.hypervisor().guest(self.id).frozen

    def snapshot(self, *args):
        self.frozen.append(self.is_frozen())
        return self._snapshot(*args)

    def ask(self):
        """The image's id; raises what came of it."""
        world, context = self.world, self.world.context(auth_token="t")
        server = world.server(self.id)
        wanted = create_image.image_of(context, server, "copy", {})
        image_id, saga = create_image.begin_of_volumes(world.cloud, context, server, wanted)
        settle(world)
        outcome.ended(world.cloud, saga)
        return image_id

    def nothing_is_left(self):
        assert not self.is_frozen()
        assert not self.world.volumes.snapshots
        assert [image.name for image in self.world.images.images.values()] == ["tiny"]


@pytest.mark.parametrize(("properties", "held"), [(TRY, True), (MUST, True), ({}, False)])
def test_a_guest_holds_still_if_its_image_has_the_agent(world, properties, held):
    copied = Copied(world, properties)
    assert copied.ask() in world.images.images
    assert copied.frozen == [held]
    assert not copied.is_frozen()


def test_a_copy_that_fails_leaves_no_guest_frozen(world, monkeypatch):
    copied = Copied(world, TRY)

    def full(*_args):
        assert copied.is_frozen()
        raise errors.OverQuota("No more snapshots.")

    monkeypatch.setattr(world.volumes, "snapshot", full)
    with pytest.raises(errors.OverQuota):
        copied.ask()
    copied.nothing_is_left()


def test_without_an_agent_it_is_copied_as_it_runs_unless_that_is_forbidden(world):
    for properties in (TRY, MUST):
        copied = Copied(world, properties)
        world.hypervisor().fail_next("freeze", NoGuestAgent(copied.id, "nobody listens"))
        if properties is TRY:
            world.images.discard(copied.ask())
            assert copied.frozen == [False]
            world.volumes.snapshots.clear()
        else:
            with pytest.raises(errors.Invalid, match=r"not supported in .*nobody listens"):
                copied.ask()
            assert copied.frozen == []
        copied.nothing_is_left()


def test_a_host_that_is_down_is_not_waited_for(world, monkeypatch):
    copied = Copied(world, TRY)
    world.lose_host("host1")
    monkeypatch.setattr(world.cloud.rpc, "at", None)
    assert copied.ask() in world.images.images
    assert copied.frozen == [False]


def test_a_copy_that_took_too_long_is_none_where_holding_still_is_required(world, monkeypatch):
    copied = Copied(world, MUST)
    agent = world.computes["host1"].agent

    def slow(*args):
        made = copied.snapshot(*args)
        then = agent.clock.now() + dt.timedelta(seconds=freeze.LASTS_S + 1)
        monkeypatch.setattr(agent, "clock", clock.Clock(now=lambda: then))
        return made

    monkeypatch.setattr(world.volumes, "snapshot", slow)
    with pytest.raises(errors.Invalid, match="did not hold still"):
        copied.ask()
    assert copied.frozen == [True]
    copied.nothing_is_left()
