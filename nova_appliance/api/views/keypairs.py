# SPDX-License-Identifier: Apache-2.0
"""Key pairs as the Compute API shows them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from nova_appliance.api.request import Request
from nova_appliance.api.versioned import Versioned, add, at_least
from nova_appliance.api.views.table import fields, next_links, render, same, stamp
from nova_appliance.domain.keypair import Keypair

_WITH_TYPE = add(type=lambda keypair: keypair.kind)

BRIEF = Versioned(fields(**same("name", "public_key", "fingerprint")), v2_2=_WITH_TYPE)
MADE = Versioned(fields(**same("name", "public_key", "fingerprint", "user_id")), v2_2=_WITH_TYPE)
FULL = Versioned(
    fields(
        **same("name", "public_key", "fingerprint", "user_id"),
        id=lambda keypair: keypair.row,
        created_at=lambda keypair: stamp(keypair.created_at),
        updated_at=lambda _: None,
        deleted=lambda _: False,
        deleted_at=lambda _: None,
    ),
    v2_2=_WITH_TYPE,
)


def show(req: Request, keypair: Keypair) -> dict[str, Any]:
    """All of a key pair."""
    return {"keypair": render(FULL, req.version, keypair)}


def made(req: Request, keypair: Keypair, private_key: str | None) -> dict[str, Any]:
    """A new key pair; the only time that a private key is shown."""
    view = render(MADE, req.version, keypair)
    return {"keypair": view if private_key is None else view | {"private_key": private_key}}


def index(req: Request, keypairs: Sequence[Keypair]) -> dict[str, Any]:
    """A page of key pairs."""
    answer: dict[str, Any] = {
        "keypairs": [{"keypair": render(BRIEF, req.version, keypair)} for keypair in keypairs]
    }
    if at_least(req, "2.35"):
        names = [keypair.name for keypair in keypairs]
        answer |= next_links(req, "keypairs_links", "os-keypairs", names)
    return answer
