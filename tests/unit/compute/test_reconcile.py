# SPDX-License-Identifier: Apache-2.0
"""The host comes in line: what is started, reaped, and never touched."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest
from fixtures.agent import VOLUME, Bench, guest, order
from hypothesis import given
from hypothesis import strategies as st

from nova_appliance.common import errors
from nova_appliance.common.clock import Clock
from nova_appliance.compute import boot_mark, image_cache, inventory, periodic
from nova_appliance.compute import reconcile as reconcile_module
from nova_appliance.compute.power_watch import PowerWatch
from nova_appliance.compute.reconcile import Found, plan, reconcile, resume
from nova_appliance.compute.work import freeze
from nova_appliance.compute.work.survey import survey
from nova_appliance.domain.guest import PowerState
from nova_appliance.domain.journey import Journey
from nova_appliance.rpc import pins
from nova_appliance.rpc.orders import ELSEWHERE, ExpectedServer, Survey
from nova_appliance.virt.fake.lifecycle import FakeLifecycle

IDS = [f"00000000-0000-4000-8000-00000000000{n}" for n in range(6)]


def server(number: int = 0, **changes: object) -> ExpectedServer:
    values = {"id": IDS[number], "state": "active", "task": None, "power": 1}
    return ExpectedServer(**(values | {"guest": guest(IDS[number])} | changes))


def found(power: PowerState | None = None, *, folder: bool = True, kept: bool = False) -> Found:
    guests = {} if power is None else {IDS[0]: power}
    mine = frozenset(IDS[:1])
    return Found(
        guests=guests, folders=mine if folder else frozenset(), kept=mine if kept else frozenset()
    )


@pytest.mark.parametrize(
    ("expected", "seen", "resume", "kinds"),
    [
        (server(), found(), True, ["start"]),
        (server(), found(PowerState.SHUTDOWN), True, ["start"]),
        (server(), found(PowerState.RUNNING), True, []),
        (server(), found(), False, []),
        (server(), found(folder=False), True, []),
        (server(task="powering-off"), found(), True, []),
        (server(state="stopped", power=4), found(), True, []),
        (server(guest=None, state="building", task="spawning"), found(), True, []),
        (server(deleted=True), found(PowerState.RUNNING), True, ["reap"]),
        (server(deleted=True), found(), False, ["reap"]),
        (server(deleted=True), found(folder=False), True, []),
        (server(deleted=True, state=ELSEWHERE), found(PowerState.RUNNING), True, ["remove"]),
        (None, found(PowerState.RUNNING), True, ["leave"]),
        (server(), found(kept=True), False, ["take back"]),
        (server(), found(kept=True), True, ["take back"]),
        (server(task="resize_prep"), found(kept=True), True, []),
        (server(state="resized"), found(kept=True), True, []),
        (server(state="moving", power=0, guest=None), found(kept=True), True, []),
        (server(deleted=True), found(kept=True), True, ["reap"]),
        (None, found(kept=True), True, ["leave"]),
    ],
)
def test_plan(expected: ExpectedServer | None, seen: Found, resume: bool, kinds: list[str]) -> None:
    deeds = plan([expected] if expected else [], seen, resume=resume)
    assert [deed.kind for deed in deeds] == kinds


EXPECTED = st.lists(st.tuples(st.sampled_from(range(6)), st.booleans()), unique_by=lambda t: t[0])
GUESTS = st.dictionaries(st.sampled_from(IDS), st.sampled_from(list(PowerState)))


@given(EXPECTED, GUESTS, st.frozensets(st.sampled_from(IDS)), st.booleans())
def test_only_confirmed_deletions_are_reaped(
    answers: list[tuple[int, bool]],
    guests: dict[str, PowerState],
    folders: frozenset[str],
    resume: bool,
) -> None:
    expected = [server(number, deleted=deleted) for number, deleted in answers]
    deeds = plan(expected, Found(guests=guests, folders=folders), resume=resume)
    reaped = {deed.server_id for deed in deeds if deed.kind == "reap"}
    assert reaped == {e.id for e in expected if e.deleted} & (folders | guests.keys())
    assert len({deed.server_id for deed in deeds}) == len(deeds)


def build(bench: Bench, server_id: str) -> None:
    bench.driver.disks.create(guest(server_id))
    bench.driver.lifecycle.start_new(guest(server_id))


def test_it_is_carried_out(tmp_path: Path) -> None:
    bench = Bench(tmp_path)
    for server_id in IDS[:3]:
        build(bench, server_id)
    bench.driver.power.off(IDS[1], 0)
    bench.conductor.expected = (server(0, deleted=True, guest=None), server(1))
    deeds = reconcile(bench.agent, resume=True)
    assert [deed.kind for deed in deeds] == ["reap", "start", "leave"]
    left = {seen.server_id: seen.power_state for seen in bench.driver.lifecycle.list_()}
    assert left == {IDS[1]: PowerState.RUNNING, IDS[2]: PowerState.RUNNING}
    assert bench.driver.disks.owners() == frozenset(IDS[1:3])
    assert bench.conductor.got("expected_servers")[0].seen == tuple(IDS[:3])
    assert [deed.kind for deed in reconcile(bench.agent, resume=True)] == ["leave"]


@pytest.mark.parametrize(("failures", "runs"), [(0, True), (1, True), (2, True), (9, False)])
def test_what_does_not_start_after_a_power_cut_is_tried_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, failures: int, runs: bool
) -> None:
    monkeypatch.setattr(reconcile_module, "RESUME_PAUSE_S", 0.0)
    bench = Bench(tmp_path)
    for server_id in IDS[:2]:
        build(bench, server_id)
        bench.driver.power.off(server_id, 0)
    bench.conductor.expected = (server(0), server(1))
    bench.hypervisor.fail_next("on", errors.Unavailable("libvirtd is away"), failures)
    resume(bench.agent)
    powers = {seen.power_state for seen in bench.driver.lifecycle.list_()}
    assert powers == {PowerState.RUNNING if runs else PowerState.SHUTDOWN}


@pytest.mark.parametrize(("power", "runs"), [(1, True), (4, False)])
def test_disks_kept_for_a_move_that_went_back_meanwhile_are_taken_back(
    tmp_path: Path, power: int, runs: bool
) -> None:
    bench = Bench(tmp_path)
    mine = guest(IDS[0])
    bench.driver.disks.create(mine)
    bench.driver.moves.set_aside(IDS[0], Journey(source="h1", target="h2"))
    state = "active" if runs else "stopped"
    bench.conductor.expected = (server(power=power, state=state, guest=mine),)
    for _ in range(2):
        reconcile(bench.agent, resume=False)
        assert bench.driver.disks.owners() == {IDS[0]}
        assert bench.driver.moves.kept() == frozenset()
        assert bool(bench.driver.lifecycle.list_()) is runs


def test_one_that_fails_does_not_keep_others(tmp_path: Path) -> None:
    bench = Bench(tmp_path)
    for server_id in IDS[:2]:
        build(bench, server_id)
    bench.hypervisor.fail_next("destroy", errors.Unavailable("libvirtd is away"))
    bench.conductor.expected = (server(0, deleted=True), server(1, deleted=True))
    reconcile(bench.agent, resume=False)
    assert bench.driver.disks.owners() == frozenset(IDS[:1])


def test_an_order_that_came_meanwhile_knows_better(tmp_path: Path) -> None:
    bench = Bench(tmp_path)
    build(bench, IDS[0])
    bench.conductor.expected = (server(0, deleted=True),)
    bench.agent.desk.admit("power_on", order(guest(IDS[0])))
    reconcile(bench.agent, resume=False)
    assert bench.driver.lifecycle.find(IDS[0]) is not None


def test_nothing_is_touched_when_the_conductor_is_away(tmp_path: Path) -> None:
    bench = Bench(tmp_path)
    build(bench, IDS[0])
    bench.conductor.away = 1
    with pytest.raises(errors.Unavailable):
        reconcile(bench.agent, resume=True)
    assert bench.driver.lifecycle.find(IDS[0]) is not None


@pytest.mark.parametrize(
    ("action", "power"),
    [("noop", 1), ("log", 1), ("shutdown", 4), ("reap", None)],
)
def test_the_operator_says_what_is_done_with_deleted_guests(
    tmp_path: Path, action: str, power: int | None
) -> None:
    bench = Bench(tmp_path, running_deleted_instance_action=action)
    build(bench, IDS[0])
    bench.conductor.expected = (server(0, deleted=True),)
    periodic.clean_up(bench.agent)
    seen = bench.driver.lifecycle.find(IDS[0])
    assert (seen.power_state if seen else None) == power


@pytest.mark.parametrize("action", ["noop", "log", "shutdown", "reap"])
def test_a_server_that_lives_elsewhere_goes_whatever_the_operator_says_of_deleted_ones(
    tmp_path: Path, action: str
) -> None:
    bench = Bench(tmp_path, running_deleted_instance_action=action)
    build(bench, IDS[0])
    bench.conductor.expected = (server(0, deleted=True, state=ELSEWHERE, lives_at="h2"),)
    periodic.clean_up(bench.agent)
    assert bench.driver.lifecycle.find(IDS[0]) is None
    assert IDS[0] not in bench.driver.disks.owners()


@pytest.mark.parametrize("action", ["noop", "shutdown"])
def test_whoever_tidies_removes_what_the_operator_else_leaves(tmp_path: Path, action: str) -> None:
    bench = Bench(tmp_path, running_deleted_instance_action=action)
    build(bench, IDS[0])
    bench.conductor.expected = (server(0, deleted=True),)
    assert survey(bench.agent, Survey(tidy=False)).strays == (("reap", IDS[0]),)
    assert bench.driver.lifecycle.find(IDS[0]) is not None
    assert survey(bench.agent, Survey(tidy=True)).strays == (("reap", IDS[0]),)
    assert bench.driver.lifecycle.find(IDS[0]) is None


@pytest.mark.parametrize("broken", [errors.Refused("The disk is busy."), OSError("busy")])
def test_what_cannot_be_removed_is_told(
    tmp_path: Path, broken: Exception, monkeypatch: pytest.MonkeyPatch
) -> None:
    bench = Bench(tmp_path)
    for server_id in IDS[:2]:
        build(bench, server_id)
    bench.conductor.expected = (server(0, deleted=True), server(1, deleted=True))
    destroy = FakeLifecycle.destroy

    def fail(self: FakeLifecycle, server_id: str) -> None:
        if server_id == IDS[0]:
            raise broken
        destroy(self, server_id)

    monkeypatch.setattr(FakeLifecycle, "destroy", fail)
    ((failed, why),) = survey(bench.agent, Survey(tidy=True)).failed
    assert failed == IDS[0]
    assert "busy" in why
    assert survey(bench.agent, Survey(tidy=False)).failed == ()


def test_what_is_in_work_is_not_tidied_and_told(tmp_path: Path) -> None:
    bench = Bench(tmp_path)
    build(bench, IDS[0])
    bench.conductor.expected = (server(0, deleted=True),)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(bench.agent.desk, "touched_since", lambda _id, _began: True)
        ((failed, why),) = survey(bench.agent, Survey(tidy=True)).failed
    assert (failed, "order" in why) == (IDS[0], True)


def test_a_host_start_is_noticed_once(tmp_path: Path) -> None:
    assert boot_mark.is_new(tmp_path)
    boot_mark.keep(tmp_path)
    assert not boot_mark.is_new(tmp_path)
    (tmp_path / boot_mark.NAME).write_text("another start")
    assert boot_mark.is_new(tmp_path)


def test_limits_are_total_less_reserved_times_ratio(tmp_path: Path) -> None:
    bench = Bench(tmp_path, reserved_host_memory_mb=512, cpu_allocation_ratio=2.0,
                  reserved_host_disk_mb=1500)  # fmt: skip
    inventory.send(bench.agent)
    sent = bench.conductor.got("put_inventory")[0]
    assert (sent.host, sent.inventory.node) == ("h1", "h1")
    assert sent.limits.vcpus == 128
    assert sent.limits.memory_mib == 262144 - 512
    assert sent.limits.disk_gib == 4096 - 2


def test_power_is_told_but_not_of_servers_in_work(tmp_path: Path) -> None:
    bench = Bench(tmp_path)
    for server_id in IDS[:3]:
        build(bench, server_id)
    bench.driver.lifecycle.destroy(IDS[2])
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(bench.agent.desk, "touched_since", lambda server_id, _: server_id == IDS[0])
        periodic.sync_power(bench.agent)
    (told,) = bench.conductor.got("power_seen")
    assert told.seen == ((IDS[1], 1), (IDS[2], 4))
    assert bench.agent.clock.now() - told.looked_at < dt.timedelta(seconds=5)


def test_an_older_conductor_is_not_told_when_we_looked(tmp_path: Path) -> None:
    bench = Bench(tmp_path)
    build(bench, IDS[0])
    bench.conductor.pins.learn({"conductor": pins.FIELDS_SINCE["PowerSeen.looked_at"] - 1})
    periodic.sync_power(bench.agent)
    assert bench.conductor.got("power_seen")[0].looked_at is None


def test_a_guest_that_goes_off_by_itself_is_told_until_it_is_told_twice(tmp_path: Path) -> None:
    now = [0.0]
    bench = Bench(tmp_path)
    bench.agent.power_watch = PowerWatch(Clock(monotonic=lambda: now[0]))
    one = guest(IDS[0])
    bench.driver.disks.create(one)
    bench.driver.lifecycle.start_new(one)
    periodic.watch_power(bench.agent)
    periodic.watch_power(bench.agent)
    assert bench.conductor.got("power_seen") == []
    bench.hypervisor.halt(IDS[0], "it shut down")
    bench.conductor.away = 1
    with pytest.raises(errors.Unavailable):
        periodic.watch_power(bench.agent)
    for now[0] in (3.0, 6.0, 50.0, 53.0):
        periodic.watch_power(bench.agent)
    told = [order.seen for order in bench.conductor.got("power_seen")]
    assert told == [((IDS[0], PowerState.SHUTDOWN),)] * 2


def test_what_the_first_look_sees_is_told_once_more(tmp_path: Path) -> None:
    """It was told at the start, when the conductor may have thought its rows fresher."""
    now = [0.0]
    bench = Bench(tmp_path)
    bench.agent.power_watch = PowerWatch(Clock(monotonic=lambda: now[0]))
    bench.driver.disks.create(guest(IDS[0]))
    for now[0] in (0.0, 3.0, 39.0, 41.0, 44.0, 90.0):
        periodic.watch_power(bench.agent)
    told = [order.seen for order in bench.conductor.got("power_seen")]
    assert told == [((IDS[0], PowerState.SHUTDOWN),)]


def test_jobs_survive_a_conductor_that_is_away(tmp_path: Path) -> None:
    bench = Bench(tmp_path)
    bench.driver.disks.create(guest(IDS[0]))
    bench.driver.lifecycle.start_new(guest(IDS[0]))
    periodic.watch_power(bench.agent)
    bench.hypervisor.halt(IDS[0], "it shut down")
    bench.driver.disks.create(guest(IDS[1]))
    bench.driver.lifecycle.start_new(guest(IDS[1]))
    bench.driver.volumes.attach(IDS[1], VOLUME)
    for job in periodic.JOBS:
        bench.conductor.away = 9
        if job.run is freeze.thaw_late:  # asks nobody
            assert periodic.run(bench.agent, job)
            continue
        assert not periodic.run(bench.agent, job)
        bench.conductor.away = 0
        assert periodic.run(bench.agent, job)


def test_images_age_out_when_nothing_lies_over_them(tmp_path: Path) -> None:
    bench = Bench(tmp_path)
    bench.conf.set_override("remove_unused_original_minimum_age_seconds", 100, "image_cache")
    used, unused = bench.images.add(), bench.images.add(b"another")
    for image in (used, unused):
        image_cache.fetch(bench.agent, image)
        bench.agent.image_used_at[image.id] -= 200
    one = guest(IDS[0], used)
    bench.driver.disks.create(one)
    assert image_cache.age(bench.agent, ()) == ()  # nobody said what the folder lies over
    assert image_cache.age(bench.agent, (server(0, guest=one),)) == (unused.id,)
    assert [image.image_id for image in bench.driver.images.list_()] == [used.id]


def test_an_image_never_seen_before_counts_as_used_now() -> None:
    assert image_cache.too_old(["a", "b"], {"a": 0.0}, 50.0, 10.0) == ("a",)
