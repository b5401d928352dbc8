# SPDX-License-Identifier: Apache-2.0
"""Body of POST /servers/{server_id}/shares."""

from __future__ import annotations

from nova_appliance.api.schemas.types import UUID, query, shape, wrapped

_TAG = {"type": "string", "minLength": 1, "maxLength": 36, "pattern": "^[a-zA-Z0-9-]*$"}
"""Guests cannot see more than 36 characters of it."""
CREATE = wrapped("share", shape({"share_id": UUID, "tag": _TAG}, "share_id"))
NONE = query(extra=False)
