# SPDX-License-Identifier: Apache-2.0
"""Order and reply objects of nova-cert; certificates, keys and lists are PEM texts."""

from __future__ import annotations

import datetime as dt

import msgspec


class TrustAsked(msgspec.Struct, frozen=True, kw_only=True):
    """What is to be trusted?"""

    project_id: str | None = None
    """The project's authority; None is the root."""


class Trust(msgspec.Struct, frozen=True, kw_only=True):
    """An authority's certificate, and the list of what it has revoked."""

    certificate: str
    revocation_list: str


class IssueForUser(msgspec.Struct, frozen=True, kw_only=True):
    """Make a key and a certificate for a user within a project."""

    user_id: str
    project_id: str


class IssuedForUser(msgspec.Struct, frozen=True, kw_only=True):
    """The key, which nobody keeps, and the certificate with the project's behind it."""

    private_key: str
    certificate: str


class RevokeForUsers(msgspec.Struct, frozen=True, kw_only=True):
    """End the certificates of a user, of a project, or of a user within a project."""

    user_id: str | None = None
    project_id: str | None = None


class RevokedCertificates(msgspec.Struct, frozen=True, kw_only=True):
    """How many there were."""

    certificates: int


class Decrypt(msgspec.Struct, frozen=True, kw_only=True):
    """Decrypt the key or the start vector of an EC2 bundle (RSA, PKCS#1 v1.5)."""

    project_id: str
    text: str
    """Hexadecimal, as it stands in the bundle's manifest."""


class Decrypted(msgspec.Struct, frozen=True, kw_only=True):
    """The key or start vector."""

    text: str
    """Hexadecimal."""


class Renew(msgspec.Struct, frozen=True, kw_only=True):
    """A host asks for a new certificate of the same words and key."""

    certificate: str
    asked_at: dt.datetime
    """Naive UTC."""
    signature: str
    """Hexadecimal; by the certificate's key: only its holder can renew it."""


class Renewed(msgspec.Struct, frozen=True, kw_only=True):
    """The new certificate, and the root it is to be trusted by."""

    certificate: str
    authority: str
