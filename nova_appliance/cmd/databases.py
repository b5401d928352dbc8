# SPDX-License-Identifier: Apache-2.0
"""Opens the databases that nova.conf names; for every process of the control plane."""

from __future__ import annotations

from oslo_config import cfg

from nova_appliance.common import errors
from nova_appliance.db.cells import Cells
from nova_appliance.db.connections import Pool
from nova_appliance.db.engines import Databases


def open_(conf: cfg.ConfigOpts) -> Cells:
    """The databases of the deployment. Raises Invalid when nova.conf names none."""
    if not conf.api_database.connection:
        raise errors.Invalid("nova.conf has no [api_database] connection.")
    pools = (_pool(conf, name) for name in ("api_database", "database"))
    return Cells(Databases(conf.api_database.connection, *pools))


def _pool(conf: cfg.ConfigOpts, name: str) -> Pool:
    group = conf[name]
    return Pool(
        max_pool_size=group.max_pool_size,
        max_overflow=group.max_overflow,
        pool_timeout_s=group.pool_timeout,
        recycle_s=group.connection_recycle_time,
    )
