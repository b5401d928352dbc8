# SPDX-License-Identifier: Apache-2.0
"""Locks by name: the same name waits, another does not, and nothing is kept."""

import threading

import pytest

from nova_appliance.virt.locks import NamedLocks


def test_a_name_is_held_by_one_at_a_time():
    locks, inside, most = NamedLocks(), [], []

    def work():
        for _ in range(100):
            with locks.hold("a"):
                inside.append(1)
                most.append(len(inside))
                inside.pop()

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert len(most) == 400
    assert max(most) == 1


def test_another_name_does_not_wait():
    locks, entered = NamedLocks(), threading.Event()

    def enter():
        with locks.hold("b"):
            entered.set()

    with locks.hold("a"):
        thread = threading.Thread(target=enter)
        thread.start()
        assert entered.wait(60)
    thread.join(60)


def test_an_error_frees_the_name_and_nothing_stays_behind():
    locks = NamedLocks()
    with pytest.raises(ZeroDivisionError), locks.hold("a"):
        print(1 / 0)
    with locks.hold("a"):
        pass
    assert locks._locks == {}
