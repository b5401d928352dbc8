# SPDX-License-Identifier: Apache-2.0
"""What the conductor does from time to time: orphans, old sagas, sagas that take long."""

from __future__ import annotations

import datetime as dt
import logging
from collections.abc import Callable, Iterator

from oslo_config import cfg

from nova_appliance.actions import refresh_addresses
from nova_appliance.actions.cloud import Cloud
from nova_appliance.common import ids
from nova_appliance.conductor import audit, shelf_life, usage_audit
from nova_appliance.conductor.confirm_old import confirm_old
from nova_appliance.conductor.reclaim import reclaim
from nova_appliance.db import hosts, request_specs, sagas, server_mappings, servers
from nova_appliance.db.cells import CELL0
from nova_appliance.db.engines import Connection

LOG = logging.getLogger(__name__)

ORPHAN_S = 60.0
"""A mapping without a server is left alone for so long: its request may be under way."""
LONG_S = 3600.0
"""A saga open for longer is named in the log."""
USUAL_S = 60.0
PAGE = 500
Every = float | Callable[[cfg.ConfigOpts], float]
HEALED = 100
"""Servers of a cell whose addresses are looked at in one round."""


def remove_orphans(cloud: Cloud) -> int:
    """Forget mappings whose request died before it wrote the server; how many."""
    return _remove_orphans(cloud, CELL0)


def remove_strays(cloud: Cloud) -> int:
    """Forget mappings to other cells whose servers are not there; how many."""
    others = (cell.id for cell in cloud.cells.all_() if cell.id != CELL0)
    return sum(_remove_orphans(cloud, cell_id) for cell_id in others)


def _remove_orphans(cloud: Cloud, cell_id: str) -> int:
    return sum(forget(cloud, server_id, cell_id) for server_id in orphans(cloud, cell_id))


def orphans(cloud: Cloud, cell_id: str) -> Iterator[str]:
    """Servers that are mapped to this cell and are not there; some may be on their way."""
    before = cloud.clock.now() - dt.timedelta(seconds=ORPHAN_S)
    after = 0
    while True:
        with cloud.cells.api.read() as conn:
            page = server_mappings.older_than(conn, before, cell_id, after, PAGE)
        if not page:
            return
        after = page[-1][0]
        with cloud.cells.database(cell_id).read() as conn:
            here = servers.places(conn, [server_id for _, server_id in page])
        yield from (server_id for _, server_id in page if server_id not in here)


def forget(cloud: Cloud, server_id: str, cell_id: str) -> bool:
    """Remove the mapping of a server that is nowhere; False for one that moves or goes right now."""
    for cell in cloud.cells.all_():
        with cloud.cells.database(cell.id).read() as conn:
            if sagas.open_of(conn, server_id):
                return False

    def work(conn: Connection) -> bool:
        mapping = server_mappings.get(conn, server_id)
        if mapping is None or mapping.cell_id != cell_id:
            return False
        hosts.release(conn, server_id)
        request_specs.remove(conn, server_id)
        return server_mappings.remove(conn, server_id)

    gone = cloud.cells.api.transact(work)
    if gone:
        LOG.warning("server %s is nowhere: its mapping is removed", server_id)
    return gone


def forget_sagas(cloud: Cloud) -> int:
    """Remove sagas that ended long ago; how many."""
    before = cloud.clock.now() - dt.timedelta(seconds=cloud.conf.conductor.keep_sagas)
    removed = 0
    for cell in cloud.cells.all_():
        database = cloud.cells.database(cell.id)
        while batch := database.transact(lambda conn: sagas.forget(conn, before, PAGE)):
            removed += batch
    return removed


def end_long_builds(cloud: Cloud) -> int:
    """Turn builds back that take longer than [DEFAULT]instance_build_timeout; how many."""
    limit_s = cloud.conf.instance_build_timeout
    if limit_s <= 0:
        return 0
    before = cloud.clock.now() - dt.timedelta(seconds=limit_s)
    ended = 0
    for cell in cloud.cells.all_():
        database = cloud.cells.database(cell.id)
        ended += database.transact(lambda conn: sagas.cancel_old(conn, "boot", before))
    return ended


def name_stuck(cloud: Cloud) -> int:
    """Log sagas that have been open for long; how many."""
    before = cloud.clock.now() - dt.timedelta(seconds=LONG_S)
    found = 0
    for cell in cloud.cells.all_():
        with cloud.cells.database(cell.id).read() as conn:
            for saga_id, name, server_id in sagas.stuck(conn, before):
                LOG.warning("saga %s (%s) of server %s takes long", name, saga_id, server_id)
                found += 1
    return found


def heal_addresses(cloud: Cloud) -> int:
    """Repair what rows tell of addresses, when the network service's news got lost; how many.

    Each round looks at some servers of each cell, beginning anywhere.
    """
    healed = 0
    for cell in cloud.cells.all_():
        with cloud.cells.database(cell.id).read() as conn:
            some = servers.some_at_rest(conn, cell.id, ids.new_id(), HEALED)
        sights = refresh_addresses.look(cloud, some) if some else ()
        for server, sight in zip(some, sights, strict=True):
            if refresh_addresses.is_stale(server, sight):
                refresh_addresses.refresh(cloud, server.id)
                healed += 1
    return healed


CHORES: tuple[tuple[str, Every, Callable[[Cloud], int]], ...] = (
    ("remove orphans", 60.0, remove_orphans),
    ("remove strays", 3600.0, remove_strays),
    ("release claims", 600.0, audit.release_claims),
    ("delete ports", 1800.0, audit.delete_ports),
    ("delete late ports", 60.0, audit.delete_late_ports),
    ("recount claims", 600.0, audit.recount),
    ("end long builds", 30.0, end_long_builds),
    ("name stuck sagas", 300.0, name_stuck),
    ("heal addresses", lambda conf: conf.heal_instance_info_cache_interval, heal_addresses),
    ("forget old sagas", 600.0, forget_sagas),
    ("reclaim servers", 60.0, reclaim),
    ("confirm resizes", 60.0, confirm_old),
    ("offload shelved servers", lambda conf: conf.shelved_poll_interval, shelf_life.offload),
    ("end rescues", 60.0, shelf_life.end_rescues),
    ("audit usage", 60.0, usage_audit.audit),
)
"""Name, seconds between two rounds or the option that says them, what is done."""


def rounds(conf: cfg.ConfigOpts) -> Iterator[tuple[str, float, Callable[[Cloud], int]]]:
    """The chores that are on, each with its seconds: an option's 0 is a minute, negative is off."""
    for name, every, chore in CHORES:
        seconds = every(conf) if callable(every) else every
        if seconds >= 0:
            yield name, float(seconds or USUAL_S), chore
