# SPDX-License-Identifier: Apache-2.0
"""Shares of file systems that a server has, as its row remembers them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import msgspec

from nova_appliance.domain.guest import Share

KEY = "shares"
"""Key of system_metadata: tuple of ShareAttachment, JSON."""
ATTACHING, DETACHING, INACTIVE, ACTIVE, ERROR = (
    "attaching",
    "detaching",
    "inactive",
    "active",
    "error",
)


class ShareAttachment(msgspec.Struct, frozen=True, kw_only=True):
    """One share; `status` is never `active` here: that follows from the server's state."""

    id: str
    """uuid of the API."""
    share_id: str
    tag: str
    """Under which the guest mounts it."""
    status: str = ATTACHING
    export: str = ""
    """Where the share service exports it."""
    protocol: str = "NFS"


All = tuple[ShareAttachment, ...]


def of(system_metadata: Mapping[str, str]) -> All:
    """What the row remembers."""
    text = system_metadata.get(KEY)
    return msgspec.json.decode(text, type=All) if text else ()


def remembered(
    system_metadata: Mapping[str, str], shares: Iterable[ShareAttachment]
) -> dict[str, str]:
    """The row's memory with these and no others."""
    kept = {key: value for key, value in system_metadata.items() if key != KEY}
    told = tuple(shares)
    return kept | ({KEY: msgspec.json.encode(told).decode()} if told else {})


def find(shares: All, share_id: str) -> ShareAttachment | None:
    """The attachment of this share."""
    return next((one for one in shares if one.share_id == share_id), None)


def usable(shares: All) -> All:
    """Those that a guest gets when it starts."""
    return tuple(one for one in shares if one.status == INACTIVE)


def told(one: ShareAttachment) -> Share:
    """A share as its host is told of it."""
    return Share(share_id=one.share_id, tag=one.tag, export=one.export, protocol=one.protocol)
