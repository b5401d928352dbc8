# SPDX-License-Identifier: Apache-2.0
"""What the agent does again and again: a table of jobs, and the threads that run them."""

from __future__ import annotations

import datetime as dt
import logging
import threading
from collections.abc import Callable, Iterable

import msgspec
from oslo_config import cfg

from nova_appliance.common import context as contexts
from nova_appliance.common import errors
from nova_appliance.compute import image_cache, inventory, reconcile, volume_counts
from nova_appliance.compute.agent import Agent
from nova_appliance.compute.work import freeze
from nova_appliance.domain.guest import PowerState
from nova_appliance.rpc import pins
from nova_appliance.rpc.orders import PowerSeen

LOG = logging.getLogger(__name__)
USUAL_S = 60
NEVER = -1
THAW_S = 10


class Job(msgspec.Struct, frozen=True, kw_only=True):
    """`every` tells the seconds between runs; 0 is the usual minute, negative never."""

    name: str
    every: Callable[[cfg.ConfigOpts], int]
    run: Callable[[Agent], object]
    at_start: bool = False


def sync_power(agent: Agent) -> None:
    """Tell the conductor which guests run; not those that an order is changing meanwhile."""
    moment = _Moment.of(agent)
    _tell_power(agent, sorted(powers_of(agent).items()), moment)


def watch_power(agent: Agent) -> None:
    """Tell the conductor which guests run or are off now and were not so at the last look."""
    moment = _Moment.of(agent)
    news = agent.power_watch.news(powers_of(agent))
    agent.power_watch.told(_tell_power(agent, news, moment))


def powers_of(agent: Agent) -> dict[str, int]:
    """Server id > its power; one that has its disks here but no guest is off."""
    found = reconcile.look(agent)
    powers = dict.fromkeys(found.folders, PowerState.SHUTDOWN) | dict(found.guests)
    return {server_id: int(power) for server_id, power in powers.items()}


class _Moment(msgspec.Struct, frozen=True):
    """When a look at the host began: by the clock that orders are compared with, and in UTC."""

    monotonic: float
    utc: dt.datetime

    @classmethod
    def of(cls, agent: Agent) -> _Moment:
        """Now."""
        return cls(agent.clock.monotonic(), agent.clock.now())


def _tell_power(
    agent: Agent, powers: Iterable[tuple[str, int]], moment: _Moment
) -> tuple[str, ...]:
    """The servers that were told of: those that no order has touched since."""
    seen = tuple(
        (server_id, power)
        for server_id, power in powers
        if not agent.desk.touched_since(server_id, moment.monotonic)
    )
    if seen:
        tells = agent.rpc.pins.of("conductor") >= pins.FIELDS_SINCE["PowerSeen.looked_at"]
        order = PowerSeen(host=agent.host, seen=seen, looked_at=moment.utc if tells else None)
        agent.rpc.call("conductor", "power_seen", order, contexts.for_background())
    return tuple(server_id for server_id, _ in seen)


def clean_up(agent: Agent) -> None:
    """Deal with guests and folders of servers that are deleted or live elsewhere."""
    reconcile.reconcile(agent, resume=False)


def age_images(agent: Agent) -> None:
    """Remove cached images that are not used any more."""
    expected = reconcile.ask(agent, agent.driver.disks.owners())
    image_cache.age(agent, expected)


JOBS = (
    Job(
        name="update_available_resource",
        every=lambda conf: conf.update_resources_interval,
        run=inventory.send,
    ),
    Job(
        name="sync_power_states",
        every=lambda conf: conf.sync_power_state_interval,
        run=sync_power,
        at_start=True,
    ),
    Job(
        name="power_watch",
        every=lambda conf: conf.compute.power_watch_interval,
        run=watch_power,
    ),
    Job(
        name="cleanup_running_deleted",
        every=lambda conf: conf.running_deleted_instance_poll_interval,
        run=clean_up,
    ),
    Job(
        name="volume_usage",
        every=lambda conf: conf.volume_usage_poll_interval or NEVER,
        run=volume_counts.send,
    ),
    Job(
        name="thaw_late",
        every=lambda _conf: THAW_S,
        run=freeze.thaw_late,
        at_start=True,
    ),
    Job(
        name="image_cache_pass",
        every=lambda conf: conf.image_cache.manager_interval,
        run=age_images,
    ),
)


def start(agent: Agent) -> list[threading.Thread]:
    """One thread for each job that is on; they end with the agent."""
    threads = [
        threading.Thread(target=_repeat, args=(agent, job), name=job.name, daemon=True)
        for job in JOBS
        if job.every(agent.conf) >= 0
    ]
    for thread in threads:
        thread.start()
    return threads


def _repeat(agent: Agent, job: Job) -> None:
    pause_s = job.every(agent.conf) or USUAL_S
    if job.at_start:
        run(agent, job)
    while not agent.over.wait(pause_s):
        run(agent, job)


def run(agent: Agent, job: Job) -> bool:
    """Run a job once; False when it failed, which the log tells."""
    try:
        job.run(agent)
    except errors.Unavailable as error:
        LOG.warning("%s: %s", job.name, error.message)
        return False
    except Exception:
        LOG.exception("%s failed", job.name)
        return False
    return True
