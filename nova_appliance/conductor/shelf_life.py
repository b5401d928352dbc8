# SPDX-License-Identifier: Apache-2.0
"""Lets hosts go that shelved servers have kept long enough, and ends rescues that take too long."""

from __future__ import annotations

import datetime as dt
import logging
from collections.abc import Callable

from nova_appliance.actions import rescue as rescues
from nova_appliance.actions import shelve
from nova_appliance.actions.cloud import Cloud
from nova_appliance.common import context as contexts
from nova_appliance.common import errors
from nova_appliance.common.context import RequestContext
from nova_appliance.db import servers
from nova_appliance.domain import shelf as shelves
from nova_appliance.domain.server import Server

LOG = logging.getLogger(__name__)
PAGE = 500
"""Servers of a cell that one round looks at."""
Begin = Callable[[Cloud, RequestContext, Server], None]


def offload(cloud: Cloud) -> int:
    """Begin to offload what is shelved for [DEFAULT]shelved_offload_time; how many."""
    limit_s = cloud.conf.shelved_offload_time
    if limit_s < 0:
        return 0
    before = cloud.clock.now() - dt.timedelta(seconds=limit_s)

    def is_over(server: Server) -> bool:
        shelf = shelves.of(server.system_metadata)
        return shelf is None or shelf.at <= before

    return _begin(cloud, "shelved", is_over, shelve.offload)


def end_rescues(cloud: Cloud) -> int:
    """Begin to unrescue what is rescued for [DEFAULT]rescue_timeout; how many."""
    limit_s = cloud.conf.rescue_timeout
    if limit_s <= 0:
        return 0
    before = cloud.clock.now() - dt.timedelta(seconds=limit_s)

    def is_over(server: Server) -> bool:
        return server.launched_at is not None and server.launched_at <= before

    return _begin(cloud, "rescued", is_over, rescues.unrescue)


def _begin(cloud: Cloud, state: str, is_over: Callable[[Server], bool], begin: Begin) -> int:
    begun = 0
    for cell in cloud.cells.all_():
        with cloud.cells.database(cell.id).read() as conn:
            resting = servers.resting_in(conn, cell.id, state, PAGE)
        for server in filter(is_over, resting):
            try:
                begin(cloud, contexts.for_background(), server)
            except (errors.NotFound, errors.Conflict) as error:
                LOG.info("server %s stays %s now: %s", server.id, state, error.message)
            else:
                begun += 1
    return begun
