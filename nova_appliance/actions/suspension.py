# SPDX-License-Identifier: Apache-2.0
"""Pauses and suspends servers, lets them go on, and interrupts them for a crash dump."""

from __future__ import annotations

from nova_appliance.actions import shares
from nova_appliance.actions.begin import Wanted, begin
from nova_appliance.actions.cloud import Cloud
from nova_appliance.actions.orders import VerbOrder
from nova_appliance.common.context import RequestContext
from nova_appliance.domain.server import Server


def pause(cloud: Cloud, context: RequestContext, server: Server) -> None:
    """Hold a server's processors. Raises Conflict."""
    _begin(cloud, context, server, "pause")


def unpause(cloud: Cloud, context: RequestContext, server: Server) -> None:
    """Let a paused server go on. Raises Conflict."""
    _begin(cloud, context, server, "unpause")


def suspend(cloud: Cloud, context: RequestContext, server: Server) -> None:
    """Keep a server's memory on disk and take its power. Raises Conflict."""
    shares.refuse(server, "suspend")
    _begin(cloud, context, server, "suspend")


def resume(cloud: Cloud, context: RequestContext, server: Server) -> None:
    """Let a suspended server go on where it was. Raises Conflict."""
    _begin(cloud, context, server, "resume")


def trigger_crash_dump(cloud: Cloud, context: RequestContext, server: Server) -> None:
    """Interrupt a server so that it dumps its memory. Raises Conflict."""
    _begin(cloud, context, server, "trigger_crash_dump")


def _begin(cloud: Cloud, context: RequestContext, server: Server, verb: str) -> None:
    begin(cloud, context, server, Wanted(verb=verb, saga=verb, order=VerbOrder(verb=verb)))
