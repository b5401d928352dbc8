# SPDX-License-Identifier: Apache-2.0
"""Start the branch of removals; the first release has none."""

from __future__ import annotations

revision = "api_c0001"
down_revision = None
branch_labels = ("contract",)
depends_on = "api_e0014"


def upgrade() -> None:
    """Nothing to remove yet."""
