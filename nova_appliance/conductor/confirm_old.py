# SPDX-License-Identifier: Apache-2.0
"""Confirms resizes that nobody has confirmed or reverted for long enough."""

from __future__ import annotations

import datetime as dt
import logging

from nova_appliance.actions import find_server, resize
from nova_appliance.actions.cloud import Cloud
from nova_appliance.common import context as contexts
from nova_appliance.common import errors
from nova_appliance.db import server_migrations
from nova_appliance.domain.migration import FINISHED

LOG = logging.getLogger(__name__)
PAGE = 100
"""Servers of a cell that one round takes."""


def confirm_old(cloud: Cloud) -> int:
    """Begin to confirm those older than [DEFAULT]resize_confirm_window; how many. 0 is off."""
    window_s = cloud.conf.resize_confirm_window
    if window_s <= 0:
        return 0
    before = cloud.clock.now() - dt.timedelta(seconds=window_s)
    begun = 0
    for cell in cloud.cells.all_():
        with cloud.cells.database(cell.id).read() as conn:
            old = server_migrations.waiting_since(conn, cell.id, FINISHED, before, PAGE)
        for migration in old:
            try:
                server = find_server.by_id(cloud, migration.server_id)
                resize.confirm(cloud, contexts.for_background(), server)
            except (errors.NotFound, errors.Conflict, errors.Invalid) as error:
                LOG.info("server %s is not confirmed: %s", migration.server_id, error.message)
            else:
                begun += 1
    return begun
