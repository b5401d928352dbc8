# SPDX-License-Identifier: Apache-2.0
"""When the certificate, the revocation list and the authority of a host end; for `nova-manage cert check` and the log.

Whoever ends without a certificate shuts itself out; with an old list it lets in who was revoked since.
"""

from __future__ import annotations

import dataclasses
import datetime as dt

from nova_appliance.cert import files, reading
from nova_appliance.cert.place import Place
from nova_appliance.common import errors

SOON = dt.timedelta(days=14)
"""Renewals begin long before; what ends within this was not renewed, for whatever reason."""
LAST_YEAR = dt.timedelta(days=351)
"""An authority is renewed when a year is left of it, and hosts have the renewed one within the hour."""


@dataclasses.dataclass(frozen=True)
class End:
    """One thing of a place; `at` is in UTC, None where the thing is missing or no such thing."""

    folder: str
    what: str
    at: dt.datetime | None
    state: str
    """`good`, `ends soon`, `ended` or `missing`."""


def of(place: Place, now: dt.datetime) -> tuple[End, ...]:
    """All ends of a place."""
    found = (
        ("certificate", _certificate_ends(place), SOON),
        ("revocation list", _list_ends(place), SOON),
        ("authority", _authority_ends(place), LAST_YEAR),
    )
    return tuple(
        End(str(place.folder), what, at, _state(at, now, soon)) for what, at, soon in found
    )


def _certificate_ends(place: Place) -> dt.datetime | None:
    held = place.held()
    return reading.describe(held.certificate).not_after if held else None


def _list_ends(place: Place) -> dt.datetime | None:
    try:
        listed = reading.parse_list(files.read(place.folder / "crl.pem") or "")
    except errors.Invalid:
        return None
    return listed.next_update_utc.replace(tzinfo=None) if listed.next_update_utc else None


def _authority_ends(place: Place) -> dt.datetime | None:
    try:
        root = reading.parse(files.read(place.folder / "ca.pem") or "")
    except errors.Invalid:
        return None
    return reading.describe(root, "root").not_after


def _state(at: dt.datetime | None, now: dt.datetime, soon: dt.timedelta) -> str:
    if at is None:
        return "missing"
    if at <= now:
        return "ended"
    return "ends soon" if at - now <= soon else "good"
