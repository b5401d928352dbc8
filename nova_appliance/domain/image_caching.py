# SPDX-License-Identifier: Apache-2.0
"""What comes of images that hosts of an aggregate are to have before any server wants them."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

EXISTING, CACHED, ERROR = "existing", "cached", "error"


class HostDone(msgspec.Struct, frozen=True, kw_only=True):
    """One host of the aggregate is done; `index` of `total` are."""

    host: str
    results: Mapping[str, str]
    index: int
    total: int

    def images(self, *, good: bool) -> list[str]:
        """Ids of those that the host has now, or has not."""
        wanted = (EXISTING, CACHED)
        return [image for image, result in self.results.items() if (result in wanted) == good]
