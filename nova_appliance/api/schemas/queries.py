# SPDX-License-Identifier: Apache-2.0
"""Queries that many GETs share: none at all, with unknown keys refused from some version on."""

from __future__ import annotations

from nova_appliance.api.schemas.types import query
from nova_appliance.api.versioned import Versioned, closed

CLOSED_2_102 = Versioned(query(), v2_102=closed)
