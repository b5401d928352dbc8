# SPDX-License-Identifier: Apache-2.0
"""Which microversion a request wants, and the headers that tell which one it got."""

from __future__ import annotations

import re
from collections.abc import Mapping

from nova_appliance.api.faults import NotAcceptable
from nova_appliance.api.versioned import MAX, MIN, Version, parse
from nova_appliance.common import errors

HEADER = "OpenStack-API-Version"
OLD_HEADER = "X-OpenStack-Nova-API-Version"
_NUMBER = re.compile(r"[1-9]\d*\.(0|[1-9]\d*)", re.ASCII)


def negotiate(headers: Mapping[str, str]) -> Version:
    """The version asked for; 2.1 when nothing is said. Raises Invalid or NotAcceptable."""
    text = _wanted(headers)
    if text is None:
        return MIN
    if text == "latest":
        return MAX
    if not _NUMBER.fullmatch(text):
        raise errors.Invalid(
            f"API Version String {text} is of invalid format. Must be of format MajorNum.MinorNum."
        )
    version = parse(text)
    if not MIN <= version <= MAX:
        raise NotAcceptable(
            f"Version {text} is not supported by the API. Minimum is {write(MIN)} and maximum "
            f"is {write(MAX)}."
        )
    return version


def write(version: Version) -> str:
    """(2, 60) as `2.60`."""
    return f"{version[0]}.{version[1]}"


def echo(version: Version) -> dict[str, str]:
    """The headers of an answer at that version."""
    text = write(version)
    return {
        HEADER: f"compute {text}",
        OLD_HEADER: text,
        "Vary": f"{HEADER}, {OLD_HEADER}",
    }


def _wanted(headers: Mapping[str, str]) -> str | None:
    """The new header may name several services: `compute 2.60, identity 3.1`."""
    for part in (headers.get(HEADER) or "").lower().split(","):
        service, _, text = part.strip().partition(" ")
        if service == "compute":
            return text.strip()
    old = headers.get(OLD_HEADER)
    return old.strip().lower() if old else None
