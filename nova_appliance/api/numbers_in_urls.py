# SPDX-License-Identifier: Apache-2.0
"""Ids in URLs that are numbers at some microversions: aggregates, services, hypervisors."""

from __future__ import annotations

import re

from nova_appliance.common import errors, ids

LARGEST = 2**63 - 1
_NUMBER = re.compile(r"\s*[-+]?[0-9]{1,255}\s*", re.ASCII)


def number(text: str) -> int:
    """The number; one too large for a database becomes 0, which nothing has. Raises Invalid."""
    if not _NUMBER.fullmatch(text):
        raise errors.Invalid("id must be an integer")
    value = int(text)
    return value if 0 < value <= LARGEST else 0


def uuid(text: str) -> str:
    """The text if it is a UUID. Raises Invalid."""
    if not ids.is_id(text):
        raise errors.Invalid(f"Invalid uuid {text}")
    return text
