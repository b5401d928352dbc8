# SPDX-License-Identifier: Apache-2.0
"""Restores servers that were deleted softly."""

from __future__ import annotations

from nova_appliance.actions.begin import Wanted, begin
from nova_appliance.actions.cloud import Cloud
from nova_appliance.actions.orders import VerbOrder
from nova_appliance.common.context import RequestContext
from nova_appliance.domain.server import Server

VERB = "restore"


def restore(cloud: Cloud, context: RequestContext, server: Server) -> None:
    """Give a softly deleted server back. Raises Conflict."""
    wanted = Wanted(verb=VERB, saga="restore", order=VerbOrder(verb=VERB))
    begin(cloud, context, server, wanted)
