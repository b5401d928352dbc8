# SPDX-License-Identifier: Apache-2.0
"""Where new ids and secrets come from."""

from __future__ import annotations

import secrets
import uuid


def new_id() -> str:
    """A random UUID as text, 36 characters."""
    return str(uuid.uuid4())


def new_request_id() -> str:
    """A request id as OpenStack services write it: `req-` and a UUID."""
    return f"req-{uuid.uuid4()}"


def is_id(text: object) -> bool:
    """Whether `text` is a UUID in its usual spelling (hyphens may be missing)."""
    try:
        return isinstance(text, str) and str(uuid.UUID(text)).replace("-", "") == _bare(text)
    except ValueError:
        return False


def _bare(text: str) -> str:
    return text.lower().replace("-", "")


def new_password(length: int = 12) -> str:
    """A random password of letters and digits without look-alikes."""
    letters = "23456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"
    return "".join(secrets.choice(letters) for _ in range(length))
