# SPDX-License-Identifier: Apache-2.0
"""Files that a new server finds on its config drive (`personality`, to 2.56)."""

from __future__ import annotations

import base64

from nova_appliance.actions import quotas
from nova_appliance.actions.cloud import Cloud
from nova_appliance.common import errors
from nova_appliance.common.context import RequestContext
from nova_appliance.domain.boot import BootRequest
from nova_appliance.domain.quota import has_room

File = tuple[str, str]
"""Path and text."""


def read(
    cloud: Cloud, context: RequestContext, request: BootRequest, *, has_drive: bool
) -> tuple[File, ...]:
    """The files as text. Raises Invalid without a config drive or for bytes, OverQuota."""
    if not request.personality:
        return ()
    if not has_drive:
        raise errors.Invalid(
            "Files can be given on a config drive only: ask for one, or give them as user data."
        )
    files = tuple(_file(one) for one in request.personality)
    with cloud.cells.api.read() as conn:
        limits = quotas.of_caller(conn, cloud, context)
    if not has_room(limits["injected_files"], len(files)):
        raise errors.OverQuota("Quota exceeded, too many injected files")
    for path, text in files:
        if not has_room(limits["injected_file_path_bytes"], len(path.encode())):
            raise errors.OverQuota("Quota exceeded, injected file path too long")
        if not has_room(limits["injected_file_content_bytes"], len(text.encode())):
            raise errors.OverQuota("Quota exceeded, injected file content too long")
    return files


def _file(one: dict[str, str]) -> File:
    path = one.get("path", "")
    try:
        return path, base64.b64decode(one.get("contents", ""), validate=True).decode()
    except ValueError as error:
        raise errors.Invalid(f"The contents of {path} are not base64 of UTF-8 text.") from error
