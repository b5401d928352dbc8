# SPDX-License-Identifier: Apache-2.0
"""What is remembered of the image behind a root volume; the server itself shows no image then."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from nova_appliance.domain.attachment import root
from nova_appliance.domain.flavor import Flavor
from nova_appliance.domain.server import Server, ServerImage

KEY = "root_image"
"""Key of system_metadata."""
_FACTS = ("image_id", "image_name", "container_format", "disk_format", "checksum", "min_disk",
          "min_ram", "size")  # fmt: skip
"""Of volume_image_metadata, what is no property."""


def remembered(image: ServerImage) -> dict[str, str]:
    """What system_metadata keeps."""
    return {KEY: msgspec.json.encode(image).decode()}


def of(server: Server) -> ServerImage | None:
    """The server's image, or the one that its root volume was made of."""
    if server.image is not None:
        return server.image
    text = server.system_metadata.get(KEY)
    return msgspec.json.decode(text, type=ServerImage) if text else None


def weight(server: Server, flavor: Flavor | None = None) -> Flavor:
    """The server's flavor, or another, as it weighs on a host: a root volume takes none of its disk."""
    taken = flavor or server.flavor
    if root(server.attachments) is None:
        return taken
    return msgspec.structs.replace(taken, root_gib=0)


def of_volume(told: Mapping[str, str]) -> ServerImage:
    """The image that volume_image_metadata tells of."""
    return ServerImage(
        id=told.get("image_id", ""),
        name=told.get("image_name", ""),
        min_disk_gib=_number(told.get("min_disk")),
        min_ram_mib=_number(told.get("min_ram")),
        size_bytes=_number(told.get("size")),
        disk_format=told.get("disk_format", ""),
        properties={key: value for key, value in told.items() if key not in _FACTS},
    )


def _number(text: str | None) -> int:
    return int(text) if text and text.isdecimal() else 0
