# SPDX-License-Identifier: Apache-2.0
"""Facts that notices of some actions have beside those of any server: action > function of the
server and the saga's order (wire source: the payloads of Nova 34).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from cryptography.exceptions import UnsupportedAlgorithm

from nova_appliance.actions import key_material
from nova_appliance.actions.notices import nouns
from nova_appliance.common import errors
from nova_appliance.conductor import guests
from nova_appliance.conductor.saga import Ctx
from nova_appliance.domain.keypair import Keypair
from nova_appliance.domain.notice import END, START
from nova_appliance.domain.server import Server

Facts = dict[str, Any]


def more(ctx: Ctx, server: Server, action: str) -> Facts:
    """Facts of the versioned form."""
    return _MORE[action](ctx, server) if action in _MORE else {}


def also(ctx: Ctx, server: Server, action: str, phase: str | None) -> Facts:
    """Facts of the unversioned form."""
    if action == "create" and phase == START:
        return {"image_name": server.image.name if server.image else ""}
    if action == "create" and phase == END:
        return {"message": "Success"}
    return _ALSO[action](ctx, server) if action in _ALSO else {}


def _of_new(ctx: Ctx, server: Server) -> Facts:
    return {
        "keypairs": [nouns.keypair(one) for one in _keypairs(server)],
        "tags": list(server.tags),
        "instance_name": guests.guest_name(ctx.cloud.conf.instance_name_template, server),
        **_certificates(ctx, server),
    }


def _keypairs(server: Server) -> tuple[Keypair, ...]:
    """The server's own copy; of a key that nobody can read the fingerprint is empty."""
    if not server.key_name or not server.key_data:
        return ()
    kind = "x509" if "BEGIN CERTIFICATE" in server.key_data else "ssh"
    try:
        fingerprint = key_material.fingerprint(kind, server.key_data)
    except (errors.Invalid, UnsupportedAlgorithm, ValueError):
        fingerprint = ""
    return (
        Keypair(
            user_id=server.user_id,
            name=server.key_name,
            fingerprint=fingerprint,
            public_key=server.key_data,
            kind=kind,
        ),
    )


def _certificates(_ctx: Ctx, server: Server) -> Facts:
    asked = server.trusted_certs
    return {"trusted_image_certificates": None if asked is None else list(asked)}


def _rescue_image(ctx: Ctx, _server: Server) -> Facts:
    return {"rescue_image_ref": ctx.order.rescue.image.id}


def _volumes_swapped(ctx: Ctx, _server: Server) -> Facts:
    return {"old_volume_id": ctx.order.volume_id, "new_volume_id": ctx.order.new_volume_id}


def _old_new_flavor(ctx: Ctx, _server: Server) -> Facts:
    flavor = ctx.order.flavor
    return {"new_instance_type": flavor.name, "new_instance_type_id": flavor.row}


_MORE: dict[str, Callable[[Ctx, Server], Facts]] = {
    "create": _of_new,
    "rebuild": _certificates,
    "rebuild_scheduled": _certificates,
    "rescue": _rescue_image,
    "resize_prep": lambda ctx, _server: {"new_flavor": nouns.flavor(ctx.order.flavor)},
    "snapshot": lambda ctx, _server: {"snapshot_image_id": ctx.order.image_id},
    "share_attach": lambda ctx, _server: {"share_id": ctx.order.share_id},
    "share_detach": lambda ctx, _server: {"share_id": ctx.order.share_id},
    "volume_attach": lambda ctx, _server: {"volume_id": ctx.order.volume_id},
    "volume_detach": lambda ctx, _server: {"volume_id": ctx.order.volume_id},
    "volume_swap": _volumes_swapped,
}
_ALSO: dict[str, Callable[[Ctx, Server], Facts]] = {
    "rescue": lambda ctx, _server: {"rescue_image_name": ctx.order.rescue.image.name},
    "resize_prep": _old_new_flavor,
    "volume_attach": lambda ctx, _server: {"volume_id": ctx.order.volume_id},
    "volume_detach": lambda ctx, _server: {"volume_id": ctx.order.volume_id},
}
