# SPDX-License-Identifier: Apache-2.0
"""Versions of services: what each release added, and what may be said to an older one."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping

import msgspec

from nova_appliance.common import clock, errors
from nova_appliance.rpc.calls.row import Call

VERSIONS: dict[int, str] = {
    1: "0.1.0",
    2: "0.2.0",
    3: "0.3.0",
    4: "0.4.0",
    5: "0.5.0",
    6: "0.6.0",
    7: "0.7.0",
    8: "0.8.0",
    9: "0.9.0",
    10: "0.10.0",
    11: "0.11.0",
    12: "0.12.0",
    13: "0.13.0",
    14: "0.14.0",
    15: "0.15.0",
    16: "0.16.0",
    17: "0.17.0",
    18: "0.18.0",
    19: "0.19.0",
    20: "0.20.0",
    21: "0.21.0",
    22: "0.22.0",
    23: "0.23.0",
    24: "0.24.0",
}
"""Service version > the release that brought it; every change of a wire shape adds one."""

VERSION = max(VERSIONS)
"""What this release registers in `services.version`."""

FIELDS_SINCE: dict[str, int] = {
    "Passport.taken_bytes": 24,
    "Surveyed.failed": 23,
    "PowerSeen.looked_at": 7,
    "ServerOrder.vif": 3,
    "Guest.config_drive_binary": 5,
    "Guest.config_drive_same": 5,
    "ServerOrder.keep_ephemeral": 6,
    "ServerOrder.power_on": 6,
    "ExpectedServer.lives_at": 11,
    "ServerOrder.passport": 11,
    "ServerOrder.welcome": 11,
    "ServerOrder.migration_id": 11,
    "ServerOrder.journey": 8,
    "ChooseHosts.cell_id": 8,
    "ChooseHosts.purpose": 8,
    "ChooseHosts.unfiltered": 8,
    "Guest.volumes": 9,
    "ServerOrder.new_volume": 9,
    "ServerOrder.volume": 9,
    "ServerOrder.password": 10,
    "ServerOrder.file": 14,
    "ServerOrder.merge": 14,
    "Passport.volumes": 16,
    "Welcome.volumes": 16,
    "ServerOrder.share": 15,
    "Guest.shares": 15,
    "Inventory.devices": 17,
}
"""`Struct.field` > the version that added it; fields that are not here are as old as their call."""

KEEP_S = 20.0

Lowest = Callable[[], Mapping[str, int]]
"""Topic > lowest version among the living daemons; a topic that is missing has the newest."""


class Pins:
    """What callers may say to each topic; asked anew every some seconds. Safe for threads."""

    def __init__(self, lowest: Lowest = dict, clocks: clock.Clock = clock.SYSTEM) -> None:
        self._lowest = lowest
        self._clock = clocks
        self._lock = threading.Lock()
        self._pins: Mapping[str, int] = {}
        self._read_at = float("-inf")

    def of(self, topic: str) -> int:
        """The version that all daemons of the topic understand."""
        with self._lock:
            if self._clock.monotonic() - self._read_at > KEEP_S:
                self._read_at = self._clock.monotonic()
                self._pins = dict(self._lowest())
            return min(VERSION, self._pins.get(topic, VERSION))

    def learn(self, versions: Mapping[str, int]) -> None:
        """Take what the conductor said; for daemons without a database."""
        with self._lock:
            self._lowest = lambda: versions
            self._read_at = float("-inf")


def check(name: str, call: Call, order: msgspec.Struct, version: int) -> None:
    """Raise Unavailable if a daemon of that version would not understand the order."""
    if version >= VERSION:
        return
    if call.since > version:
        raise errors.Unavailable(f"{name} works only when all services are upgraded.")
    for field in _too_new(order, version):
        raise errors.Unavailable(f"{field} of {name} works only when all services are upgraded.")


def _too_new(value: object, version: int) -> Iterator[str]:
    """Fields, however deep, that carry more than a daemon of that version reads."""
    if isinstance(value, msgspec.Struct):
        for field in msgspec.structs.fields(value):
            inner = getattr(value, field.name)
            since = FIELDS_SINCE.get(f"{type(value).__name__}.{field.name}", 0)
            if since > version and inner != _default(field):
                yield field.name
            yield from _too_new(inner, version)
    elif isinstance(value, Mapping):
        yield from _too_new(tuple(value.values()), version)
    elif isinstance(value, (tuple, list)):
        for one in value:
            yield from _too_new(one, version)


def _default(field: msgspec.structs.FieldInfo) -> object:
    made = field.default_factory
    return field.default if made is msgspec.NODEFAULT else made()
