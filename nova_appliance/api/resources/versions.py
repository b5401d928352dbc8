# SPDX-License-Identifier: Apache-2.0
"""Version documents below a version, with a token."""

from __future__ import annotations

from typing import Any

from nova_appliance.api import documents, links
from nova_appliance.api.operation import operation
from nova_appliance.api.request import Request
from nova_appliance.common import errors


@operation()
def root(req: Request) -> dict[str, Any]:
    """GET /v2.1/{project_id}/."""
    return documents.version_document(links.root(req), "v2.0" if req.legacy else "v2.1")


@operation(errors=(404,))
def show(req: Request, version_id: str) -> dict[str, Any]:
    """GET /versions/{version_id}."""
    if version_id not in documents.IDS:
        raise errors.NotFound(f"There is no version {version_id}.")
    return documents.version_document(links.root(req), version_id)
