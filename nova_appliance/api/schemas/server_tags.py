# SPDX-License-Identifier: Apache-2.0
"""Bodies of server tags."""

from __future__ import annotations

from nova_appliance.actions.tags import MOST
from nova_appliance.api.schemas.types import list_of, wrapped

TAG = {"type": "string", "minLength": 1, "maxLength": 60, "pattern": "^[^,/]*$"}
REPLACE = wrapped("tags", list_of(TAG, maxItems=MOST))
