# SPDX-License-Identifier: Apache-2.0
"""What neighbours tell of a server that is busy, locked, or in any state: none of it is lost."""

import pytest
from fixtures.cells import CELL1
from fixtures.saga_drive import ASK, clean_up, run_due, settle
from fixtures.world import NOTHING

from nova_appliance.actions import boot, lock
from nova_appliance.actions.external_events import Event, receive
from nova_appliance.common import errors
from nova_appliance.conductor import doctor
from nova_appliance.db import server_actions
from nova_appliance.db.tables import cell
from nova_appliance.domain import guest_data

BUSY = ("stop", "pause", "reboot", "resize", "live_migrate", "rebuild", "shelve", "evacuate")
"""Sagas that are under way when the news comes."""
RESTING = {
    "stopped": ("stop",),
    "suspended": ("suspend",),
    "rescued": ("rescue",),
    "resized": ("resize",),
    "shelved": ("shelve",),
}


@pytest.fixture
def server(world):
    (made,) = boot.boot(world.cloud, world.context(), world.request()).servers
    settle(world)
    ASK["attach_volume"](world, world.server(made.id))
    settle(world)
    yield world.server(made.id)
    world.raise_hosts()
    clean_up(world, made.id)
    assert world.left() == NOTHING


def tell_extended(world, server):
    return tell(world, server, "volume-extended", server.attachments[0].volume_id)


def tell_port_deleted(world, server):
    port_id = server.addresses[0].port_id
    world.networks.all_ports.pop(port_id, None)
    return tell(world, server, "network-vif-deleted", port_id)


def tell(world, server, name, tag):
    return receive(world.cloud, world.context(), [Event(name, server.id, tag)])


def ran(world, server, name):
    """States of the server's sagas of this name."""
    mine = cell.SAGAS.c.server_id == server.id
    return [row["state"] for row in world.rows(cell.SAGAS, CELL1, mine) if row["name"] == name]


def actions(world, server, name):
    with world.cloud.cells.database(CELL1).read() as conn:
        found = server_actions.list_(conn, server.id)
    return [one for one in found if one.action == name]


@pytest.mark.parametrize("verb", BUSY)
def test_a_volume_that_grew_meanwhile_is_shown_when_the_server_is_at_rest(world, server, verb):
    ASK[verb](world, server)
    assert world.server(server.id).task is not None
    assert tell_extended(world, server) == (200,)
    assert tell_extended(world, server) == (200,), "told twice, kept once"
    assert ran(world, server, "extend_volume") == []
    settle(world)
    assert ran(world, server, "extend_volume") == ["done"]
    (shown,) = actions(world, server, "extend_volume")
    assert shown.finished_at
    assert world.server(server.id).fault is None


@pytest.mark.parametrize("verb", BUSY)
def test_a_port_deleted_meanwhile_leaves_when_the_server_is_at_rest(world, server, verb):
    ASK[verb](world, server)
    assert tell_port_deleted(world, server) == (200,)
    settle(world)
    is_out(world, server)
    (parted,) = actions(world, server, "detach_interface")
    assert parted.finished_at


def is_out(world, server):
    now = world.server(server.id)
    assert guest_data.vifs_of(now) == ()
    assert now.addresses == ()
    assert now.fault is None
    guests = world.hypervisor(now.host).guests.records()
    assert all(guest.macs == () for guest in guests if guest.server_id == server.id)


@pytest.mark.parametrize("state", RESTING)
def test_a_server_at_rest_hears_at_once_in_any_state(world, server, state):
    for verb in RESTING[state]:
        ASK[verb](world, server)
        settle(world)
    assert world.server(server.id).state == state
    tell_extended(world, world.server(server.id))
    tell_port_deleted(world, world.server(server.id))
    assert ran(world, server, "hear_later") == []
    settle(world)
    assert ran(world, server, "extend_volume") == ran(world, server, "detach_interface") == ["done"]
    is_out(world, server)


def test_a_lock_is_for_users_not_for_facts(world, server):
    lock.lock(world.cloud, world.context(), server)
    tell_port_deleted(world, server)
    settle(world)
    is_out(world, server)
    lock.unlock(world.cloud, world.context(), world.server(server.id))


def test_a_card_goes_though_the_network_service_is_away(world, server, monkeypatch):
    def away(**_wanted):
        raise errors.Unavailable("The network service does not answer.")

    monkeypatch.setattr(world.networks, "ports", away)
    tell_port_deleted(world, server)
    monkeypatch.undo()
    settle(world)
    is_out(world, server)


def test_news_of_a_server_that_is_deleted_meanwhile_ends_with_it(world, server):
    ASK["stop"](world, server)
    tell_extended(world, server)
    clean_up(world, server.id)
    settle(world)
    assert ran(world, server, "extend_volume") == []
    assert ran(world, server, "hear_later") == ["undone"]


def test_waiting_news_hide_no_lost_task(world, server):
    """A task that nobody works at is found though somebody waits for its end."""
    with world.cloud.cells.database(CELL1).write() as conn:
        conn.execute(
            cell.SERVERS.update().where(cell.SERVERS.c.id == server.id).values(task="rebooting")
        )
    tell_extended(world, server)
    assert not run_due(world, world.runner())
    (found,) = [one for one in doctor.look(world.cloud) if one.kind == "task"]
    found.mend()
    settle(world)
    assert ran(world, server, "extend_volume") == ["done"]
