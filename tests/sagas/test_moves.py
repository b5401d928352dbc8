# SPDX-License-Identifier: Apache-2.0
"""Servers change flavor and host among fake hosts: claims, quota, disks, ports, and back again."""

import pytest
from fixtures.cells import CELL1
from fixtures.saga_drive import attach_volume, clean_up, settle
from fixtures.world import FLAVOR, LARGE, NOTHING, World

from nova_appliance.actions import boot, delete, power, rebuild, resize
from nova_appliance.common import errors
from nova_appliance.conductor import audit, confirm_old
from nova_appliance.db import flavors, server_mappings, server_migrations
from nova_appliance.db.tables import api
from nova_appliance.domain import numa
from nova_appliance.domain.flavor import Flavor
from nova_appliance.domain.guest import PowerState

SMALL_DISK = Flavor(id="3", name="m1.nodisk", vcpus=1, memory_mib=64, root_gib=1, ephemeral_gib=1)
CELLS = Flavor(id="5", name="m1.cells", vcpus=2, memory_mib=64, root_gib=1,
               extra_specs={"hw:numa_nodes": "2"})  # fmt: skip
ODD = Flavor(id="6", name="m1.odd", vcpus=1, memory_mib=64, root_gib=1,
             extra_specs={"hw:numa_nodes": "2"})  # fmt: skip
HUGE = Flavor(id="4", name="m1.huge", vcpus=9999, memory_mib=64, root_gib=1)


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    world = World(tmp_path_factory.mktemp("world"), lease=1, max_failures=2)
    with world.cloud.cells.api.write() as conn:
        for flavor in (SMALL_DISK, HUGE, CELLS, ODD):
            flavors.add(conn, flavor)
    world.stand_by("host1", "host2")
    yield world
    world.stop()


@pytest.fixture(autouse=True)
def clean_slate(world):
    yield
    world.cloud.conf.clear_override("allow_resize_to_same_host")
    assert world.left() == NOTHING


@pytest.fixture
def server(world):
    (made,) = boot.boot(world.cloud, world.context(), world.request()).servers
    settle(world)
    yield world.server(made.id)
    clean_up(world, made.id)


def ask(world, act, server, *more):
    act(world.cloud, world.context(), world.server(server.id), *more)
    settle(world)
    return world.server(server.id)


def grow(world, server, flavor=LARGE):
    return ask(world, resize.resize, server, resize.Resize(flavor.id))


def claims(world, server):
    hosts = {row["id"]: row["host"] for row in world.rows(api.HOSTS)}
    return {
        (hosts[row["host_id"]], row["purpose"]): (row["vcpus"], row["memory_mib"])
        for row in world.rows(api.CLAIMS)
        if row["server_id"] == server.id
    }


def migrations(world, server):
    query = server_migrations.Query(server_id=server.id)
    with world.cloud.cells.database(CELL1).read() as conn:
        return server_migrations.list_(conn, CELL1, query)


def counted(world, server):
    with world.cloud.cells.api.read() as conn:
        mapping = server_mappings.get(conn, server.id)
    return mapping.vcpus, mapping.memory_mib


def test_resize_confirm(world, server):
    moved = grow(world, server)
    assert (moved.state, moved.task, moved.flavor.name) == ("resized", None, "m1.large")
    assert moved.host != server.host
    assert claims(world, server) == {(server.host, "kept"): (1, 64), (moved.host, "run"): (2, 128)}
    assert world.hypervisor(server.host).kept.keys() == [server.id]
    guest = world.hypervisor(moved.host).guest(server.id)
    assert (guest.vcpus, guest.memory_mib, guest.power_state) == (2, 128, PowerState.RUNNING)
    assert [port.host for port in world.networks.ports(device_id=server.id)] == [moved.host]
    (migration,) = migrations(world, server)
    assert (migration.status, migration.kind) == ("finished", "resize")
    assert (migration.source_host, migration.target_host) == (server.host, moved.host)
    assert counted(world, server) == (2, 128)
    done = ask(world, resize.confirm, server)
    assert (done.state, done.host, done.fault) == ("active", moved.host, None)
    assert claims(world, server) == {(moved.host, "run"): (2, 128)}
    assert world.hypervisor(server.host).kept.keys() == []
    assert migrations(world, server)[0].status == "confirmed"


def test_resize_revert(world, server):
    grow(world, server)
    back = ask(world, resize.revert, server)
    assert (back.state, back.host, back.flavor.name) == ("active", server.host, FLAVOR.name)
    assert claims(world, server) == {(server.host, "run"): (1, 64)}
    assert counted(world, server) == (1, 64)
    guest = world.hypervisor(server.host).guest(server.id)
    assert (guest.memory_mib, guest.power_state) == (64, PowerState.RUNNING)
    assert [port.host for port in world.networks.ports(device_id=server.id)] == [server.host]
    assert migrations(world, server)[0].status == "reverted"


def test_a_revert_without_its_source_is_called_off(world, server):
    """The source goes down when the revert was asked for and has not begun: nothing is lost."""
    moved = grow(world, server)
    resize.revert(world.cloud, world.context(), moved)
    world.lose_host(server.host)
    settle(world)
    waits = world.server(server.id)
    assert (waits.state, waits.task, waits.host) == ("resized", None, moved.host)
    assert waits.flavor.id == LARGE.id
    assert waits.fault.message == f"Host {server.host} went down."
    assert migrations(world, server)[0].status == "finished"
    with pytest.raises(errors.Conflict):
        resize.revert(world.cloud, world.context(), waits)
    world.raise_hosts()
    back = ask(world, resize.revert, server)
    assert (back.state, back.host, back.flavor.id) == ("active", server.host, FLAVOR.id)
    assert migrations(world, server)[0].status == "reverted"


@pytest.mark.parametrize(("end", "flavor"), [(resize.confirm, LARGE), (resize.revert, FLAVOR)])
def test_on_one_host(world, server, end, flavor):
    world.cloud.conf.set_override("allow_resize_to_same_host", True)
    other = next(host for host in world.computes if host != server.host)
    world.cloud.cells.api.transact(
        lambda conn: conn.execute(
            api.HOSTS.update().where(api.HOSTS.c.host == other).values(disabled=True)
        )
    )
    moved = grow(world, server)
    assert (moved.state, moved.host) == ("resized", server.host)
    assert claims(world, server) == {(server.host, "kept"): (1, 64), (server.host, "run"): (2, 128)}
    done = ask(world, end, server)
    assert (done.state, done.host, done.flavor.name) == ("active", server.host, flavor.name)
    assert claims(world, server) == {(server.host, "run"): (flavor.vcpus, flavor.memory_mib)}
    guest = world.hypervisor(server.host).guest(server.id)
    assert (guest.memory_mib, guest.power_state) == (flavor.memory_mib, PowerState.RUNNING)
    world.cloud.cells.api.transact(
        lambda conn: conn.execute(api.HOSTS.update().values(disabled=False))
    )


def test_a_stopped_server_stays_stopped(world, server):
    ask(world, power.stop, server)
    moved = grow(world, server)
    assert (moved.state, moved.power) == ("resized", PowerState.SHUTDOWN)
    back = ask(world, resize.revert, server)
    assert back.state == "stopped"
    started = ask(world, power.start, server)
    assert (started.state, started.host) == ("active", server.host)


def test_a_stopped_server_is_confirmed_as_stopped(world, server):
    ask(world, power.stop, server)
    grow(world, server)
    assert ask(world, resize.confirm, server).state == "stopped"


def test_cold_migration_leaves_the_host(world, server):
    other = next(host for host in world.computes if host != server.host)
    moved = ask(world, resize.migrate, server, other)
    assert (moved.state, moved.host, moved.flavor.name) == ("resized", other, FLAVOR.name)
    assert migrations(world, server)[0].kind == "migration"
    assert ask(world, resize.confirm, server).state == "active"


def test_a_resized_server_can_be_deleted(world, server):
    moved = grow(world, server)
    assert moved.state == "resized"
    delete.delete(world.cloud, world.context(), moved)
    settle(world)
    assert world.server(server.id).deleted
    assert migrations(world, server)[0].status == "deleted"


def test_nothing_is_stray_while_a_resize_waits(world, server, monkeypatch):
    moved = grow(world, server)
    monkeypatch.setattr(audit, "OLD_S", -1.0)
    assert audit.release_claims(world.cloud) == 0
    assert len(claims(world, server)) == 2
    for host in (server.host, moved.host):
        agent = world.computes[host].agent
        assert "reap" not in {deed.kind for deed in reconcile_deeds(agent)}


def reconcile_deeds(agent):
    from nova_appliance.compute import reconcile  # noqa: PLC0415 - beside its only use

    found = reconcile.look(agent)
    return reconcile.plan(reconcile.ask(agent, found.servers), found, resume=False)


def test_a_volume_is_reached_from_where_the_server_is(world, server):
    attach_volume(world, world.server(server.id))
    settle(world)
    for act, more in ((resize.resize, [resize.Resize(LARGE.id)]), (resize.revert, [])):
        moved = ask(world, act, server, *more)
        (volume,) = [one for one in moved.attachments if one.is_volume]
        assert volume.connection
        attached = world.volumes.attachments[volume.attachment_id]
        assert attached["connector"]["host"] == moved.host, attached
    assert moved.state == "active"


def test_old_resizes_are_confirmed(world, server):
    grow(world, server)
    assert confirm_old.confirm_old(world.cloud) == 0
    world.cloud.conf.set_override("resize_confirm_window", 1)
    world.wait(server.id, lambda _: confirm_old.confirm_old(world.cloud) == 1)
    world.cloud.conf.clear_override("resize_confirm_window")
    settle(world)
    assert world.server(server.id).state == "active"


def test_no_room_leaves_the_server_as_it_was(world, server):
    world.cloud.conf.set_override("cores", 100000, "quota")
    after = grow(world, server, HUGE)
    world.cloud.conf.set_override("cores", 1000, "quota")
    assert (after.state, after.task, after.flavor.name) == ("active", None, FLAVOR.name)
    assert after.fault.message.startswith("No valid host was found.")
    assert counted(world, server) == (1, 64)
    assert migrations(world, server)[0].status == "error"
    guest = world.hypervisor(server.host).guest(server.id)
    assert guest.power_state == PowerState.RUNNING


def test_a_resize_that_comes_too_late_takes_nothing_from_the_first(world, server):
    read = world.server(server.id)
    resize.resize(world.cloud, world.context(), read, resize.Resize(LARGE.id))
    wanted = (LARGE.vcpus, LARGE.memory_mib)
    assert counted(world, server) == wanted
    with pytest.raises(errors.Conflict):
        resize.resize(world.cloud, world.context(), read, resize.Resize(SMALL_DISK.id))
    assert counted(world, server) == wanted
    settle(world)
    assert world.server(server.id).flavor.name == LARGE.name
    ask(world, resize.revert, server)
    assert counted(world, server) == (FLAVOR.vcpus, FLAVOR.memory_mib)


def test_a_resize_that_comes_after_something_else_counts_nothing(world, server):
    read = world.server(server.id)
    power.stop(world.cloud, world.context(), read)
    with pytest.raises(errors.Conflict):
        resize.resize(world.cloud, world.context(), read, resize.Resize(LARGE.id))
    assert counted(world, server) == (FLAVOR.vcpus, FLAVOR.memory_mib)
    settle(world)
    assert world.server(server.id).state == "stopped"
    assert counted(world, server) == (FLAVOR.vcpus, FLAVOR.memory_mib)


def test_disks_do_not_shrink(world, server):
    grow(world, server)
    ask(world, resize.confirm, server)
    small = grow(world, server, SMALL_DISK)
    assert (small.state, small.flavor.name) == ("active", "m1.large")
    assert "Resize down is not allowed" in small.fault.message


def test_a_host_that_fails_is_left_out(world, server):
    other = next(host for host in world.computes if host != server.host)
    world.hypervisor(other).fail_next("fetch", OSError("disk on fire"), times=5)
    after = grow(world, server)
    assert (after.state, after.host) == ("active", server.host)
    assert "disk on fire" in after.fault.message
    world.hypervisor(other)._failures.clear()


@pytest.mark.parametrize(
    ("act", "more", "error"),
    [
        (resize.resize, resize.Resize("none"), errors.Invalid),
        (resize.resize, resize.Resize(FLAVOR.id), errors.Invalid),
        (resize.resize, resize.Resize(HUGE.id), errors.OverQuota),
        (resize.migrate, "nowhere", errors.Invalid),
    ],
)
def test_wrong_wishes_are_refused(world, server, act, more, error):
    with pytest.raises(error):
        act(world.cloud, world.context(), world.server(server.id), more)
    assert counted(world, server) == (1, 64)


def test_the_own_host_is_refused(world, server):
    with pytest.raises(errors.Invalid, match="can't be the same"):
        resize.migrate(world.cloud, world.context(), server, server.host)


def test_confirm_and_revert_need_a_resized_server(world, server):
    for act in (resize.confirm, resize.revert):
        with pytest.raises(errors.Conflict):
            act(world.cloud, world.context(), server)


def test_of_confirm_and_revert_one_wins(world, server):
    moved = grow(world, server)
    resize.confirm(world.cloud, world.context(), moved)
    with pytest.raises(errors.Conflict):
        resize.revert(world.cloud, world.context(), moved)
    settle(world)
    assert world.server(server.id).state == "active"


def test_cells_are_those_of_the_flavor_that_the_server_has(world, server):
    """What GET /servers/{id}/topology shows."""

    def cells_of(now):
        return [cell.vcpus for cell in numa.cells_of(now.system_metadata)]

    assert cells_of(grow(world, server, CELLS)) == [(0,), (1,)]
    assert cells_of(ask(world, resize.revert, server)) == []
    grow(world, server, CELLS)
    assert cells_of(ask(world, resize.confirm, server)) == [(0,), (1,)]
    with pytest.raises(errors.Invalid, match="hw:numa_nodes is 2"):
        grow(world, server, ODD)
    other = world.images.add(properties={"hw_numa_nodes": "1"})
    with pytest.raises(errors.Invalid, match="hw_numa"):
        ask(world, rebuild.rebuild, server, rebuild.RebuildRequest(image_id=other.id))
    grow(world, server)
    assert cells_of(ask(world, resize.confirm, server)) == []
    with pytest.raises(errors.Invalid, match="NUMA topology cannot be changed"):
        ask(world, rebuild.rebuild, server, rebuild.RebuildRequest(image_id=other.id))
