# SPDX-License-Identifier: Apache-2.0
"""The doctor finds each kind of stray once, mends it, and finds nothing then."""

import pytest
import sqlalchemy as sa
from fixtures.cells import CELL1
from fixtures.saga_drive import clean_up, settle
from fixtures.world import NOTHING, World

from nova_appliance.actions import boot
from nova_appliance.common import ids
from nova_appliance.conductor import audit, doctor
from nova_appliance.db import hosts, server_mappings
from nova_appliance.db.tables import api, cell
from nova_appliance.domain.guest import Disk
from nova_appliance.domain.host import Amounts
from nova_appliance.virt.fake.hypervisor import FakeDisks


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    world = World(tmp_path_factory.mktemp("world"), lease=1, max_failures=1)
    world.stand_by("host1", "host2")
    yield world
    world.stop()


@pytest.fixture
def server(world, monkeypatch):
    monkeypatch.setattr(audit, "OLD_S", -1.0)
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


@pytest.mark.parametrize(
    ("harm", "kind"),
    [
        (stray_claim, "claim"),
        (wrong_sum, "sum"),
        (wrong_quota, "quota"),
        (lost_mapping, "mapping"),
        (lost_task, "task"),
        (stray_disk, "guest or disk"),
    ],
)
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


def test_a_host_that_is_away_is_said(world, server):
    world.lose_host("host1")
    assert [(one.kind, one.thing) for one in found(world)] == [("unreachable", "host1")]
    world.raise_hosts()
    assert ids.is_id(server.id)
