# SPDX-License-Identifier: Apache-2.0
"""Passwords of administrators: on the config drive of a new guest, and in no row afterwards."""

import pytest
from fixtures.saga_drive import clean_up, settle
from fixtures.world import World

from nova_appliance.actions import boot, evacuate, rebuild, rescue
from nova_appliance.actions.rebuild import RebuildRequest
from nova_appliance.conductor import guests
from nova_appliance.db.cells import CELL0
from nova_appliance.db.tables import cell


@pytest.fixture
def world(tmp_path):
    world = World(tmp_path, lease=1, max_failures=1)
    world.stand_by("host1")
    yield world
    world.stop()


@pytest.fixture
def told(monkeypatch):
    """What drives were made of."""
    known, guest_of = [], guests.guest_of

    def bent(server, conf, facts=None):
        if facts:
            known.append(facts.password)
        return guest_of(server, conf, facts)

    monkeypatch.setattr(guests, "guest_of", bent)
    return known


@pytest.mark.parametrize("drive", [True, False])
def test_a_password_is_on_the_drive_and_in_no_row_afterwards(world, told, drive):
    request = world.request(admin_password="first-secret", config_drive=drive)
    (server,) = boot.boot(world.cloud, world.context(), request).servers
    rows = world.rows(cell.SAGAS, CELL0)
    assert ("first-secret" in str(rows)) == drive
    settle(world)
    anew = RebuildRequest(image_id=world.image.id, password="second-secret")
    rebuild.rebuild(world.cloud, world.context(), world.server(server.id), anew)
    settle(world)
    assert world.server(server.id).state == "active"
    assert told == (["first-secret", "second-secret"] if drive else [])
    rows = [world.rows(table, cell_id) for cell_id in (CELL0, server.cell_id)
            for table in (cell.SAGAS, cell.SERVERS)]  # fmt: skip
    assert "secret" not in str(rows)
    clean_up(world, server.id)


@pytest.mark.parametrize("drive", [True, False])
def test_a_rescued_server_finds_its_password(world, told, drive):
    request = world.request(config_drive=drive)
    (made,) = boot.boot(world.cloud, world.context(), request).servers
    settle(world)
    server = world.server(made.id)
    asked = rescue.Asked(password="third-secret")
    rescue.rescue(world.cloud, world.context(), server, asked)
    settle(world)
    assert world.server(made.id).state == "rescued"
    assert told[1:] == (["third-secret"] if drive else [])
    assert "secret" not in str(world.rows(cell.SAGAS, server.cell_id))
    rescue.unrescue(world.cloud, world.context(), world.server(made.id))
    settle(world)
    assert told[2:] == []
    clean_up(world, made.id)


@pytest.mark.parametrize("drive", [True, False])
def test_an_evacuated_server_finds_its_password(world, told, drive):
    (made,) = boot.boot(world.cloud, world.context(), world.request(config_drive=drive)).servers
    settle(world)
    world.add_host("host2")
    server = world.server(made.id)
    world.lose_host(server.host)
    wanted = evacuate.Evacuation(password="fourth-secret")
    evacuate.evacuate(world.cloud, world.context(), server, wanted)
    settle(world)
    assert world.server(made.id).host == "host2"
    assert told[1:] == (["fourth-secret"] if drive else [])
    assert "secret" not in str(world.rows(cell.SAGAS, server.cell_id))
    clean_up(world, made.id)
