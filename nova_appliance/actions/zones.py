# SPDX-License-Identifier: Apache-2.0
"""Availability zones: which there are, whether any host serves them, and which hosts."""

from __future__ import annotations

import msgspec

from nova_appliance.actions import services
from nova_appliance.actions.cloud import Cloud
from nova_appliance.actions.services import Daemon


class Zone(msgspec.Struct, frozen=True, kw_only=True):
    """A zone; it is available while one enabled service is in it."""

    name: str
    is_available: bool
    daemons: tuple[Daemon, ...]
    """The enabled services in it."""


def list_(cloud: Cloud) -> tuple[Zone, ...]:
    """All zones, the internal one too: those available by name, then the others by name."""
    enabled: dict[str, tuple[Daemon, ...]] = {}
    known = set()
    for daemon in services.survey(cloud).daemons:
        known.add(daemon.zone)
        if not daemon.service.disabled:
            enabled[daemon.zone] = (*enabled.get(daemon.zone, ()), daemon)
    order = sorted(enabled) + sorted(known - set(enabled))
    return tuple(
        Zone(name=name, is_available=name in enabled, daemons=enabled.get(name, ()))
        for name in order
    )


def internal(cloud: Cloud) -> str:
    """The zone of services that run no servers; users do not see it."""
    name: str = cloud.conf.internal_service_availability_zone
    return name
