# SPDX-License-Identifier: Apache-2.0
"""kill -9 of conductor, source or target at every step of every saga, and a message broker that is
away for half a minute at each: every server ends or goes back, and nothing is left. One death is for
all: many servers, each standing at another step.
"""

import pytest
from fixtures.fleet import Fleet
from fixtures.journeys import (
    EVERY,
    HOME,
    JOURNEYS,
    SHARED_SOURCE,
    SHARED_TARGET,
    SOURCE,
    TARGET,
)
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
"""Host > journey between hosts > orders that it gets."""


def test_every_saga_dies_in_one_host_or_between_two():
    known = {journey.saga for journey in EVERY.values()}
    assert known == set(VERBS) | TWO_HOSTS == set(SAGAS)


def steps(when, journeys=EVERY):
    """Every step of every saga; those that can be undone, if that is when."""
    return [
        (name, ("step", journey.saga, step.name, when))
        for name, journey in journeys.items()
        for step in SAGAS[journey.saga].steps
        if step.undo or when != "undo"
    ]


def orders(host):
    """Every order of the host, before it is carried out and when nobody knows that it was."""
    between = [
        (name, ("order", order, when))
        for name, asked in ORDERS[host].items()
        for order in asked
        for when in ("before", "after")
    ]
    return between if host == "target" else [*between, *answers(HOME)]


def answers(journeys=EVERY):
    """The order of every step, before it is carried out and when nobody knows that it was."""
    return [
        (name, ("answer", step.name, when))
        for name, journey in journeys.items()
        for step in SAGAS[journey.saga].steps
        if step.then and step.name not in journey.silent
        for when in ("before", "after")
    ]


GONE_BACK = {
    "boot": {("ERROR", None)},
    "rebuild_volume": {("ERROR", SOURCE)},
    "rescue": {("ERROR", SOURCE)},
}
"""Undone, these leave the server in error, as Nova does."""


@pytest.fixture(scope="module")
def fleet(tmp_path_factory):
    fleet = Fleet(tmp_path_factory.mktemp("fleet"))
    try:
        yield fleet.start()
    finally:
        fleet.close()


@pytest.mark.parametrize("when", ["before", "after", "undo"])
def test_the_conductor_dies_at_every_step(fleet, when):
    voyage(fleet, [CONDUCTOR], steps(when), GONE_BACK if when == "undo" else None)


DEATHS = {
    "source-steps": ("source", steps("before")),
    "source-orders": ("source", orders("source")),
    "target": ("target", [*steps("before", JOURNEYS), *orders("target")]),
}
"""What a server does at home has no target."""


@pytest.mark.parametrize("death", DEATHS)
def test_a_host_dies_at_every_step_and_order(fleet, death):
    host, cases = DEATHS[death]
    voyage(fleet, computes(host), cases)


def computes(host):
    return [("nova-compute", name) for name in HOSTS[host]]


def voyage(fleet, victims, cases, worse=None):
    fleet.board(cases)
    fleet.set_off()
    for victim in victims:
        fleet.cluster.daemons[victim].kill()
    fleet.gates.open()
    for victim in victims:
        fleet.cluster.begin(*victim)
    fleet.land()
    fleet.examine(worse)
    fleet.clear()


OFF, IN_ERROR = frozenset({("SHUTOFF", SOURCE)}), frozenset({("ERROR", SOURCE)})
WORSE = {
    **dict.fromkeys(("migrate", "resize", "suspend", "shelve", "soft_delete"), OFF),
    "revert_resize": {("ERROR", TARGET)},
    "boot": {("ERROR", None)},
    **dict.fromkeys(("reboot", "rebuild", "rebuild_volume", "rescue", "unrescue"), IN_ERROR),
}
"""What may come of a source that stays away: what it has stopped stays off until a user starts it, and
a server of which both hosts have a part, or of whose guest nobody can say what it is, is in error."""


WAIT_FOR_A_HOST = {"shelve_offload"}
"""Sagas that end only when a host is back that is away."""


@pytest.mark.parametrize("host", HOSTS)
def test_a_host_stays_away_until_all_is_over(fleet, host):
    fleet.board(orders(host))
    fleet.set_off()
    for victim in computes(host):
        fleet.cluster.daemons[victim].kill()
        fleet.force_down(victim[1], forced=True)
    fleet.gates.open()
    fleet.rest(but=WAIT_FOR_A_HOST)
    for victim in computes(host):
        fleet.cluster.begin(*victim)
        fleet.force_down(victim[1], forced=False)
    fleet.land()
    fleet.examine(WORSE)
    fleet.start_stopped()
    fleet.clear()


AWAY_S = 30
CUTS = {"step": steps("before"), "answer": answers(), "undo": steps("undo")}


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
