# SPDX-License-Identifier: Apache-2.0
"""Call `survey`: what is on the host that no server of it has; removed if so asked."""

from __future__ import annotations

import msgspec

from nova_appliance.compute import reconcile
from nova_appliance.compute.agent import Agent
from nova_appliance.rpc.orders import Survey, Surveyed

WORDS = {"reap": "reap", "remove": "reap", "leave": "leave"}
"""Deed > what the conductor is told of it."""


def survey(agent: Agent, order: Survey) -> Surveyed:
    """Ask the conductor about all that is here; Unavailable when it does not answer."""
    began = agent.clock.monotonic()
    found = reconcile.look(agent)
    expected = reconcile.ask(agent, found.servers)
    strays = [
        deed
        for deed in reconcile.plan(expected, found, resume=False)
        if deed.kind in WORDS and not reconcile.is_shared(agent, deed)
    ]
    failed = []
    for deed in strays:
        if order.tidy and deed.kind != "leave":  # asked for: the operator's options do not count
            remove = msgspec.structs.replace(deed, kind="remove")
            if why := reconcile.carry_out(agent, remove, began):
                failed.append((deed.server_id, why))
    return Surveyed(
        strays=tuple((WORDS[deed.kind], deed.server_id) for deed in strays),
        failed=tuple(failed),
    )
