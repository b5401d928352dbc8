# SPDX-License-Identifier: Apache-2.0
"""Certificates of users: nova-cert makes them; the key is shown once and kept nowhere."""

from __future__ import annotations

from nova_appliance.actions.cloud import Cloud
from nova_appliance.common import errors
from nova_appliance.common.context import RequestContext
from nova_appliance.rpc.certificate_orders import (
    Decrypt,
    Decrypted,
    IssuedForUser,
    IssueForUser,
    Trust,
    TrustAsked,
)


def root(cloud: Cloud, context: RequestContext, certificate_id: str) -> str:
    """The root certificate. Raises Unsupported for another id, Unavailable without nova-cert."""
    if certificate_id != "root":
        raise errors.Unsupported("Only root certificate can be retrieved.")
    trust: Trust = cloud.rpc.call("cert", "trust", TrustAsked(), context)
    return trust.certificate


def create(cloud: Cloud, context: RequestContext) -> tuple[str, str]:
    """A certificate for the caller within its project, and the key. Raises Unavailable."""
    order = IssueForUser(user_id=context.user_id or "", project_id=context.project_id or "")
    made: IssuedForUser = cloud.rpc.call("cert", "issue", order, context)
    return made.certificate, made.private_key


def decrypt(cloud: Cloud, context: RequestContext, text: str) -> str:
    """The key or start vector of an EC2 bundle of the caller's project, both in hexadecimal.

    Raises Invalid when it was encrypted for somebody else, Unavailable without nova-cert.
    """
    order = Decrypt(project_id=context.project_id or "", text=text)
    opened: Decrypted = cloud.rpc.call("cert", "decrypt", order, context)
    return opened.text
