# SPDX-License-Identifier: Apache-2.0
"""Key pairs over HTTP: imported, made, listed in pages, other users', refused."""

from __future__ import annotations

import base64
import hashlib
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ed25519
from cryptography.hazmat.primitives.serialization import pkcs12
from fixtures.compute_api import PROJECT, USER, ComputeApi

_KEY = ed25519.Ed25519PrivateKey.generate().public_key()
KEY = _KEY.public_bytes(serialization.Encoding.OpenSSH, serialization.PublicFormat.OpenSSH).decode()
BRIEF = {"name", "public_key", "fingerprint"}


def create(api: ComputeApi, version: str = "2.1", who: Any = USER, **values: Any) -> Any:
    body = {"name": "k", "public_key": KEY, **values}
    return api.post("/os-keypairs", {"keypair": body}, version, who=who)


@pytest.mark.parametrize(
    ("version", "status", "gone", "kind"),
    [("2.1", 200, 202, set()), ("2.2", 201, 204, {"type"}), ("2.104", 201, 204, {"type"})],
)
def test_shapes(api: ComputeApi, version: str, status: int, gone: int, kind: set[str]) -> None:
    made = create(api, version)
    assert made.status == status
    assert set(made.data["keypair"]) == BRIEF | {"user_id"} | kind
    (listed,) = api.get("/os-keypairs", version, who=USER).data["keypairs"]
    assert set(listed["keypair"]) == BRIEF | kind
    shown = api.get("/os-keypairs/k", version, who=USER).data["keypair"]
    assert set(shown) == BRIEF | kind | {
        "user_id", "id", "created_at", "updated_at", "deleted", "deleted_at",
    }  # fmt: skip
    assert api.delete("/os-keypairs/k", version, who=USER).status == gone
    assert api.delete("/os-keypairs/k", version, who=USER).status == 404


def test_the_fingerprint_is_md5_of_the_key(api: ComputeApi) -> None:
    digest = hashlib.md5(base64.b64decode(KEY.split()[1]), usedforsecurity=False)
    assert create(api).data["keypair"]["fingerprint"] == digest.digest().hex(":")


def test_a_made_key_opens_what_its_public_half_locks(api: ComputeApi) -> None:
    body = {"keypair": {"name": "made"}}
    made = api.post("/os-keypairs", body, "2.91", who=USER).data["keypair"]
    key = serialization.load_pem_private_key(made["private_key"].encode(), None)
    public = key.public_key().public_bytes(
        serialization.Encoding.OpenSSH, serialization.PublicFormat.OpenSSH
    )
    assert made["public_key"].startswith(public.decode())
    assert "private_key" not in api.get("/os-keypairs/made", who=USER).data["keypair"]
    assert api.post("/os-keypairs", body, "2.92", who=USER).status == 400


def test_certificates(api: ComputeApi) -> None:
    body = {"keypair": {"name": "win", "type": "x509"}}
    made = api.post("/os-keypairs", body, "2.2", who=USER).data["keypair"]
    certificate = x509.load_pem_x509_certificate(made["public_key"].encode())
    bundle = pkcs12.load_pkcs12(base64.b64decode(made["private_key"]), None)
    assert bundle.cert is not None
    assert bundle.cert.certificate == certificate
    assert len(made["fingerprint"]) == 20 * 3 - 1
    again = create(api, "2.2", name="imported", type="x509", public_key=made["public_key"])
    assert again.data["keypair"]["fingerprint"] == made["fingerprint"]
    assert create(api, "2.2", name="bad", type="x509").status == 400


@pytest.mark.parametrize(
    ("values", "version"),
    [
        ({"public_key": "ssh-rsa nonsense"}, "2.1"),
        ({"public_key": ""}, "2.1"),
        ({"public_key": None}, "2.1"),
        ({"public_key": "ssh-rsa"}, "2.1"),
        ({"public_key": "é ü"}, "2.1"),
        ({"name": ""}, "2.1"),
        ({"name": "n" * 256}, "2.1"),
        ({"name": "a.b"}, "2.91"),
        ({"name": "a/b"}, "2.92"),
        ({"name": " k"}, "2.1"),
        ({"type": "ssh"}, "2.1"),
        ({"type": "dsa"}, "2.2"),
        ({"user_id": "x"}, "2.9"),
    ],
)
def test_bad_keypairs(api: ComputeApi, values: dict[str, Any], version: str) -> None:
    assert create(api, version, **values).status == 400


def test_names_from_2_92(api: ComputeApi) -> None:
    assert create(api, "2.92", name="a.b@c").status == 201


def test_a_name_is_taken_once_a_user(api: ComputeApi) -> None:
    create(api)
    got = create(api)
    assert (got.status, got.message) == (409, "Key pair 'k' already exists.")
    assert create(api, who={"X-Auth-Token": f"someone:{PROJECT}"}).status == 200


def test_other_users_keys_are_for_administrators(api: ComputeApi) -> None:
    admin = {"X-Auth-Token": f"admin:{PROJECT}"}
    assert create(api, "2.10", who=admin, user_id="demo").data["keypair"]["user_id"] == "demo"
    assert create(api, "2.10", user_id="admin").status == 403
    for path in ("/os-keypairs?user_id=demo", "/os-keypairs/k?user_id=demo"):
        assert api.get(path, "2.10", who=admin).status == 200
        assert api.get(path, "2.10", who={"X-Auth-Token": f"spy:{PROJECT}"}).status == 403
    assert api.get("/os-keypairs/k?user_id=demo", "2.9", who=admin).status == 404
    assert api.delete("/os-keypairs/k?user_id=demo", "2.10", who=admin).status == 204


def test_pages_from_2_35(api: ComputeApi) -> None:
    for name in "cab":
        create(api, name=name)

    def names(query: str, version: str) -> list[str]:
        got = api.get(f"/os-keypairs{query}", version, who=USER)
        return [each["keypair"]["name"] for each in got.data["keypairs"]]

    assert names("?limit=1", "2.34") == ["a", "b", "c"]
    assert names("?limit=2", "2.35") == ["a", "b"]
    assert names("?limit=2&marker=b", "2.35") == ["c"]
    page = api.get("/os-keypairs?limit=1", "2.35", who=USER).data
    assert page["keypairs_links"][0]["href"].endswith("/os-keypairs?limit=1&marker=a")
    assert api.get("/os-keypairs?marker=zz", "2.35", who=USER).status == 400
    assert api.get("/os-keypairs?what=zz", "2.75", who=USER).status == 400
    assert api.get("/os-keypairs?what=zz", "2.74", who=USER).status == 200


def test_the_quota_holds(api: ComputeApi) -> None:
    assert api.put(f"/os-quota-sets/{PROJECT}", {"quota_set": {"key_pairs": 1}}).status == 200
    create(api)
    got = create(api, name="second")
    assert (got.status, got.message) == (403, "Quota exceeded, too many key pairs.")
