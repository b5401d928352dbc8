# SPDX-License-Identifier: Apache-2.0
"""The thread that keeps the machine as the rows want it: woken by nudges and by devices that come and go.

It may be killed anywhere: each pass compares and repairs, nothing is remembered that matters.
"""

from __future__ import annotations

import contextlib
import logging
import select
import shutil
import socket
import threading

from nova_appliance.common import clock
from nova_appliance.embedded.networks import tables
from nova_appliance.embedded.networks.plane import nudge
from nova_appliance.embedded.networks.plane.machine import Machine
from nova_appliance.embedded.networks.plane.wanted import Wanted, read
from nova_appliance.embedded.settings import Settings

LOG = logging.getLogger(__name__)
PATROL_S = 5.0
DEEP_EVERY_S = 60.0
RETRY_S = 1.0
FIRST_PASS_S = 30.0
_LINK_GROUP = 1


class Plane:
    """The data plane of one cloud. With `network_plane="none"` it starts nothing and owns nothing."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._linux = settings.network_plane == "linux"
        self._store = tables.open_store(settings)
        self._machine = Machine(settings, self._store)
        self._stopping = threading.Event()
        self._looked = threading.Event()
        self._thread: threading.Thread | None = None
        self._deep_at = 0.0

    def start(self) -> None:
        """Repair everything once, then keep it so in a thread; raises Conflict when another one does."""
        if not self._linux or self._thread:
            return
        nudge.directory(self._settings).mkdir(parents=True, exist_ok=True)
        nudges = nudge.listen(self._settings)
        self._stopping.clear()
        self._looked.clear()
        self._thread = threading.Thread(target=self._keep, args=(nudges,), name="networks")
        self._thread.daemon = True
        self._thread.start()
        self._looked.wait(FIRST_PASS_S)

    def stop(self) -> None:
        """Stop looking; networks, DHCP services and filters stay, so that servers live on."""
        if self._thread:
            self._stopping.set()
            nudge.send(self._settings)
            self._thread.join(30)
            self._thread = None
        self._machine.doors.stop()

    def apply(self, *, deep: bool = True) -> bool:
        """One pass; tells whether everything is as wanted now."""
        nudge.directory(self._settings).mkdir(parents=True, exist_ok=True)
        wanted = read(self._store)
        clean = self._machine.keep(wanted, deep=deep)
        nudge.beat(self._settings)
        return clean

    def purge(self) -> None:
        """Remove every bridge, namespace, filter and DHCP service, and what was set before comes back."""
        self.stop()
        if self._linux:
            self._machine.keep(Wanted((), (), (), (), (), {}), deep=True)
            self._machine.leave()
            shutil.rmtree(nudge.directory(self._settings), ignore_errors=True)

    def _keep(self, nudges: socket.socket) -> None:
        with nudges, _link_events() as events:
            wait_s = 0.0
            while not self._stopping.is_set():
                ready, _, _ = select.select([nudges, events], [], [], wait_s)
                for one in ready:
                    _drain(one)
                if not self._stopping.is_set():
                    wait_s = PATROL_S if self._pass() else RETRY_S
                    self._looked.set()

    def _pass(self) -> bool:
        now = clock.SYSTEM.monotonic()
        deep = now >= self._deep_at
        try:
            clean = self.apply(deep=deep)
        except Exception:
            LOG.exception("A pass over the networks failed")
            clean = False
        self._deep_at = now + DEEP_EVERY_S if deep and clean else self._deep_at
        return clean


def _link_events() -> socket.socket:
    """The kernel's news of devices that come and go, so that a plugged tap is seen at once."""
    events = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, socket.NETLINK_ROUTE)
    events.bind((0, _LINK_GROUP))
    events.settimeout(0)
    return events


def _drain(source: socket.socket) -> None:
    with contextlib.suppress(OSError):
        while source.recv(65536):
            pass
