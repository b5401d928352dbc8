# SPDX-License-Identifier: Apache-2.0
"""Pictures of guests' screens, in the format that browsers and EC2's tools show."""

from __future__ import annotations

import io

from PIL import Image

from nova_appliance.common import errors

KINDS = ("PPM", "PNG")
QUALITY = 85


def to_jpeg(picture: bytes) -> bytes:
    """A JPEG of what a hypervisor took. Raises Unavailable for what is no picture."""
    made = io.BytesIO()
    try:
        with Image.open(io.BytesIO(picture), formats=KINDS) as taken:
            taken.convert("RGB").save(made, "JPEG", quality=QUALITY)
    except (OSError, ValueError, Image.DecompressionBombError) as error:
        raise errors.Unavailable(
            f"The hypervisor gave no picture of the screen: {error}"
        ) from error
    return made.getvalue()
