# SPDX-License-Identifier: Apache-2.0
"""Names of guests from names of servers."""

from __future__ import annotations

import re

LONGEST = 63


def hostname_of(name: str, server_id: str) -> str:
    """A DNS label made of the server's name; of its id when nothing is left of the name."""
    ascii_name = name.encode("ascii", "ignore").decode()
    label = re.sub(r"[ _.]", "-", ascii_name)
    label = re.sub(r"[^A-Za-z0-9-]+", "", label).lower().strip("-")[:LONGEST].strip("-")
    return label or f"server-{server_id}"
