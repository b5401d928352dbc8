# SPDX-License-Identifier: Apache-2.0
"""Deletes for good what was deleted softly long enough ago."""

from __future__ import annotations

import datetime as dt
import logging

from nova_appliance.actions import delete
from nova_appliance.actions.cloud import Cloud
from nova_appliance.common import context as contexts
from nova_appliance.common import errors
from nova_appliance.db import servers

LOG = logging.getLogger(__name__)
PAGE = 100
"""Servers of a cell that one round takes."""


def reclaim(cloud: Cloud) -> int:
    """Begin to delete the servers whose time is over; how many. Off when the interval is 0."""
    interval_s = cloud.conf.reclaim_instance_interval
    if interval_s <= 0:
        return 0
    before = cloud.clock.now() - dt.timedelta(seconds=interval_s)
    begun = 0
    for cell in cloud.cells.all_():
        with cloud.cells.database(cell.id).read() as conn:
            over = servers.soft_deleted(conn, cell.id, before, PAGE)
        for server in over:
            try:
                delete.force(cloud, contexts.for_background(), server)
            except (errors.NotFound, errors.Conflict) as error:
                LOG.info("server %s is not reclaimed now: %s", server.id, error.message)
            else:
                begun += 1
    return begun
