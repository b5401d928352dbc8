# SPDX-License-Identifier: Apache-2.0
"""Makes the databases of embedded mode, and maps cell0 and cell1."""

from __future__ import annotations

from oslo_config import cfg

from nova_appliance.cmd import databases, manage_cells, manage_db
from nova_appliance.cmd.manage_command import no_arguments


def prepare(conf: cfg.ConfigOpts) -> None:
    """Bring the three databases to this release; safe to run at each start."""
    cells = databases.open_(conf)
    try:
        manage_db.expand(conf, cells, no_arguments(local_cell=False))
        manage_cells.simple_cell_setup(conf, cells, no_arguments(transport_url=None))
        manage_db.expand(conf, cells, no_arguments(local_cell=False))
    finally:
        cells.dispose()
