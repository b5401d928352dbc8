# SPDX-License-Identifier: Apache-2.0
"""Orders and replies over a real RabbitMQ: round trips, lost daemons, a broker that restarts."""

import threading

import pytest
from fixtures.rabbitmq import Rabbitmq

from nova_appliance.common import clock, errors, ids
from nova_appliance.common.context import for_background
from nova_appliance.conf import load
from nova_appliance.rpc import orders
from nova_appliance.rpc.calls import compute as rows
from nova_appliance.rpc.client import Client
from nova_appliance.rpc.server import Server
from nova_appliance.rpc.transport import open_transport

HOST = "host1"


@pytest.fixture(scope="module")
def broker(tmp_path_factory):
    broker = Rabbitmq(tmp_path_factory.mktemp("rabbit")).start()
    yield broker
    broker.close()


@pytest.fixture
def conf(broker):
    conf = load.load()
    Client(conf).at(broker.url)
    return conf


@pytest.fixture
def compute(broker, conf):
    daemon = Compute(conf, broker.url)
    daemon.server.start()
    yield daemon
    daemon.server.stop()


@pytest.fixture
def client(broker, conf):
    client = Client(conf)
    yield client.at(broker.url)
    client.close()


class Compute:
    """Answers for a host."""

    def __init__(self, conf, url):
        self.orders, self.heard = [], threading.Event()
        handlers = {
            "build": self.build,
            "console_output": self.console_output,
        }
        self.server = Server(conf, "compute", HOST, handlers, url)

    def build(self, context, order):
        self.orders.append((context.request_id, order))
        self.heard.set()

    def console_output(self, _context, order):
        if order.max_bytes == 0:
            raise errors.NotFound("There is no console.")
        return orders.Output(text="ä" * order.max_bytes)


def ask(client, max_bytes=3, host=HOST):
    order = orders.ConsoleOutput(server_id=ids.new_id(), max_bytes=max_bytes)
    return client.call("compute", "console_output", order, for_background(), host)


def build_order():
    ticket = orders.Ticket(cell_id=ids.new_id(), saga_id=ids.new_id(), step="build", epoch=1)
    return orders.ServerOrder(ticket=ticket, server_id=ids.new_id())


def test_calls_and_casts_arrive_as_they_were_sent(compute, client):
    assert ask(client).text == "äää"
    context, order = for_background(), build_order()
    client.cast("compute", "build", order, context, HOST)
    assert compute.heard.wait(60)
    assert compute.orders == [(context.request_id, order)]


def test_quorum_queues_by_configuration_alone(broker):
    """What a cluster of three brokers uses: [oslo_messaging_rabbit]rabbit_quorum_queue."""
    conf, url = load.load(), broker.vhost("quorum")
    open_transport(conf, url).cleanup()  # registers the options
    group = "oslo_messaging_rabbit"
    for option in ("rabbit_quorum_queue", "rabbit_transient_quorum_queue", "amqp_durable_queues"):
        conf.set_override(option, True, group)
    daemon = Compute(conf, url)
    daemon.server.start()
    client = Client(conf).at(url)
    assert ask(client).text == "äää"
    client.cast("compute", "build", build_order(), for_background(), HOST)
    assert daemon.heard.wait(60)
    daemon.server.stop()
    client.close()


def test_errors_arrive_as_their_families(compute, client):
    assert compute is not None
    with pytest.raises(errors.NotFound, match="no console"):
        ask(client, max_bytes=0)


def test_a_host_that_never_was_is_unavailable_at_once(client):
    before = clock.SYSTEM.monotonic()
    with pytest.raises(errors.Unavailable):
        ask(client, host="nowhere")
    with pytest.raises(errors.Unavailable):
        client.cast("compute", "build", build_order(), for_background(), "nowhere")
    assert clock.SYSTEM.monotonic() - before < 30


def test_a_daemon_that_went_away_is_unavailable_in_time(conf, broker, client, monkeypatch):
    daemon = Compute(conf, broker.url)
    daemon.server.start()
    assert ask(client).text
    daemon.server.stop()
    row = rows.CALLS["console_output"]
    monkeypatch.setitem(rows.CALLS, "console_output", type(row)(**{**vars(row), "wait": 1.0}))
    with pytest.raises(errors.Unavailable):
        ask(client)


def test_a_listener_at_rest_stops_soon(conf, broker, client):
    """It looks away for longer and longer while nothing comes, but not for seconds."""
    daemon = Compute(conf, broker.url)
    daemon.server.start()
    assert ask(client).text
    with pytest.raises(errors.NotFound):
        ask(client, max_bytes=0)
    inbox = daemon.server._server.listener._poll_style_listener
    assert clock.wait_for(lambda: inbox._current_timeout >= 0.5, 60)
    assert inbox._current_timeout == 0.5
    before = clock.SYSTEM.monotonic()
    daemon.server.stop()
    assert clock.SYSTEM.monotonic() - before < 4


def test_both_sides_come_back_after_the_broker_restarts(broker, compute, client):
    assert compute is not None
    assert ask(client).text == "äää"
    broker.stop()
    with pytest.raises(errors.Unavailable):
        client.cast("compute", "build", build_order(), for_background(), HOST)
    broker.start()

    def answers():
        try:
            return ask(client).text == "äää"
        except errors.Unavailable:
            return False

    assert clock.wait_for(answers, 60, 0.2)
    client.cast("compute", "build", build_order(), for_background(), HOST)
    assert compute.heard.wait(60)
