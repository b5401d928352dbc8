# SPDX-License-Identifier: Apache-2.0
"""Starts and stops servers."""

from __future__ import annotations

from nova_appliance.actions.begin import Wanted, begin
from nova_appliance.actions.cloud import Cloud
from nova_appliance.actions.orders import VerbOrder
from nova_appliance.common.context import RequestContext
from nova_appliance.domain.server import Server


def start(cloud: Cloud, context: RequestContext, server: Server) -> None:
    """Start a stopped server. Raises Conflict."""
    _begin(cloud, context, server, "os-start", "start")


def stop(cloud: Cloud, context: RequestContext, server: Server) -> None:
    """Stop a server. Raises Conflict."""
    _begin(cloud, context, server, "os-stop", "stop")


def _begin(cloud: Cloud, context: RequestContext, server: Server, verb: str, saga: str) -> None:
    begin(cloud, context, server, Wanted(verb=verb, saga=saga, order=VerbOrder(verb=verb)))
