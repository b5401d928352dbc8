# SPDX-License-Identifier: Apache-2.0
"""Servers move among fake hosts while they run; they are hastened, aborted, and never lost."""

import contextlib
from concurrent.futures import ThreadPoolExecutor

import msgspec
import pytest
import sqlalchemy as sa
from fixtures.cells import CELL1
from fixtures.saga_drive import attach_volume, settle
from fixtures.world import NOTHING

from nova_appliance.actions import live_migrate, suspension
from nova_appliance.common import clock, errors
from nova_appliance.compute import inventory
from nova_appliance.db import hosts, server_actions, server_migrations
from nova_appliance.domain.guest import PowerState
from nova_appliance.virt.fake.hypervisor import FakeDisks
from nova_appliance.virt.moves import CpuDiffers


@pytest.fixture(autouse=True)
def clean_slate(world):
    yield
    assert world.left() == NOTHING


def begin(world, server, **wanted):
    wish = live_migrate.LiveMigration(**wanted)
    live_migrate.migrate(world.cloud, world.context(), world.server(server.id), wish)


def move(world, server, **wanted):
    begin(world, server, **wanted)
    settle(world)
    return world.server(server.id)


def migration(world, server):
    query = server_migrations.Query(server_id=server.id)
    with world.cloud.cells.database(CELL1).read() as conn:
        return server_migrations.list_(conn, CELL1, query)[0]


def other(world, server):
    return next(host for host in world.computes if host != server.host)


def test_the_guest_goes_on_elsewhere(world, server):
    said = world.hypervisor(server.host).guest(server.id).console
    moved = move(world, server)
    assert (moved.state, moved.task, moved.host) == ("active", None, other(world, server))
    guest = world.hypervisor(moved.host).guest(server.id)
    assert (guest.console, guest.power_state) == (said, PowerState.RUNNING)
    assert world.hypervisor(server.host).guests.keys() == []
    assert world.hypervisor(server.host).disks.keys() == []
    assert [port.host for port in world.networks.ports(device_id=server.id)] == [moved.host]
    seen = migration(world, server)
    assert seen.status == "completed"
    assert seen.memory.processed == seen.memory.total > 0


def test_a_server_whose_own_host_is_down_stays(world, server):
    world.lose_host(server.host)
    left = move(world, server)
    assert (left.state, left.task, left.host) == ("active", None, server.host)
    assert left.fault.message == f"Compute service of {server.host} is unavailable at this time."
    assert migration(world, server).status == "error"
    world.raise_hosts()


def test_who_waits_hears_that_the_own_host_is_down(world, server):
    world.lose_host(server.host)
    with ThreadPoolExecutor(1) as pool:
        asked = pool.submit(begin, world, server, waits=True)
        assert clock.wait_for(lambda: bool(world.open_sagas()) or asked.done(), 30, 0.02)
        settle(world)
        with pytest.raises(errors.Invalid, match=r"pre-check error: Compute service .*unavailable"):
            asked.result(60)
    world.raise_hosts()


def test_a_paused_guest_stays_paused(world, server):
    suspension.pause(world.cloud, world.context(), server)
    settle(world)
    moved = move(world, server, host=other(world, server))
    assert (moved.state, moved.host) == ("paused", other(world, server))
    guest = world.hypervisor(moved.host).guest(server.id)
    assert guest.power_state == PowerState.PAUSED


def test_a_processor_that_does_not_suit_is_told(world, server):
    target = other(world, server)
    error = CpuDiffers(server.id, "avx512f is missing.")
    world.hypervisor(target).fail_next("admit", error)
    left = move(world, server)
    assert (left.state, left.host) == ("active", server.host)
    assert "avx512f is missing" in left.fault.message
    assert migration(world, server).status == "error"
    host = next(host for host in listed(world) if host.host == target)
    assert host.failed_builds == 0  # it may build what it likes


def listed(world):
    with world.cloud.cells.api.read() as conn:
        return hosts.list_(conn)


@contextlib.contextmanager
def reported(world, host, **facts):
    """The host says that it has these things."""
    agent = world.computes[host].agent
    seen = msgspec.structs.replace(agent.driver.inventory.read(), **facts)
    with world.cloud.cells.api.write() as conn:
        hosts.report(conn, CELL1, host, seen, inventory.limits(agent.conf, seen))
        conn.execute(sa.update(hosts.HOSTS).filter_by(host=host).values(disk_limit_gib=1 << 20))
    try:
        yield
    finally:
        inventory.send(agent)


TAKEN, WHOLE = 1 << 29, 1 << 30
"""The fake driver's disks are half full."""


@pytest.mark.parametrize(
    ("over_commit", "facts", "needed"),
    [
        (False, {"disk_free_gib": -1}, WHOLE),
        (False, {"disk_free_gib": 1, "disk_gib": 0}, 0),
        (True, {"disk_free_gib": -1, "disk_gib": 1}, 0),
        (True, {"disk_gib": 0}, TAKEN),
        (None, {"disk_gib": 0, "disk_free_gib": 0}, 0),
    ],
)
def test_disks_are_measured_as_it_is_wanted(world, server, over_commit, facts, needed):
    target = other(world, server)
    with reported(world, target, **facts):
        left = move(world, server, host=target, block=True, over_commit=over_commit)
    assert (left.state, left.task) == ("active", None)
    assert left.host == (server.host if needed else target)
    if needed:
        said = f"too large for host {target}: {needed} bytes are needed, and 0 are free"
        assert said in left.fault.message


def test_disks_that_nobody_copies_are_not_measured(world, server):
    """A volume-backed server has none: block migration is not asked for."""
    disks = world.hypervisor(server.host).disks
    whole = disks.get(server.id)
    disks.put(server.id, FakeDisks(server_id=server.id, disks=()))
    target = other(world, server)
    try:
        with reported(world, target, disk_free_gib=-1):
            moved = move(world, server, host=target, block=False, over_commit=False)
    finally:
        disks.put(server.id, whole)
    assert moved.host == target
    disks.drop(server.id)


def test_the_target_is_not_told_what_the_disks_take(world, server, monkeypatch):
    """A host of the release before would not know the word."""
    told = []
    live = world.computes[other(world, server)].agent.driver.live
    monkeypatch.setattr(type(live), "admit", _noting(type(live).admit, told))
    assert move(world, server).host == other(world, server)
    assert [passport.taken_bytes for passport in told] == [0]


def _noting(admit, told):
    def noted(self, guest, passport, *, shared):
        told.append(passport)
        return admit(self, guest, passport, shared=shared)

    return noted


@pytest.mark.parametrize("deed", ["go", "switch"])
def test_a_move_that_fails_leaves_the_guest_where_it_runs(world, server, deed):
    error = errors.Refused("The wire broke.")
    world.hypervisor(server.host).fail_next(deed, error)
    left = move(world, server)
    assert (left.state, left.task, left.host) == ("active", None, server.host)
    assert world.hypervisor(other(world, server)).disks.keys() == []


def test_shared_storage_is_not_feigned(world, server):
    left = move(world, server, block=False)
    assert left.host == server.host
    assert "do not share storage" in left.fault.message


def test_old_versions_hear_of_it_at_once(world, server):
    world.add_conductor()
    with pytest.raises(errors.Invalid, match="do not share storage"):
        begin(world, server, block=False, waits=True)
    world.wait_active(server.id)


def test_abort_leaves_the_guest_here(world, server):
    begin(world, server)
    move_ = migration(world, server)
    with world.cloud.cells.database(CELL1).write() as conn:
        server_migrations.turn(conn, move_.id, ("accepted",), "running")
    live_migrate.abort(
        world.cloud, world.context(), world.server(server.id), migration(world, server), early=False
    )
    settle(world)
    assert world.server(server.id).host == server.host
    assert migration(world, server).status == "cancelled"
    with world.cloud.cells.database(CELL1).read() as conn:
        actions = server_actions.list_(conn, server.id)
    assert actions[0].action == "live_migration_cancel"


def test_only_what_runs_is_aborted_or_hastened(world, server):
    begin(world, server)
    for act in (
        lambda *given: live_migrate.abort(*given, early=False),
        live_migrate.force,
    ):
        with pytest.raises(errors.Invalid):
            act(world.cloud, world.context(), world.server(server.id), migration(world, server))
    settle(world)
    with pytest.raises(errors.Conflict):
        live_migrate.force(
            world.cloud, world.context(), world.server(server.id), migration(world, server)
        )


@pytest.mark.parametrize("host", ["nowhere", ""])
def test_wrong_targets_are_refused(world, server, host):
    with pytest.raises(errors.Invalid):
        begin(world, server, host=host or server.host)


def test_volumes_are_had_where_the_server_is(world, server):
    """The target gets attachments of its own while the source still has its; one is left."""
    attach_volume(world, world.server(server.id))
    settle(world)
    before = world.server(server.id).attachments[0]
    moved = move(world, server)
    (now,) = moved.attachments
    assert (now.id, now.volume_id) == (before.id, before.volume_id)
    assert list(world.volumes.attachments) == [now.attachment_id] != [before.attachment_id]
    known = world.volumes.attachments[now.attachment_id]
    assert (known["connector"]["host"], known["status"]) == (moved.host, "attached")
    assert now.connection == world.volumes.connection(now.attachment_id)


def test_a_move_that_fails_leaves_volumes_at_the_source(world, server):
    attach_volume(world, world.server(server.id))
    settle(world)
    before = world.server(server.id).attachments
    world.hypervisor(server.host).fail_next("go", errors.Refused("It stays."))
    moved = move(world, server)
    assert (moved.host, moved.attachments) == (server.host, before)
    assert list(world.volumes.attachments) == [before[0].attachment_id]
