# SPDX-License-Identifier: Apache-2.0
"""Client and server over the in-process transport."""

import threading

import pytest

from nova_appliance.common import clock, errors, ids
from nova_appliance.common.context import for_background
from nova_appliance.conf import load
from nova_appliance.rpc import envelope, orders
from nova_appliance.rpc.client import Client
from nova_appliance.rpc.server import Server


@pytest.fixture
def pair():
    conf, url = load.load(), f"fake://{ids.new_id()}"
    heard = []

    def choose(context, order):
        heard.append((context.request_id, order))
        if order.server_id == "bug":
            raise ZeroDivisionError
        if order.server_id == "quota":
            raise errors.OverQuota("Too many.")
        return orders.NoHostFits(reason="There is none.", refused={"ComputeFilter": 2})

    server = Server(conf, "scheduler", "h", {"choose_hosts": choose}, url)
    server.start()
    yield Client(conf).at(url), heard
    server.stop()


def order(server_id):
    flavor = {"id": "1", "name": "f", "vcpus": 1, "memory_mib": 1, "root_gib": 1}
    return envelope.unpack(
        {"server_id": server_id, "project_id": "p", "flavor": flavor}, orders.ChooseHosts
    )


def test_an_order_arrives_and_a_union_comes_back(pair):
    client, heard = pair
    context, asked = for_background(), order("a")
    reply = client.call("scheduler", "choose_hosts", asked, context)
    assert heard == [(context.request_id, asked)]
    assert reply == orders.NoHostFits(reason="There is none.", refused={"ComputeFilter": 2})


def test_a_server_at_rest_stops_at_once():
    """A pool that looks once a second needs that second each time; a busy machine does not."""
    assert any(seconds_to_stop() < 0.5 for _ in range(10))


def seconds_to_stop():
    conf, url = load.load(), f"fake://{ids.new_id()}"
    server = Server(conf, "conductor", "h", {"nudge": lambda *_: None}, url)
    server.start(threads=4)
    client = Client(conf).at(url)
    for _ in range(8):
        client.cast("conductor", "nudge", orders.Nudge(cell_id="c", saga_id="s"), for_background())
    began = clock.SYSTEM.monotonic()
    server.stop()
    return clock.SYSTEM.monotonic() - began


def test_errors_travel_as_data(pair):
    client, _ = pair
    with pytest.raises(errors.OverQuota, match="Too many"):
        client.call("scheduler", "choose_hosts", order("quota"), for_background())
    with pytest.raises(envelope.RemoteFailed):
        client.call("scheduler", "choose_hosts", order("bug"), for_background())


def test_who_is_not_there_is_unavailable_at_once(pair):
    client, _ = pair
    nudge = orders.Nudge(cell_id="c", saga_id="s")
    with pytest.raises(errors.Unavailable, match="conductor"):
        client.cast("conductor", "nudge", nudge, for_background())


def test_a_call_must_fit_its_row(pair):
    client, _ = pair
    with pytest.raises(TypeError, match="ChooseHosts"):
        client.call("scheduler", "choose_hosts", orders.Empty(), for_background())
    with pytest.raises(TypeError, match="one host"):
        client.call("compute", "uptime", orders.Empty(), for_background())


def test_a_server_must_fit_its_table():
    with pytest.raises(TypeError, match="dance"):
        Server(load.load(), "scheduler", "h", {"dance": print}, "fake://nobody")


def test_daemons_share_the_work_of_a_topic():
    """Two servers of one topic: while one works, the other takes the next message."""
    conf, url = load.load(), f"fake://{ids.new_id()}"
    both = threading.Barrier(3, timeout=60)

    def meet(_context, _order):
        both.wait()

    servers = [Server(conf, "conductor", host, {"nudge": meet}, url) for host in "ab"]
    for server in servers:
        server.start()
    client = Client(conf).at(url)
    for _ in range(2):
        client.cast("conductor", "nudge", orders.Nudge(cell_id="c", saga_id="s"), for_background())
    both.wait()
    for server in servers:
        server.stop()


def test_broken_orders_are_refused():
    with pytest.raises(errors.Invalid, match="does not fit"):
        envelope.unpack({"cell_id": 3}, orders.Nudge)
