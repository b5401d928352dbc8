# SPDX-License-Identifier: Apache-2.0
"""What nova-scheduler can be asked."""

from __future__ import annotations

from nova_appliance.rpc.calls.row import URGENT, Call
from nova_appliance.rpc.orders import ChooseHosts, Chosen, Fits, NoHostFits

CALLS: dict[str, Call] = {
    "choose_hosts": Call(since=1, order=ChooseHosts, reply=Chosen | NoHostFits, wait=URGENT),
    "check_host": Call(since=6, order=ChooseHosts, reply=Fits | NoHostFits, wait=URGENT),
}
