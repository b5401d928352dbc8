# SPDX-License-Identifier: Apache-2.0
"""CreateKeyPair, ImportKeyPair, DescribeKeyPairs, DeleteKeyPair. No private key is kept or logged."""

from __future__ import annotations

import re
from typing import Any

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ed25519

from nova_appliance.actions import keypairs
from nova_appliance.actions.keypairs import NewKeypair
from nova_appliance.common import errors
from nova_appliance.domain.keypair import Keypair
from nova_appliance.ec2 import listing, tagging
from nova_appliance.ec2.caller import Caller
from nova_appliance.ec2.faults import Fault, coded
from nova_appliance.ec2.listing import Listing
from nova_appliance.ec2.parameters import missing, shown
from nova_appliance.ec2.surroundings import tag_set, tags

LISTING = Listing(
    "KeyPairs", "KeyPairId", "key", "KeyPairIds", {
        "fingerprint": "KeyFingerprint",
        "key-name": "KeyName",
        "key-pair-id": "KeyPairId",
        "tag-value": "Tags.Value",
    },
)  # fmt: skip
_NAME = re.compile(r"[\x20-\x7e]{1,255}")


def create(caller: Caller, params: dict[str, Any]) -> dict[str, Any]:
    """CreateKeyPair."""
    if (params.get("KeyFormat") or "pem") != "pem":
        raise Fault("UnsupportedOperation", "Private keys are given as pem only.")
    kind = params.get("KeyType") or "rsa"
    if kind not in ("rsa", "ed25519"):
        raise Fault("InvalidParameterValue", "KeyType must be rsa or ed25519.")
    private, public = _make_ed25519() if kind == "ed25519" else (None, None)
    keypair, made = _add(caller, params, public)
    return _answer(caller, params, keypair) | {"KeyMaterial": private or made}


def import_(caller: Caller, params: dict[str, Any]) -> dict[str, Any]:
    """ImportKeyPair."""
    try:
        public = params["PublicKeyMaterial"].decode().strip()
    except UnicodeDecodeError as error:
        raise Fault("InvalidKey.Format", "Key is not in valid OpenSSH public key format") from error
    return _answer(caller, params, _add(caller, params, public)[0])


def describe(caller: Caller, params: dict[str, Any]) -> dict[str, Any]:
    """DescribeKeyPairs."""
    pairs = keypairs.page(caller.cloud, caller.user_id)
    kept = tags(caller)
    whole = params.get("IncludePublicKey", False)
    wanted = params.get("KeyNames") or ()
    _check_names(wanted, {pair.name for pair in pairs})
    ids = caller.names.give("key", (_thing(pair) for pair in pairs))
    items = [
        _show(pair, ids[_thing(pair)], kept, whole=whole)
        for pair in pairs
        if not wanted or pair.name in wanted
    ]
    return listing.show(LISTING, params, items)


def delete(caller: Caller, params: dict[str, Any]) -> dict[str, Any]:
    """DeleteKeyPair: one that is not there is deleted too."""
    name, ec2_id = params.get("KeyName", ""), params.get("KeyPairId", "")
    if not name and not ec2_id:
        raise missing("KeyName")
    if not name:
        thing = caller.names.known("key", (ec2_id,)).get(ec2_id, "")
        owner, _, name = thing.partition("/")
        name = name if owner == caller.user_id else ""
    ec2_id = caller.names.one("key", f"{caller.user_id}/{name}")
    try:
        keypairs.delete(caller.cloud, caller.user_id, name)
    except errors.NotFound:
        return {"Return": True}
    tagging.forget(caller, ec2_id)
    return {"Return": True, "KeyPairId": ec2_id}


def _add(
    caller: Caller, params: dict[str, Any], public_key: str | None
) -> tuple[Keypair, str | None]:
    name = params["KeyName"]
    if not _NAME.fullmatch(name) or name != name.strip():
        raise Fault(
            "InvalidParameterValue", "A key's name has 1 to 255 printable ASCII characters."
        )
    wanted = NewKeypair(user_id=caller.user_id, name=name, public_key=public_key)
    with coded(
        Conflict="InvalidKeyPair.Duplicate",
        Invalid="InvalidKey.Format",
        OverQuota="ResourceLimitExceeded",
    ):
        return keypairs.create(caller.cloud, caller.context, wanted)


def _answer(caller: Caller, params: dict[str, Any], pair: Keypair) -> dict[str, Any]:
    ec2_id = caller.names.one("key", _thing(pair))
    new = tagging.specified(params, "key-pair")
    tagging.keep(caller, ec2_id, new)
    return {
        "KeyName": pair.name,
        "KeyFingerprint": pair.fingerprint,
        "KeyPairId": ec2_id,
        "Tags": tag_set(new),
    }


def _make_ed25519() -> tuple[str, str]:
    key = ed25519.Ed25519PrivateKey.generate()
    private = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.OpenSSH,
        serialization.NoEncryption(),
    )
    public = key.public_key().public_bytes(
        serialization.Encoding.OpenSSH, serialization.PublicFormat.OpenSSH
    )
    return private.decode(), public.decode()


def _check_names(wanted: Any, known: set[str]) -> None:
    for name in wanted:
        if name not in known:
            raise Fault("InvalidKeyPair.NotFound", f"The key pair '{shown(name)}' does not exist")


def _thing(pair: Keypair) -> str:
    return f"{pair.user_id}/{pair.name}"


def _show(
    pair: Keypair, ec2_id: str, kept: dict[str, dict[str, str]], *, whole: bool
) -> dict[str, Any]:
    kind = "ed25519" if pair.public_key.startswith("ssh-ed25519") else "rsa"
    return {
        "KeyPairId": ec2_id,
        "KeyFingerprint": pair.fingerprint,
        "KeyName": pair.name,
        "KeyType": kind,
        "CreateTime": pair.created_at,
        "PublicKey": pair.public_key if whole else None,
        "Tags": tag_set(kept.get(ec2_id)),
    }
