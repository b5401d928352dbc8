# SPDX-License-Identifier: Apache-2.0
"""[api_database] and [database]: where the databases are, and how many connections they get."""

from __future__ import annotations

from oslo_config import cfg

# MariaDB takes 151 connections unless told otherwise. A process opens at most 8 to each of its
# three databases, so six processes fit, whatever happens; and 8 keep 16 threads busy.
POOL = (
    cfg.IntOpt("max_pool_size", min=1, default=8, help="Connections a process keeps open."),
    cfg.IntOpt("max_overflow", min=0, default=0, help="More that it opens for the moment."),
    cfg.IntOpt("pool_timeout", min=1, default=30, help="Seconds to wait for one of them."),
    cfg.IntOpt("connection_recycle_time", default=1800, help="Seconds until one is replaced."),
)

OPTIONS = {
    "api_database": (
        cfg.StrOpt("connection", secret=True, help="SQLAlchemy URL of nova_api."),
        *POOL,
    ),
    "database": (
        cfg.StrOpt("connection", secret=True, help="SQLAlchemy URL of this cell's database."),
        *POOL,
    ),
}
"""The pool of [database] counts for each cell that a process speaks to."""
