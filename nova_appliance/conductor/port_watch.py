# SPDX-License-Identifier: Apache-2.0
"""Waits until the network service says that a server's ports work (network-vif-plugged).

The port's status is asked for; Neutron's event only makes that happen sooner, so one may get lost.
"""

from __future__ import annotations

import datetime as dt
from typing import Any

from nova_appliance.clients.network_nouns import Port
from nova_appliance.conductor.saga import Ctx, HostFailed, Out, Wait

LOOK_EVERY_S = 2.0
_SILENT = frozenset(("DOWN", "BUILD"))


def stamp(ctx: Ctx) -> str:
    """The moment from which the wait counts, as the result of a step keeps it."""
    return ctx.cloud.clock.now().isoformat()


def await_ports(ctx: Ctx, out: Out) -> dict[str, Any]:
    """Until all ports are up; raises Wait, and HostFailed after [DEFAULT] vif_plugging_timeout s."""
    limit_s = ctx.cloud.conf.vif_plugging_timeout
    if limit_s <= 0:
        return {"silent": []}
    ports = ctx.cloud.networks.ports(device_id=ctx.server_id)
    silent = sorted(port.id for port in ports if _is_silent(port))
    if not silent:
        return {"silent": []}
    since = dt.datetime.fromisoformat(out["build"].get("built_at") or stamp(ctx))
    waited = ctx.cloud.clock.now() - since
    if waited < dt.timedelta(seconds=limit_s):
        raise Wait(LOOK_EVERY_S)
    if ctx.cloud.conf.vif_plugging_is_fatal:
        raise HostFailed(
            f"The network service did not say in {limit_s} s that these ports work:"
            f" {', '.join(silent)}.",
            out["choose_host"]["host"],
            retryable=True,
        )
    return {"silent": silent}


def _is_silent(port: Port) -> bool:
    return port.admin_up and port.status in _SILENT
