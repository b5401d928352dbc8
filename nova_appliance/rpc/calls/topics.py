# SPDX-License-Identifier: Apache-2.0
"""Topic > its table of calls."""

from __future__ import annotations

from nova_appliance.rpc.calls import compute, conductor, consoleauth, scheduler
from nova_appliance.rpc.calls.row import Call

TOPICS: dict[str, dict[str, Call]] = {
    "compute": compute.CALLS,
    "conductor": conductor.CALLS,
    "consoleauth": consoleauth.CALLS,
    "scheduler": scheduler.CALLS,
}
