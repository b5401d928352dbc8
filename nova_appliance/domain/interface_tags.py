# SPDX-License-Identifier: Apache-2.0
"""Tags that users give to interfaces of a server, as its row remembers them."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

KEY = "interface_tags"
"""Key of system_metadata: port > tag, JSON."""


def of(system_metadata: Mapping[str, str]) -> dict[str, str]:
    """Port > tag."""
    text = system_metadata.get(KEY)
    return msgspec.json.decode(text, type=dict[str, str]) if text else {}


def remembered(tags: Mapping[str, str]) -> dict[str, str]:
    """What a row keeps of them."""
    return {KEY: msgspec.json.encode(tags).decode()} if tags else {}
