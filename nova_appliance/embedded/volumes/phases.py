# SPDX-License-Identifier: Apache-2.0
"""Work on a volume that goes from phase to phase; a row of a table says how far it is.

Each phase may run twice. Rows have `volume_id` and `phase`; the last phase removes its row.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping

from nova_appliance.common import clock
from nova_appliance.embedded.store import Row
from nova_appliance.embedded.volumes.service import Volumes

LOG = logging.getLogger(__name__)
PAUSES_S = (1.0, 2.0, 5.0, 15.0, 60.0)
"""Between tries of a phase that fails: the last one for all that follow."""
Phases = Mapping[str, Callable[[Volumes, Row], None]]


def find(volumes: Volumes, table: str, volume_id: str) -> Row | None:
    """The row of a volume's work; None when there is none any more."""
    sql = f"SELECT * FROM {table} WHERE volume_id = ?"  # noqa: S608 - names are ours
    return volumes.store.one(sql, volume_id)


def run(volumes: Volumes, table: str, phases: Phases, volume_id: str) -> None:
    """Do phase after phase until the row is gone; what fails is tried again."""
    failures = 0
    while (row := find(volumes, table, volume_id)) is not None:
        try:
            phases[row["phase"]](volumes, row)
            failures = 0
        except Exception:
            LOG.exception("volume %s: %s of %s came to no end", volume_id, row["phase"], table)
            clock.SYSTEM.sleep(PAUSES_S[min(failures, len(PAUSES_S) - 1)])
            failures += 1
