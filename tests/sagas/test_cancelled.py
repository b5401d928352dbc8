# SPDX-License-Identifier: Apache-2.0
"""A server is deleted, softly or for good, in the middle of something else: what has no way back
ends, what can be undone is undone, and a server that is restored is whole.
"""

import pytest
from fixtures.cells import CELL1
from fixtures.saga_drive import ASK, after, before, bend, deed_of, run_due, settle
from fixtures.world import NOTHING

from nova_appliance.actions import delete, interfaces, shelve
from nova_appliance.common import clock, errors
from nova_appliance.conductor.sagas.registry import SAGAS
from nova_appliance.db import server_migrations
from nova_appliance.domain import rescue, shelf
from nova_appliance.domain.boot import NetworkRequest


@pytest.fixture(autouse=True)
def clean_slate(world):
    yield
    assert world.left() == NOTHING


def ask(world, server, *names):
    for name in names:
        ASK[name](world, world.server(server.id))
        settle(world)
    return world.server(server.id)


def interrupt(world, server, name, moment, act, ask_for=ASK):
    """Ask for the saga, and `act` at the moment (step, deed, before or after); run all to the end."""
    step, deed, when = moment
    (found,) = [one for one in SAGAS[name].steps if one.name == step]
    bent = when(getattr(found, deed), lambda: acts.pop()(world, server) if acts else None)
    acts = [act]
    ask_for[name](world, world.server(server.id))
    settle(world, bend(SAGAS[name], found, **{deed: bent}))
    assert not acts
    return world.server(server.id)


def for_good(world, server):
    delete.force(world.cloud, world.context(), world.server(server.id))


def softly(world, server):
    delete.soft(world.cloud, world.context(), world.server(server.id))


def newest_move(world, server):
    query = server_migrations.Query(server_id=server.id)
    with world.cloud.cells.database(CELL1).read() as conn:
        return server_migrations.list_(conn, CELL1, query)[0]


def test_a_volume_that_has_left_the_guest_is_given_back(world, server):
    ask(world, server, "attach_volume")
    gone = interrupt(world, server, "detach_volume", ("unplug", "then", after), for_good)
    assert gone.deleted
    assert world.volumes.attachments == {}


def test_a_port_that_has_left_the_guest_is_given_back(world, server):
    port = world.networks.add_port(world.network.id)
    wanted = NetworkRequest(port_id=port.id)
    interfaces.begin_attach(world.cloud, world.context(), server, wanted)
    settle(world)
    ask_to_leave = {
        "detach_interface": lambda w, s: interfaces.detach(w.cloud, w.context(), s, port.id)
    }
    moment = ("unplug", "then", after)
    kept = interrupt(world, server, "detach_interface", moment, softly, ask_to_leave)
    assert kept.state == "soft-delete"
    assert not world.networks.get_port(port.id).device_id
    world.networks.delete_port(port.id)


def test_a_guest_that_has_moved_is_told_where_it_is(world, server):
    gone = interrupt(world, server, "live_migrate", ("switch", "do", before), for_good)
    assert gone.deleted
    assert newest_move(world, server).status != "completed"


def test_a_guest_on_its_way_is_awaited_before_it_is_sought(world, server):
    """Else it may arrive where everything of it has just been removed."""
    runner = world.runner()
    (go,) = [step for step in SAGAS["live_migrate"].steps if step.name == "go"]
    busy = world.hypervisor(server.host).lock
    held = []
    hold = before(go.do, lambda: held or held.append(busy.acquire()))
    runner = world.runner(sagas=bend(SAGAS["live_migrate"], go, do=hold))
    ASK["live_migrate"](world, server)
    try:
        assert clock.wait_for(lambda: run_due(world, runner) or held, 60, 0.01)
        softly(world, server)
        for _ in range(3):
            run_due(world, runner)
        (going,) = [row for row in world.open_sagas() if row["name"] == "live_migrate"]
        assert (going["state"], going["parked"]) == ("forward", "go")
        assert newest_move(world, server).wanted == "abort"
    finally:
        busy.release()
    settle(world)
    rests = world.server(server.id)
    assert (rests.state, rests.host) == ("soft-delete", server.host)
    assert newest_move(world, server).status == "cancelled"
    back = ask(world, server, "restore")
    assert (back.state, back.host, back.fault) == ("active", server.host, None)


def test_a_server_that_left_its_host_meanwhile_is_not_kept(world, server):
    ask(world, server, "shelve")
    moment = ("destroy", "then", after)
    assert interrupt(world, server, "shelve_offload", moment, softly).deleted


def test_a_rescued_server_is_restored_with_its_own_disks(world, server):
    ask(world, server, "rescue")
    back = ask(world, server, "soft_delete", "restore")
    assert (back.state, back.fault) == ("active", None)
    assert rescue.of(back.system_metadata) is None
    disks = world.hypervisor(back.host).disks.get(server.id).disks
    assert [disk.name for disk in disks] == ["disk"]


def test_a_shelved_server_is_restored_from_the_shelf(world, server):
    shelved = ask(world, server, "shelve")
    image_id = shelf.of(shelved.system_metadata).image_id
    back = ask(world, server, "soft_delete", "restore")
    assert (back.state, shelf.of(back.system_metadata)) == ("active", None)
    with pytest.raises(errors.NotFound):
        world.images.get(image_id)


@pytest.mark.parametrize(("end", "flavor"), [("confirm_resize", "2"), ("revert_resize", "1")])
def test_a_resized_server_is_restored_as_one(world, server, end, flavor):
    ask(world, server, "resize")
    back = ask(world, server, "soft_delete", "restore")
    assert (back.state, back.fault) == ("resized", None)
    rests = ask(world, server, end)
    assert (rests.state, rests.flavor.id) == ("active", flavor)


@pytest.mark.parametrize(
    ("name", "step", "end"),
    [
        ("rebuild", "adopt", "active"),
        ("revert_resize", "withdraw", "active"),
        ("revert_resize", "take_back", "active"),
        ("confirm_resize", "forget_origin", "active"),
    ],
)
def test_what_has_no_way_back_ends_before_a_server_is_kept(world, server, name, step, end):
    ask(world, server, *(["resize"] if "resize" in name else []))
    kept = interrupt(world, server, name, (step, deed_of_step(name, step), after), softly)
    assert kept.state == "soft-delete"
    back = ask(world, server, "restore")
    assert (back.state, back.fault) == (end, None)
    assert world.hypervisor(back.host).guest(server.id).runs()


def deed_of_step(name, step):
    return deed_of(next(one for one in SAGAS[name].steps if one.name == step))


STALE = {
    "unshelve": lambda w, s: shelve.unshelve(w.cloud, w.context(), s, shelve.Place()),
    "shelve": ASK["shelve"],
    "rebuild": ASK["rebuild"],
}
MEANWHILE = {"unshelve": ("shelve", "shelve_offload"), "shelve": ("stop",), "rebuild": ("stop",)}
"""Operation > what has happened since its asker read the server; the last of it was not seen."""


@pytest.mark.parametrize("name", STALE)
def test_who_read_a_server_that_is_otherwise_now_hears_of_a_conflict(world, server, name):
    *seen, unseen = MEANWHILE[name]
    read = ask(world, server, *seen)
    ask(world, server, unseen)
    with pytest.raises(errors.Conflict, match="has just changed"):
        STALE[name](world, read)
    assert world.open_sagas() == []
