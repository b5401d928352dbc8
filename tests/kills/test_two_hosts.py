# SPDX-License-Identifier: Apache-2.0
"""kill -9 of conductor, source or target at every step of every saga between hosts, and a message
broker that is away for half a minute at every step of every saga: each server ends or goes back, and
nothing is left. One death is for all: many servers, each standing at another step.
"""

import pytest
from fixtures.fleet import Fleet
from fixtures.journeys import EVERY, JOURNEYS, SHARED_SOURCE, SHARED_TARGET, SOURCE, TARGET
from fixtures.kill_verbs import TWO_HOSTS, VERBS

from nova_appliance.common import clock
from nova_appliance.conductor.sagas.registry import SAGAS

pytestmark = [pytest.mark.xdist_group("fleet"), pytest.mark.timeout(900)]
CONDUCTOR = ("nova-conductor", "c1")
HOSTS = {"source": (SOURCE, SHARED_SOURCE), "target": (TARGET, SHARED_TARGET)}
LIVE = ("live_migrate", "live_migrate_auto", "live_migrate_of_volume", "live_migrate_shared")
ORDERS = {
    "source": {
        **dict.fromkeys(LIVE, ("show_passport", "go", "abandon")),
        **dict.fromkeys(("migrate", "resize"), ("power_off", "set_aside")),
        "confirm_resize": ("forget_origin",),
        "revert_resize": ("take_back",),
        **{name: (name,) for name in ("swap_volume", "snapshot_volume", "merge_volume")},
        "detach_share": ("release_share",),
    },
    "target": {
        **dict.fromkeys(LIVE, ("admit",)),
        **dict.fromkeys(("evacuate", "evacuate_of_volume"), ("rebuild_here",)),
        **dict.fromkeys(("migrate", "resize"), ("arrive",)),
        "revert_resize": ("withdraw",),
        "unshelve": ("build",),
        "delete": ("destroy",),
    },
}
"""Host > journey > orders that it gets."""


def test_every_saga_dies_in_one_host_or_between_two():
    known = {journey.saga for journey in EVERY.values()}
    assert known == set(VERBS) | TWO_HOSTS == set(SAGAS)


def steps(when, journeys=JOURNEYS):
    """Every step of every saga between hosts; those that can be undone, if that is when."""
    return [
        (name, ("step", journey.saga, step.name, when))
        for name, journey in journeys.items()
        for step in SAGAS[journey.saga].steps
        if step.undo or when != "undo"
    ]


def orders(host):
    """Every order of the host, before it is carried out and when nobody knows that it was."""
    return [
        (name, ("order", order, when))
        for name, asked in ORDERS[host].items()
        for order in asked
        for when in ("before", "after")
    ]


@pytest.fixture(scope="module")
def fleet(tmp_path_factory):
    fleet = Fleet(tmp_path_factory.mktemp("fleet"))
    try:
        yield fleet.start()
    finally:
        fleet.close()


@pytest.mark.parametrize("when", ["before", "after", "undo"])
def test_the_conductor_dies_at_every_step(fleet, when):
    voyage(fleet, [CONDUCTOR], steps(when))


@pytest.mark.parametrize("host", HOSTS)
def test_a_host_dies_at_every_step_and_order(fleet, host):
    voyage(fleet, computes(host), [*steps("before"), *orders(host)])


def computes(host):
    return [("nova-compute", name) for name in HOSTS[host]]


def voyage(fleet, victims, cases):
    fleet.board(cases)
    fleet.set_off()
    for victim in victims:
        fleet.cluster.daemons[victim].kill()
    fleet.gates.open()
    for victim in victims:
        fleet.cluster.begin(*victim)
    fleet.land()
    fleet.examine()
    fleet.clear()


WORSE = {
    "migrate": {("SHUTOFF", SOURCE)},
    "resize": {("SHUTOFF", SOURCE)},
    "revert_resize": {("ERROR", TARGET)},
}
"""What may come of a source that stays away: what it has stopped stays off until a user starts it, and
a server of which both hosts have a part is in error."""


@pytest.mark.parametrize("host", HOSTS)
def test_a_host_stays_away_until_all_is_over(fleet, host):
    fleet.board(orders(host))
    fleet.set_off()
    for victim in computes(host):
        fleet.cluster.daemons[victim].kill()
        fleet.force_down(victim[1], forced=True)
    fleet.gates.open()
    fleet.rest()
    for victim in computes(host):
        fleet.cluster.begin(*victim)
        fleet.force_down(victim[1], forced=False)
    fleet.land()
    fleet.examine(WORSE)
    fleet.start_stopped()
    fleet.clear()


AWAY_S = 30
GONE_BACK = {
    "boot": {("ERROR", None)},
    "rebuild_volume": {("ERROR", SOURCE)},
    "rescue": {("ERROR", SOURCE)},
}
"""Undone, these leave the server in error, as Nova does."""


def answers():
    """Every order of every saga, before it is carried out and when nobody knows that it was."""
    return [
        (name, ("answer", step.name, when))
        for name, journey in EVERY.items()
        for step in SAGAS[journey.saga].steps
        if step.then and step.name not in journey.silent
        for when in ("before", "after")
    ]


CUTS = {"step": steps("before", EVERY), "answer": answers(), "undo": steps("undo", EVERY)}


@pytest.mark.parametrize("moment", CUTS)
def test_the_broker_goes_for_half_a_minute_at_every_step_of_every_saga(fleet, moment):
    fleet.board(CUTS[moment])
    fleet.set_off()
    fleet.cluster.rabbitmq.stop()
    fleet.gates.open()
    clock.SYSTEM.sleep(AWAY_S)
    fleet.cluster.rabbitmq.start()
    fleet.land()
    fleet.examine(GONE_BACK if moment == "undo" else None)
    fleet.clear()
