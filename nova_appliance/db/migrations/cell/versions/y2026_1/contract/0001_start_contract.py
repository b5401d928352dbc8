# SPDX-License-Identifier: Apache-2.0
"""Start the branch of removals; the first release has none."""

from __future__ import annotations

revision = "cell_c0001"
down_revision = None
branch_labels = ("contract",)
depends_on = "cell_e0006"


def upgrade() -> None:
    """Nothing to remove yet."""
