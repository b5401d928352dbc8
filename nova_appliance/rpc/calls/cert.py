# SPDX-License-Identifier: Apache-2.0
"""What nova-cert can be asked: by the APIs (projects' certificates), by hosts (renewal)."""

from __future__ import annotations

from nova_appliance.rpc.calls.row import NORMAL, URGENT, Call
from nova_appliance.rpc.certificate_orders import (
    Decrypt,
    Decrypted,
    IssuedForUser,
    IssueForUser,
    Renew,
    Renewed,
    RevokedCertificates,
    RevokeForUsers,
    Trust,
    TrustAsked,
)

CALLS: dict[str, Call] = {
    "trust": Call(since=4, order=TrustAsked, reply=Trust, wait=URGENT),
    "issue": Call(since=4, order=IssueForUser, reply=IssuedForUser, wait=NORMAL),
    "revoke": Call(since=4, order=RevokeForUsers, reply=RevokedCertificates, wait=NORMAL),
    "decrypt": Call(since=4, order=Decrypt, reply=Decrypted, wait=NORMAL),
    "renew": Call(since=4, order=Renew, reply=Renewed, wait=NORMAL),
}
