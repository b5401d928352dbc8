# SPDX-License-Identifier: Apache-2.0
"""User data of new and rebuilt servers: base64, and not too much of it."""

from __future__ import annotations

import base64
import binascii

from nova_appliance.common import errors

MAX_USER_DATA = 65535
"""Characters of base64."""


def check(text: str | None) -> None:
    """Raise Invalid for what is no base64, or too long."""
    if text is None:
        return
    if len(text) > MAX_USER_DATA:
        raise errors.Invalid(f"User data is longer than {MAX_USER_DATA} characters of base64.")
    try:
        base64.b64decode(text, validate=True)
    except binascii.Error as error:
        raise errors.Invalid("User data is not base64.") from error
