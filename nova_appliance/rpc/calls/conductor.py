# SPDX-License-Identifier: Apache-2.0
"""What nova-conductor can be told, by the API (nudge) and by hosts."""

from __future__ import annotations

from nova_appliance.rpc.calls.row import NORMAL, URGENT, Call
from nova_appliance.rpc.orders import (
    CacheImages,
    CheckedIn,
    CheckIn,
    Empty,
    Expected,
    ExpectedServers,
    Heard,
    HowFar,
    Nudge,
    PowerSeen,
    PutInventory,
    Report,
    Ticket,
    VolumesCounted,
    Wish,
)

CALLS: dict[str, Call] = {
    "nudge": Call(since=1, order=Nudge),
    "cache_images": Call(since=21, order=CacheImages),
    "is_awaited": Call(since=2, order=Ticket, reply=Heard, wait=NORMAL),
    "how_far": Call(since=11, order=HowFar, reply=Wish, wait=URGENT),
    "report": Call(since=1, order=Report, reply=Heard, wait=URGENT),
    "check_in": Call(since=1, order=CheckIn, reply=CheckedIn, wait=URGENT),
    "put_inventory": Call(since=1, order=PutInventory, reply=Empty, wait=NORMAL),
    "expected_servers": Call(since=1, order=ExpectedServers, reply=Expected, wait=NORMAL),
    "power_seen": Call(since=1, order=PowerSeen, reply=Empty, wait=NORMAL),
    "volumes_counted": Call(since=20, order=VolumesCounted, reply=Empty, wait=NORMAL),
}
