# SPDX-License-Identifier: Apache-2.0
"""Waits for a saga's end, for the few operations whose caller is told what came of them."""

from __future__ import annotations

from nova_appliance.actions.cloud import Cloud
from nova_appliance.common import clock, errors
from nova_appliance.db import sagas
from nova_appliance.domain.saga import DONE, OPEN, SagaRow
from nova_appliance.rpc import envelope

PATIENCE_S = 60.0
_EVERY_S = 0.05
_FAMILIES = {**envelope.FAMILIES, errors.Absent.__name__: errors.Absent}
"""Also such as other daemons are told as what they derive from."""


def of(cloud: Cloud, saga: SagaRow, patience_s: float = PATIENCE_S) -> SagaRow:
    """The saga when it has gone well; raises what it failed with, Refused when it takes long."""
    found = ended(cloud, saga, patience_s)
    if found is None:
        raise errors.Refused(f"The host has not done it in {patience_s:.0f} s; it may still do it.")
    return found


def ended(cloud: Cloud, saga: SagaRow, patience_s: float = PATIENCE_S) -> SagaRow | None:
    """The saga when it has gone well, None when it takes long; raises what it failed with."""
    found: list[SagaRow] = [saga]

    def is_over() -> bool:
        with cloud.cells.database(saga.cell_id).read() as conn:
            row = sagas.get(conn, saga.cell_id, saga.id)
        found[0] = row or saga
        return row is None or row.state not in OPEN

    if not clock.wait_for(is_over, patience_s, _EVERY_S):
        return None
    error = found[0].error
    if found[0].state != DONE and error is not None:
        raise _FAMILIES.get(error.family, errors.Refused)(error.message)
    return found[0]
