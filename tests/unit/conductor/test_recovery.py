# SPDX-License-Identifier: Apache-2.0
"""What a conductor takes, when, and in which order."""

import datetime as dt
import threading

from nova_appliance.common import clock
from nova_appliance.conductor.agenda import Agenda
from nova_appliance.conductor.recovery import back_off, plan, waited
from nova_appliance.domain.saga import Due

NOW = dt.datetime(2026, 1, 1)
SECOND = dt.timedelta(seconds=1)


def due(name, wake=-1, lease=None):
    until = None if lease is None else NOW + lease * SECOND
    return Due(cell_id="c", saga_id=name, wake_at=NOW + wake * SECOND, lease_until=until)


def test_what_waits_longest_comes_first():
    assert plan([due("a", -1), due("b", -5)], set(), NOW) == (("c", "b"), ("c", "a"))


def test_what_others_hold_is_left_to_them_until_their_lease_ends():
    sagas = [due("living", lease=5), due("dead", lease=-5)]
    assert plan(sagas, set(), NOW) == (("c", "dead"),)


def test_what_we_run_and_what_is_not_due_is_left_out():
    assert plan([due("ours"), due("later", wake=5)], {("c", "ours")}, NOW) == ()


def test_tries_come_further_and_further_apart():
    waits = [back_off(failures) for failures in range(1, 12)]
    assert waits[:3] == [0.5, 1.0, 2.0]
    assert waits == sorted(waits)
    assert waits[-1] == back_off(1000) == 60.0


def test_some_failures_are_minutes():
    assert [waited(failures) for failures in (0, 1, 2, 3)] == [0.0, 0.5, 1.5, 3.5]
    assert waited(5) < 60 < waited(7)
    assert waited(15) < 600 < waited(18)


def test_an_agenda_gives_each_saga_once_at_its_earliest_time():
    now = [0.0]
    agenda = Agenda(clock.Clock(monotonic=lambda: now[0]))
    agenda.put(("c", "late"), 5)
    agenda.put(("c", "late"), 3)
    agenda.put(("c", "now"))
    agenda.put(("c", "now"))
    assert agenda.next() == ("c", "now")
    now[0] = 3.0
    assert agenda.next() == ("c", "late")
    agenda.close()
    assert agenda.next() is None


def test_whoever_waits_is_woken_for_what_comes_first():
    agenda = Agenda()
    found = []
    threads = [threading.Thread(target=lambda: found.append(agenda.next())) for _ in range(2)]
    for thread in threads:
        thread.start()
    agenda.put(("c", "later"), 0.05)
    agenda.put(("c", "now"))
    for thread in threads:
        thread.join(60)
    assert found == [("c", "now"), ("c", "later")]
