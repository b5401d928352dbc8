# SPDX-License-Identifier: Apache-2.0
"""What the handlers find as `req.service`: the rows, and the way to the data plane."""

from __future__ import annotations

import dataclasses
import datetime as dt

from nova_appliance.common import clock
from nova_appliance.embedded.networks.plane import dhcp_files, nudge
from nova_appliance.embedded.news import News
from nova_appliance.embedded.settings import Settings
from nova_appliance.embedded.store import Store

ALIVE_S = 75


@dataclasses.dataclass(frozen=True)
class Heartbeat:
    """When the data plane last looked, and whether that is recent."""

    at: str
    alive: bool


@dataclasses.dataclass(frozen=True)
class State:
    """What the handlers find as `req.service`."""

    store: Store
    settings: Settings
    news: News

    def changed(self, port_ids: list[str]) -> None:
        """After a commit: tell DHCP about these ports at once, and wake the data plane."""
        if self.settings.network_plane == "linux":
            dhcp_files.keep_ports(self.settings, self.store, port_ids)
            nudge.send(self.settings)

    def heartbeat(self) -> Heartbeat:
        """How the data plane is."""
        beat = nudge.last_beat(self.settings)
        now = clock.SYSTEM.now()
        told = (beat or now).strftime("%Y-%m-%d %H:%M:%S")
        return Heartbeat(told, beat is not None and now - beat < dt.timedelta(seconds=ALIVE_S))
