# SPDX-License-Identifier: Apache-2.0
"""kill -9 of conductor, source or target at every step of every saga between hosts: each server ends
or goes back, and nothing is left.

Of one death die all: many servers, each standing at another step.
"""

import pytest
from fixtures.fleet import Fleet
from fixtures.journeys import JOURNEYS, SOURCE, TARGET

from nova_appliance.conductor.sagas.registry import SAGAS

CONDUCTOR = ("nova-conductor", "c1")
HOSTS = {"source": ("nova-compute", SOURCE), "target": ("nova-compute", TARGET)}


def steps(when):
    """Every step of every saga between hosts."""
    return [
        (name, ("step", journey.saga, step.name, when))
        for name, journey in JOURNEYS.items()
        for step in SAGAS[journey.saga].steps
    ]


@pytest.fixture(scope="module")
def fleet(tmp_path_factory):
    fleet = Fleet(tmp_path_factory.mktemp("fleet"))
    try:
        yield fleet.start()
    finally:
        fleet.close()


@pytest.mark.parametrize("when", ["before", "after"])
def test_the_conductor_dies_at_every_step(fleet, when):
    voyage(fleet, CONDUCTOR, steps(when))


@pytest.mark.parametrize("host", HOSTS)
def test_a_host_dies_while_a_saga_is_at_every_step(fleet, host):
    voyage(fleet, HOSTS[host], steps("before"))


def voyage(fleet, victim, cases):
    fleet.board(cases)
    fleet.set_off()
    fleet.cluster.daemons[victim].kill()
    fleet.gates.open()
    fleet.cluster.begin(*victim)
    fleet.land()
    fleet.examine()
    fleet.clear()
