# SPDX-License-Identifier: Apache-2.0
"""Queries of usage."""

from __future__ import annotations

from nova_appliance.api import paging
from nova_appliance.api.schemas.types import TEXT, query
from nova_appliance.api.versioned import Versioned, add, closed

_PAGE = add(**paging.QUERY)
LIST = Versioned(query(start=TEXT, end=TEXT, detailed=TEXT), v2_40=_PAGE, v2_75=closed)
SHOW = Versioned(query(start=TEXT, end=TEXT), v2_40=_PAGE, v2_75=closed)
