# SPDX-License-Identifier: Apache-2.0
"""What decisions are made with; one a scheduler."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping

from oslo_config import cfg

from nova_appliance.db.cells import Cells
from nova_appliance.scheduler.filters.registry import Filter


@dataclasses.dataclass(frozen=True)
class Desk:
    """Options, databases, and the filters by name."""

    conf: cfg.ConfigOpts
    cells: Cells
    filters: Mapping[str, Filter]
