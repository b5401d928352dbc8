# SPDX-License-Identifier: Apache-2.0
"""What nova-compute can be told. Casts are answered by the conductor's `report`."""

from __future__ import annotations

from nova_appliance.domain.console import ConsoleAddress
from nova_appliance.domain.diagnostics import Diagnosis
from nova_appliance.rpc.calls.row import NORMAL, SLOW, URGENT, Call
from nova_appliance.rpc.orders import (
    Connector,
    ConsoleAsked,
    ConsoleOutput,
    Empty,
    GuestAsked,
    ImagesCached,
    ImagesWanted,
    ImageWanted,
    Output,
    ServerOrder,
    Survey,
    Surveyed,
    Thawed,
    Uptime,
)

CALLS: dict[str, Call] = {
    "build": Call(since=1, order=ServerOrder, to_host=True),
    "destroy": Call(since=1, order=ServerOrder, to_host=True),
    "power_on": Call(since=1, order=ServerOrder, to_host=True),
    "power_off": Call(since=1, order=ServerOrder, to_host=True),
    "reboot": Call(since=1, order=ServerOrder, to_host=True),
    "pause": Call(since=2, order=ServerOrder, to_host=True),
    "unpause": Call(since=2, order=ServerOrder, to_host=True),
    "suspend": Call(since=2, order=ServerOrder, to_host=True),
    "resume": Call(since=2, order=ServerOrder, to_host=True),
    "interrupt": Call(since=2, order=ServerOrder, to_host=True),
    "snapshot": Call(since=2, order=ServerOrder, to_host=True),
    "upload_snapshot": Call(since=2, order=ServerOrder, to_host=True),
    "drop_snapshot": Call(since=2, order=ServerOrder, to_host=True),
    "fetch_image": Call(since=6, order=ServerOrder, to_host=True),
    "rebuild": Call(since=6, order=ServerOrder, to_host=True),
    "change_disks": Call(since=6, order=ServerOrder, to_host=True),
    "rebuild_here": Call(since=11, order=ServerOrder, to_host=True),
    "abandon": Call(since=11, order=ServerOrder, to_host=True),
    "show_passport": Call(since=11, order=ServerOrder, to_host=True),
    "admit": Call(since=11, order=ServerOrder, to_host=True),
    "go": Call(since=11, order=ServerOrder, to_host=True),
    "come_back": Call(since=11, order=ServerOrder, to_host=True),
    "set_aside": Call(since=8, order=ServerOrder, to_host=True),
    "arrive": Call(since=8, order=ServerOrder, to_host=True),
    "withdraw": Call(since=8, order=ServerOrder, to_host=True),
    "take_back": Call(since=8, order=ServerOrder, to_host=True),
    "forget_origin": Call(since=8, order=ServerOrder, to_host=True),
    "set_password": Call(since=10, order=ServerOrder, to_host=True),
    "attach_interface": Call(since=3, order=ServerOrder, to_host=True),
    "detach_interface": Call(since=3, order=ServerOrder, to_host=True),
    "attach_volume": Call(since=9, order=ServerOrder, to_host=True),
    "detach_volume": Call(since=9, order=ServerOrder, to_host=True),
    "swap_volume": Call(since=9, order=ServerOrder, to_host=True),
    "resize_volume": Call(since=9, order=ServerOrder, to_host=True),
    "snapshot_volume": Call(since=14, order=ServerOrder, to_host=True),
    "merge_volume": Call(since=14, order=ServerOrder, to_host=True),
    "release_share": Call(since=15, order=ServerOrder, to_host=True),
    "cache_image": Call(since=12, order=ImageWanted, to_host=True),
    "cache_images": Call(since=21, order=ImagesWanted, reply=ImagesCached, wait=SLOW, to_host=True),
    "connector": Call(since=19, order=Empty, reply=Connector, wait=NORMAL, to_host=True),
    "console_output": Call(since=1, order=ConsoleOutput, reply=Output, wait=NORMAL, to_host=True),
    "console_address": Call(
        since=1, order=ConsoleAsked, reply=ConsoleAddress, wait=URGENT, to_host=True
    ),
    "console_screenshot": Call(since=18, order=GuestAsked, reply=Output, wait=NORMAL, to_host=True),
    "diagnostics": Call(since=2, order=GuestAsked, reply=Diagnosis, wait=NORMAL, to_host=True),
    "freeze": Call(since=22, order=GuestAsked, reply=Empty, wait=NORMAL, to_host=True),
    "thaw": Call(since=22, order=GuestAsked, reply=Thawed, wait=NORMAL, to_host=True),
    "survey": Call(since=13, order=Survey, reply=Surveyed, wait=NORMAL, to_host=True),
    "uptime": Call(since=1, order=Empty, reply=Uptime, wait=URGENT, to_host=True),
}
