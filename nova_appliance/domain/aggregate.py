# SPDX-License-Identifier: Apache-2.0
"""A host aggregate: hosts with common metadata, and an availability zone if the metadata say so."""

from __future__ import annotations

import datetime as dt

import msgspec

ZONE_KEY = "availability_zone"


class Aggregate(msgspec.Struct, frozen=True, kw_only=True):
    """`row` is the API's number, `id` the API's uuid."""

    row: int
    id: str
    name: str
    hosts: tuple[str, ...] = ()
    metadata: dict[str, str] = {}
    created_at: dt.datetime | None = None
    updated_at: dt.datetime | None = None

    @property
    def zone(self) -> str | None:
        """The availability zone that its hosts belong to."""
        return self.metadata.get(ZONE_KEY)
