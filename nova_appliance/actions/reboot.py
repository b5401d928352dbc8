# SPDX-License-Identifier: Apache-2.0
"""Reboots servers: asks the guest, or cuts its power and gives it back."""

from __future__ import annotations

from nova_appliance.actions.begin import Wanted, begin
from nova_appliance.actions.cloud import Cloud
from nova_appliance.actions.orders import RebootOrder
from nova_appliance.common.context import RequestContext
from nova_appliance.domain.server import Server


def reboot(cloud: Cloud, context: RequestContext, server: Server, *, hard: bool) -> None:
    """Reboot a server. Raises Conflict."""
    verb = "reboot HARD" if hard else "reboot SOFT"
    order = RebootOrder(verb=verb, hard=hard)
    begin(cloud, context, server, Wanted(verb=verb, saga="reboot", order=order))
