# SPDX-License-Identifier: Apache-2.0
"""Certificates as the Compute API shows them."""

from __future__ import annotations

from typing import Any


def show(data: str, private_key: str | None = None) -> dict[str, Any]:
    """A certificate as PEM; its key only when it was made now."""
    return {"certificate": {"data": data, "private_key": private_key}}
