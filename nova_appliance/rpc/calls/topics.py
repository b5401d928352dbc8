# SPDX-License-Identifier: Apache-2.0
"""Topic > its table of calls."""

from __future__ import annotations

from nova_appliance.rpc.calls import cert, compute, conductor, consoleauth, scheduler
from nova_appliance.rpc.calls.row import Call

TOPICS: dict[str, dict[str, Call]] = {
    "cert": cert.CALLS,
    "compute": compute.CALLS,
    "conductor": conductor.CALLS,
    "consoleauth": consoleauth.CALLS,
    "scheduler": scheduler.CALLS,
}
