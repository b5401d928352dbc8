# SPDX-License-Identifier: Apache-2.0
"""Orders: carried out, doubled, overtaken, failing, and reported until heard."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from fixtures.agent import Bench, guest, order

from nova_appliance.common import context, errors
from nova_appliance.common.clock import wait_for
from nova_appliance.compute.agent import Deed
from nova_appliance.compute.handlers import WORK
from nova_appliance.domain.guest import PowerState
from nova_appliance.domain.passport import Welcome
from nova_appliance.virt.fake.snapshots import FakeSnapshots

CONTEXT = context.for_background()


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    bench = Bench(tmp_path)
    yield bench
    bench.agent.stop()


def do(bench: Bench, name: str, given: Any, deed: Deed | None = None) -> Any:
    """Give an order and wait for its report."""
    before = len(bench.conductor.got("report"))
    bench.agent.take(name, deed or WORK[name], CONTEXT, given)
    return bench.conductor.wait("report", before + 1)[-1]


def test_build_stop_start_reboot_destroy(bench: Bench) -> None:
    image = bench.images.add()
    one = guest(image=image)
    for name, options, power in (
        ("build", {}, PowerState.RUNNING),
        ("power_off", {"timeout_s": 0.0}, PowerState.SHUTDOWN),
        ("power_on", {}, PowerState.RUNNING),
        ("reboot", {}, PowerState.RUNNING),
        ("reboot", {"hard": True}, PowerState.RUNNING),
        ("destroy", {}, PowerState.NOSTATE),
    ):
        report = do(bench, name, order(one, image, step=name, **options))
        assert (report.error, report.result, report.host) == (None, {"power": power}, "h1")
    assert bench.driver.lifecycle.list_() == ()
    assert bench.driver.disks.owners() == frozenset()


def test_an_order_that_nobody_waits_for_is_not_carried_out(bench: Bench) -> None:
    """As one that lay in the queue when the agent before us ended, of an epoch long over."""
    one, two = guest(), guest()
    bench.conductor.awaits = False
    bench.agent.take("build", WORK["build"], CONTEXT, order(one, saga="old"))
    bench.conductor.wait("is_awaited")
    bench.conductor.awaits, bench.conductor.away = True, 2
    assert do(bench, "build", order(two, saga="new")).error is None
    assert do(bench, "power_off", order(two, saga="new", step="t", timeout_s=0.0)).error is None
    assert one.server_id not in bench.driver.disks.owners()
    assert [ticket.saga_id for ticket in bench.conductor.got("is_awaited")] == ["old", "new"]


def test_a_late_order_of_a_cancelled_saga_does_not_bring_a_destroyed_guest_back(
    bench: Bench,
) -> None:
    """Its saga was confirmed before the deletion's was: that counts no more."""
    one = guest()
    assert do(bench, "build", order(one, saga="rebuild", step="make")).error is None
    assert do(bench, "destroy", order(one, saga="delete")).error is None
    bench.conductor.awaits = False
    late = order(one, saga="rebuild", step="boot", epoch=2)
    bench.agent.take("build", WORK["build"], CONTEXT, late)
    bench.conductor.wait("is_awaited", 3)
    assert wait_for(lambda: not bench.agent.desk.touched_since(one.server_id, float("inf")), 60)
    assert one.server_id not in bench.driver.disks.owners()
    assert bench.driver.lifecycle.list_() == ()


@pytest.mark.parametrize("name", sorted(WORK))
def test_every_order_may_come_twice_in_different_epochs(
    bench: Bench, tmp_path: Path, name: str
) -> None:
    welcome = Welcome(address=str(tmp_path / "another"))
    image = bench.images.add()
    one = guest(image=image)
    assert do(bench, "build", order(one, image)).error is None
    reports = [
        do(bench, name, order(one, image, epoch=n, saga="s", welcome=welcome)) for n in (1, 2)
    ]
    assert [report.error for report in reports] == [None, None]
    assert reports[0].result == reports[1].result


@pytest.mark.parametrize("name", ["power_off", "destroy"])
def test_deeds_on_a_server_that_is_not_there_succeed(bench: Bench, name: str) -> None:
    assert do(bench, name, order(guest())).error is None


class Gate:
    """A deed that waits to be let through and counts how often it was done."""

    def __init__(self) -> None:
        self.entered, self.open, self.times = threading.Event(), threading.Event(), 0

    def deed(self, _agent: Any, _order: Any) -> dict[str, Any]:
        self.entered.set()
        assert self.open.wait(60)
        self.times += 1
        return {"power": 1}


def test_a_doubled_order_is_ignored_while_it_runs_and_answered_from_memory_after(
    bench: Bench,
) -> None:
    gate, given = Gate(), order(guest())
    bench.agent.take("build", gate.deed, CONTEXT, given)
    assert gate.entered.wait(60)
    bench.agent.take("build", gate.deed, CONTEXT, given)
    gate.open.set()
    first = bench.conductor.wait("report")[0]
    assert do(bench, "build", given, gate.deed) == first
    assert gate.times == 1
    assert len(bench.conductor.got("report")) == 2


def test_memory_ends_with_the_next_deed_on_the_server(bench: Bench) -> None:
    one = guest()
    given = order(one)
    assert do(bench, "build", given).error is None
    assert do(bench, "destroy", given).error is None
    assert do(bench, "build", given).error is None
    assert bench.driver.lifecycle.find(one.server_id) is not None


def test_a_failed_order_is_tried_anew_when_it_comes_again(bench: Bench) -> None:
    given = order(guest())
    bench.hypervisor.fail_next("start_new", errors.Unavailable("libvirtd is away"))
    assert do(bench, "build", given).error == "libvirtd is away"
    assert do(bench, "build", given).error is None


def test_an_older_epoch_is_refused(bench: Bench) -> None:
    one = guest()
    assert do(bench, "build", order(one, epoch=5, saga="s")).error is None
    bench.agent.take("destroy", WORK["destroy"], CONTEXT, order(one, epoch=4, saga="s"))
    assert do(bench, "power_off", order(one, epoch=5, saga="s", timeout_s=0.0)).error is None
    assert bench.driver.lifecycle.find(one.server_id) is not None
    assert len(bench.conductor.got("report")) == 2


def test_an_order_overtaken_while_it_waited_is_not_carried_out(bench: Bench) -> None:
    one = guest()
    gate = Gate()
    late = []
    bench.agent.take("build", gate.deed, CONTEXT, order(one, saga="other"))
    assert gate.entered.wait(60)

    def old(_agent: Any, _order: Any) -> dict[str, Any]:
        late.append(1)
        return {}

    bench.agent.take("power_on", old, CONTEXT, order(one, epoch=1, saga="s"))
    bench.agent.take("power_on", WORK["power_on"], CONTEXT, order(one, epoch=2, saga="s"))
    gate.open.set()
    bench.conductor.wait("report", 2)
    assert wait_for(lambda: not bench.agent.desk.touched_since(one.server_id, float("inf")), 60)
    assert late == []
    assert {r.ticket.epoch for r in bench.conductor.got("report") if r.ticket.saga_id == "s"} == {2}


def test_reports_survive_a_conductor_that_is_away(bench: Bench) -> None:
    bench.conductor.away = 3
    assert do(bench, "destroy", order(guest())).error is None


@pytest.mark.parametrize(
    ("error", "retryable", "said"),
    [
        (errors.Refused("It cannot be."), False, "It cannot be."),
        (errors.Unfit("Not here."), True, "Not here."),
        (errors.Unavailable("Not now."), True, "Not now."),
        (ValueError("x"), True, "build failed on the host: ValueError: x"),
    ],
)
def test_failures_say_whether_another_try_may_help(
    bench: Bench, error: Exception, retryable: bool, said: str
) -> None:
    bench.hypervisor.fail_next("start_new", error)
    report = do(bench, "build", order(guest()))
    assert (report.error, report.retryable) == (said, retryable)
    assert type(error).__name__ in report.details


def test_a_damaged_image_is_refused_for_good(bench: Bench) -> None:
    image = bench.images.add(checksum="sha512:" + "0" * 128)
    report = do(bench, "build", order(guest(image=image), image))
    assert not report.retryable
    assert "hash" in report.error


def test_many_builds_download_an_image_once(bench: Bench) -> None:
    image = bench.images.add()
    for _ in range(12):
        given = order(guest(image=image), image)
        bench.agent.take("build", WORK["build"], CONTEXT, given)
    reports = bench.conductor.wait("report", 12)
    assert {report.error for report in reports} == {None}
    assert bench.images.downloads == 1


class Counting:
    """How many are inside at once, at most."""

    def __init__(self) -> None:
        self.now, self.most, self._lock = 0, 0, threading.Lock()

    def __enter__(self) -> None:
        with self._lock:
            self.now += 1
            self.most = max(self.most, self.now)

    def __exit__(self, *_: object) -> None:
        with self._lock:
            self.now -= 1


def test_no_more_builds_at_once_than_allowed(tmp_path: Path) -> None:
    bench = Bench(tmp_path, max_concurrent_builds=2)
    inside = Counting()

    def slow(agent: Any, _order: Any) -> dict[str, Any]:
        with agent.builds, inside:
            agent.over.wait(0.02)
        return {}

    for _ in range(8):
        bench.agent.take("build", slow, CONTEXT, order(guest()))
    bench.conductor.wait("report", 8)
    bench.agent.stop()
    assert inside.most == 2


@pytest.mark.parametrize(("allowed", "most"), [(2, 2), (0, 6)])
def test_no_more_copies_for_images_at_once_than_allowed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, allowed: int, most: int
) -> None:
    bench = Bench(tmp_path, max_concurrent_snapshots=allowed)
    inside, full = Counting(), threading.Event()

    def take(*_: object) -> str:
        with inside:
            if inside.now == most:
                full.set()
            full.wait(10)
            bench.agent.over.wait(0.02)
        return "qcow2"

    monkeypatch.setattr(FakeSnapshots, "take", take)
    for _ in range(6):
        image = bench.images.add()
        bench.agent.take("snapshot", WORK["snapshot"], CONTEXT, order(guest(), image))
    bench.conductor.wait("report", 6)
    bench.agent.stop()
    assert inside.most == most
