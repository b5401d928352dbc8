# SPDX-License-Identifier: Apache-2.0
"""The table of what nova-compute can be told: a function for each row of rpc/calls/compute.py."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

from nova_appliance.common.context import RequestContext
from nova_appliance.compute import bricks, connections
from nova_appliance.compute.agent import Agent, Deed
from nova_appliance.compute.work import (
    build,
    cache_image,
    change_disks,
    console,
    console_address,
    destroy,
    diagnostics,
    evacuate,
    freeze,
    interfaces,
    live_migrate,
    move,
    password,
    power,
    reboot,
    rebuild,
    shares,
    snapshot,
    survey,
    suspension,
    volumes,
)
from nova_appliance.rpc.orders import Connector, Uptime

Handler = Callable[[RequestContext, Any], Any]

WORK: dict[str, Deed] = {
    "build": build.build,
    "destroy": destroy.destroy,
    "power_on": power.power_on,
    "power_off": power.power_off,
    "reboot": reboot.reboot,
    "pause": suspension.pause,
    "unpause": suspension.unpause,
    "suspend": suspension.suspend,
    "resume": suspension.resume,
    "interrupt": suspension.interrupt,
    "snapshot": snapshot.snapshot,
    "upload_snapshot": snapshot.upload,
    "drop_snapshot": snapshot.drop,
    "fetch_image": rebuild.fetch_image,
    "rebuild": rebuild.rebuild,
    "change_disks": change_disks.change_disks,
    "rebuild_here": evacuate.rebuild_here,
    "abandon": evacuate.abandon,
    "show_passport": live_migrate.show_passport,
    "admit": live_migrate.admit,
    "go": live_migrate.go,
    "come_back": live_migrate.come_back,
    "set_aside": move.set_aside,
    "arrive": move.arrive,
    "withdraw": move.withdraw,
    "take_back": move.take_back,
    "forget_origin": move.forget_origin,
    "set_password": password.set_password,
    "attach_interface": interfaces.attach,
    "detach_interface": interfaces.detach,
    "attach_volume": volumes.attach,
    "detach_volume": volumes.detach,
    "swap_volume": volumes.swap,
    "resize_volume": volumes.resize,
    "snapshot_volume": volumes.snapshot,
    "merge_volume": volumes.merge,
    "release_share": shares.release,
}
"""Casts, answered by a report."""

ANSWERS: dict[str, Callable[[Agent, Any], Any]] = {
    "cache_images": cache_image.cache_images,
    "connector": lambda agent, _: Connector(facts=bricks.connector(agent.conf)),
    "console_output": console.console_output,
    "console_screenshot": console.console_screenshot,
    "console_address": console_address.console_address,
    "diagnostics": diagnostics.diagnostics,
    "freeze": freeze.freeze,
    "thaw": freeze.thaw,
    "survey": survey.survey,
    "uptime": lambda agent, _: uptime(agent),
}
"""Calls, answered at once."""


def of(agent: Agent) -> dict[str, Handler]:
    """The handlers of one agent."""
    casts: dict[str, Handler] = {
        name: functools.partial(agent.take, name, connections.around(name, deed))
        for name, deed in WORK.items()
    }
    casts["cache_image"] = lambda _context, order: agent.later(cache_image.cache_image, order)
    return casts | {name: _answer(agent, answer) for name, answer in ANSWERS.items()}


def _answer(agent: Agent, answer: Callable[[Agent, Any], Any]) -> Handler:
    return lambda _context, order: answer(agent, order)


def uptime(agent: Agent) -> Uptime:
    """How long the host runs."""
    return Uptime(text=agent.driver.inventory.read().uptime)
