# SPDX-License-Identifier: Apache-2.0
"""Opens the databases that nova.conf names; for every process of the control plane."""

from __future__ import annotations

from oslo_config import cfg

from nova_appliance.common import errors
from nova_appliance.db.cells import Cells
from nova_appliance.db.engines import Databases


def open_(conf: cfg.ConfigOpts) -> Cells:
    """The databases of the deployment. Raises Invalid when nova.conf names none."""
    if not conf.api_database.connection:
        raise errors.Invalid("nova.conf has no [api_database] connection.")
    return Cells(Databases(conf.api_database.connection))
