# SPDX-License-Identifier: Apache-2.0
"""Hints never make anybody wait; those that fail take with them what waited."""

import threading

from nova_appliance.common import clock, errors, ids
from nova_appliance.common.context import for_background
from nova_appliance.conf import load
from nova_appliance.rpc import orders
from nova_appliance.rpc.client import Client
from nova_appliance.rpc.courier import MOST, Courier
from nova_appliance.rpc.server import Server


def test_hints_are_delivered_in_their_order():
    courier, came, all_came = Courier(), [], threading.Event()
    for number in range(20):
        courier.post(lambda number=number: came.append(number))
    courier.post(all_came.set)
    assert all_came.wait(60)
    courier.stop()
    assert came == list(range(20))


def test_a_bus_that_is_away_delays_nobody_and_drops_what_waited():
    courier, came, away, asked = Courier(), [], threading.Event(), threading.Event()
    ended = []

    def fail():
        asked.set()
        ended.append(away.wait(60))
        raise errors.Unavailable("nova-conductor cannot be reached.")

    courier.post(fail)
    assert asked.wait(60)
    for number in range(2 * MOST):
        courier.post(lambda number=number: came.append(number))
    assert ended == []  # nobody has waited for it
    away.set()
    done = threading.Event()

    def after():
        courier.post(done.set)
        return done.wait(0.05)

    assert clock.wait_for(after, 60)
    assert came == []
    courier.stop()


def test_a_stopped_courier_waits_for_nothing_long_and_takes_no_more():
    courier, away, came, ended = Courier(), threading.Event(), [], []
    courier.post(lambda: ended.append(away.wait(60)))
    courier.stop()
    assert ended == []  # it did not wait for what still hangs
    courier.post(lambda: came.append(1))
    away.set()
    courier.stop()
    assert came == []


def test_a_hint_arrives_and_one_to_nobody_does_no_harm():
    conf, url, came = load.load(), f"fake://{ids.new_id()}", threading.Event()
    client, nudge = Client(conf).at(url), orders.Nudge(cell_id="c", saga_id="s")
    client.hint("conductor", "nudge", nudge, for_background())
    server = Server(conf, "conductor", "h", {"nudge": lambda *_: came.set()}, url)
    server.start()

    def again():
        client.hint("conductor", "nudge", nudge, for_background())
        return came.wait(0.1)

    assert clock.wait_for(again, 60)
    server.stop()
    client.close()
