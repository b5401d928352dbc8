# SPDX-License-Identifier: Apache-2.0
"""Messages that come twice, late, or not at all; conductors that run beside each other."""

import collections
import datetime as dt
import threading

import pytest
from fixtures.cells import CELL1
from fixtures.saga_drive import before, bend, run_due, settle
from fixtures.world import NOTHING, World

from nova_appliance.actions import boot, delete, power
from nova_appliance.common import clock
from nova_appliance.conductor import runner as runners
from nova_appliance.conductor.sagas.boot import BOOT
from nova_appliance.conductor.sagas.registry import SAGAS
from nova_appliance.db import sagas
from nova_appliance.db.cells import CELL0
from nova_appliance.db.tables import cell
from nova_appliance.rpc import inprocess
from nova_appliance.rpc.orders import NoHostFits, Report, Ticket


@pytest.fixture
def world(tmp_path):
    world = World(tmp_path, lease=1, order_timeout=0.3)
    yield world
    world.stop()


def ask(world, **fields):
    return boot.boot(world.cloud, world.context(), world.request(**fields)).servers


def test_a_lost_nudge_costs_one_look(world, monkeypatch):
    """The API's nudge goes nowhere; the poller finds the row."""
    client = type(world.cloud.rpc)
    true_cast = client.cast
    monkeypatch.setattr(
        client,
        "cast",
        lambda self, topic, *rest: None if topic == "conductor" else true_cast(self, topic, *rest),
    )
    world.cloud.conf.set_override("order_timeout", 60, "conductor")
    world.start("host1")
    (server,) = ask(world)
    world.wait_active(server.id)


def test_an_order_that_was_lost_is_sent_again(world, monkeypatch):
    world.add_desk()
    world.add_scheduler()
    world.add_host("host1")
    casts = []
    client = type(world.cloud.rpc)
    true_cast = client.cast

    def lossy(self, topic, name, *rest):
        if topic == "compute":
            casts.append(name)
            if casts.count(name) == 1:
                return
        true_cast(self, topic, name, *rest)

    monkeypatch.setattr(client, "cast", lossy)
    (server,) = ask(world)
    settle(world)
    assert world.server(server.id).state == "active"
    assert casts.count("build") >= 2
    delete.delete(world.cloud, world.context(), world.server(server.id))
    settle(world)
    assert world.left() == NOTHING


def lose_order(world, monkeypatch):
    """The host that was to stop a server, and the server; the order did not arrive."""
    world.add_desk()
    world.add_scheduler()
    agent = world.add_host("host1")
    (server,) = ask(world)
    settle(world)
    power.stop(world.cloud, world.context(), world.server(server.id))
    monkeypatch.setattr(type(world.cloud.rpc), "cast", lambda *_: None)
    run_due(world, world.runner())
    return agent, server


def test_an_agent_that_begins_anew_gets_the_orders_of_the_one_before(world, monkeypatch):
    world.cloud.conf.set_override("order_timeout", 3600, "conductor")
    agent, server = lose_order(world, monkeypatch)
    monkeypatch.undo()
    agent.check_in()
    assert not run_due(world, world.runner())
    assert world.open_sagas()[0]["wake_at"] > clock.SYSTEM.now()
    agent._started_at = clock.SYSTEM.now()
    agent.check_in()
    settle(world)
    assert world.server(server.id).state == "stopped"


def test_orders_and_reports_that_come_twice_are_done_once(world, monkeypatch):
    desk = world.add_desk()
    world.add_scheduler()
    world.add_host("host1")
    client = type(world.cloud.rpc)
    true_cast, true_call, heard = client.cast, client.call, []

    def twice(self, topic, name, *rest):
        true_cast(self, topic, name, *rest)
        if topic == "compute":
            true_cast(self, topic, name, *rest)

    def tell_twice(self, topic, name, *rest):
        reply = true_call(self, topic, name, *rest)
        if name == "report":
            heard.append((reply.ok, true_call(self, topic, name, *rest).ok))
        return reply

    monkeypatch.setattr(client, "cast", twice)
    monkeypatch.setattr(client, "call", tell_twice)
    (server,) = ask(world)
    settle(world)
    power.stop(world.cloud, world.context(), world.server(server.id))
    settle(world)
    assert world.server(server.id).state == "stopped"
    assert desk is not None
    assert heard
    assert all(second is False for _, second in heard)


def test_a_report_that_comes_while_its_order_is_sent_again_is_heeded(world, monkeypatch):
    """Sent again it would be done again: the agent has begun anew, and remembers nothing."""
    _, server = lose_order(world, monkeypatch)
    desk = world.add_desk()
    context, told = world.context(), []
    step = next(step for step in SAGAS["stop"].steps if step.name == "power_off")

    def reports():
        if not told:
            ticket = Ticket(
                cell_id=CELL1, saga_id=row["id"], step="power_off", epoch=row["parked_epoch"]
            )
            report = Report(ticket=ticket, host="host1", result={"power": 4})
            told.extend(desk.report(context, report).ok for _ in range(2))

    (row,) = [r for r in world.rows(cell.SAGAS, CELL1) if r["state"] == "forward"]
    settle(world, bend(SAGAS["stop"], step, do=before(step.do, reports)))
    assert told == [True, False]
    assert world.server(server.id).state == "stopped"


def test_a_report_of_an_older_epoch_is_refused(world, monkeypatch):
    desk = world.add_desk()
    world.add_scheduler()
    world.add_host("host1")
    (server,) = ask(world)
    settle(world)
    power.stop(world.cloud, world.context(), world.server(server.id))
    sent = []
    client = type(world.cloud.rpc)
    monkeypatch.setattr(client, "cast", lambda _self, _topic, _name, order, *_: sent.append(order))
    (row,) = [r for r in world.rows(cell.SAGAS, CELL1) if r["state"] == "forward"]
    run_due(world, world.runner())
    ticket = sent[0].ticket
    assert (ticket.saga_id, ticket.step) == (row["id"], "power_off")
    context = world.context()

    def tell(**fields):
        told = type(ticket)(**{n: getattr(ticket, n) for n in ticket.__struct_fields__} | fields)
        return desk.report(context, Report(ticket=told, host="host1", result={"power": 4})).ok

    assert not tell(epoch=ticket.epoch - 1)
    assert not tell(step="another")
    assert tell()
    assert not tell()
    monkeypatch.undo()
    settle(world)
    assert world.server(server.id).state == "stopped"


def test_two_conductors_never_run_one_saga_at_the_same_time(world, monkeypatch):
    """Each step of each saga is begun once, though two conductors with 16 threads each race."""
    seen, lock = [], threading.Lock()
    true_call = runners._call_forward

    def noted(step, ctx):
        result = true_call(step, ctx)
        with lock:
            seen.append((ctx.saga.id, step.name, ctx.saga.report is None))
        return result

    monkeypatch.setattr(runners, "_call_forward", noted)
    # a busy machine must not let a living owner's lease run out, nor an order be sent again
    for name in ("lease", "order_timeout"):
        world.cloud.conf.set_override(name, 60, "conductor")
    world.start("host1")
    world.add_conductor()
    servers = ask(world, max_count=20, min_count=20)
    for server in servers:
        world.wait_active(server.id)
    assert clock.wait_for(lambda: not world.open_sagas(), 60)
    # one step is parked: it is called once to send its order and once with the answer
    assert [one for one, times in collections.Counter(seen).items() if times > 1] == []
    assert len(seen) == 20 * (len(BOOT.steps) + 1)


def test_a_thread_that_ends_late_does_not_forget_what_another_holds(world):
    """A host's report may come, and be acted on, before the thread that sent the order is back."""
    world.add_desk()
    world.add_scheduler()
    world.add_host("host1")
    (server,) = ask(world)
    (row,) = world.rows(cell.SAGAS, CELL0)
    runner, key, seen = world.runner(), (CELL0, row["id"]), []
    true_run = runner._run

    def run(row):
        true_run(row)
        runner.held[key] = row.epoch + 1  # as another thread has noted

    runner._run = run
    assert runner.run_one(*key)
    seen.append(runner.held.pop(key))
    assert seen == [row["epoch"] + 2]
    runner._run = true_run
    settle(world)
    assert world.server(server.id).state == "active"


def test_fifty_at_once_and_fifty_in_parallel(world):
    world.cloud.conf.set_override("order_timeout", 60, "conductor")
    world.start("host1", "host2")
    many = ask(world, max_count=50, min_count=50)
    assert [server.name for server in many[:2]] == ["s-1", "s-2"]
    single, threads = [], []
    for _ in range(50):
        threads.append(threading.Thread(target=lambda: single.extend(ask(world))))
        threads[-1].start()
    for thread in threads:
        thread.join()
    assert len(single) == 50
    for server in (*many, *single):
        world.wait_active(server.id, 60)
    assert world.rows(cell.SERVERS, CELL0) == []


def test_an_order_waits_for_an_agent_that_is_away(world):
    """The host reports itself but does not listen yet, as after a restart of everything."""
    world.add_desk()
    world.add_scheduler()
    world.add_host("host1")
    (server,) = ask(world)
    settle(world)
    exchange = inprocess.exchange(world.url)
    queue = exchange._queues.pop(("compute", "host1"))
    power.stop(world.cloud, world.context(), world.server(server.id))
    run_due(world, world.runner())
    (row,) = [r for r in world.rows(cell.SAGAS, CELL1) if r["state"] == "forward"]
    assert (row["parked"], row["failures"]) == (None, 1)
    exchange._queues["compute", "host1"] = queue
    settle(world)
    assert world.server(server.id).state == "stopped"


def test_two_conductors_of_one_name_leave_each_other_their_sagas(world, monkeypatch):
    """Only who bears the name alone may say that others of the name are dead."""
    for option, seconds in (("lease", 3600), ("order_timeout", 60)):
        world.cloud.conf.set_override(option, seconds, "conductor")
    world.start("host1")
    reached, go, create_port = threading.Event(), threading.Event(), world.networks.create_port

    def held_up(wanted):
        reached.set()
        assert go.wait(60)
        return create_port(wanted)

    monkeypatch.setattr(world.networks, "create_port", held_up)
    (server,) = ask(world)
    assert reached.wait(60)
    (held,) = world.open_sagas()
    world.add_conductor()
    (left,) = world.open_sagas()
    assert held["owner"].startswith(f"{world.cloud.conf.host}/")
    assert (left["owner"], left["epoch"]) == (held["owner"], held["epoch"])
    go.set()
    world.wait_active(server.id)


def test_a_conductor_that_starts_again_goes_on_at_once(world):
    """Its own dead self holds a lease of an hour."""
    world.cloud.conf.set_override("lease", 3600, "conductor")
    world.add_desk()
    world.add_scheduler()
    world.add_host("host1")
    (server,) = ask(world)
    (row,) = world.rows(cell.SAGAS, CELL0)
    dead = f"{world.cloud.conf.host}/dead"
    with world.cloud.cells.database(CELL0).write() as conn:
        assert sagas.take(conn, CELL0, row["id"], dead, 3600)
    world.cloud.conf.set_override("order_timeout", 60, "conductor")
    world.add_conductor()
    world.wait_active(server.id)


def test_a_saga_of_a_newer_version_is_left_to_a_newer_conductor(world):
    """In a rolling upgrade an API may begin what the conductors that are still old do not know."""
    world.add_desk()
    world.add_scheduler()
    world.add_host("host1")
    (server,) = ask(world)
    (row,) = world.rows(cell.SAGAS, CELL0)
    old = world.runner("old", {name: saga for name, saga in SAGAS.items() if name != "boot"})
    assert old.run_one(CELL0, row["id"])
    (left,) = world.rows(cell.SAGAS, CELL0)
    assert (left["owner"], left["state"], left["failures"]) == (None, "forward", 0)
    settle(world)
    assert world.server(server.id).state == "active"


@pytest.mark.parametrize("is_forced", [False, True])
def test_hosts_that_fall_silent_all_at_once_are_waited_for(world, monkeypatch, is_forced):
    """Then the broker is likelier to be away than every host; who is forced down is not waited for."""
    agent, server = lose_order(world, monkeypatch)
    long_ago = world.cloud.clock.now() - dt.timedelta(hours=1)
    with world.cloud.cells.database(CELL1).write() as conn:
        conn.execute(cell.SERVICES.update().values(last_seen_at=long_ago, forced_down=is_forced))

    def decided():
        run_due(world, world.runner())
        return not world.open_sagas() or world.open_sagas()[0]["failures"]

    assert clock.wait_for(decided, 60)
    assert bool(world.open_sagas()) != is_forced
    monkeypatch.undo()
    if not is_forced:
        agent.check_in()
        settle(world)
    assert world.server(server.id).state == ("active" if is_forced else "stopped")
    assert world.server(server.id).task is None


def test_hosts_that_come_back_while_the_scheduler_chooses_are_asked_for_again(world, monkeypatch):
    """The broker was away: the scheduler saw silent hosts, and the conductor sees living ones."""
    world.add_desk()
    world.add_scheduler()
    agents = [world.add_host(name) for name in ("host1", "host2")]
    long_ago = world.cloud.clock.now() - dt.timedelta(hours=1)
    with world.cloud.cells.database(CELL1).write() as conn:
        conn.execute(cell.SERVICES.update().values(last_seen_at=long_ago, steady_since=long_ago))
    true_call, answers = type(world.cloud.rpc).call, []

    def too_early(self, topic, name, *rest):
        answer = true_call(self, topic, name, *rest)
        if name == "choose_hosts":
            answers.append(answer)
            for agent in agents:
                agent.check_in()
        return answer

    monkeypatch.setattr(type(world.cloud.rpc), "call", too_early)
    (server,) = ask(world)
    settle(world)
    assert isinstance(answers[0], NoHostFits)
    assert world.server(server.id).state == "active"
