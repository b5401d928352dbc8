# SPDX-License-Identifier: Apache-2.0
"""What nova-consoleauth can be asked: by the API (authorize), by proxies (check), by anyone."""

from __future__ import annotations

from nova_appliance.rpc.calls.row import NORMAL, URGENT, Call
from nova_appliance.rpc.orders import (
    Authorize,
    Authorized,
    CheckToken,
    Granted,
    NotGranted,
    Revoked,
    RevokeTokens,
)

CALLS: dict[str, Call] = {
    "authorize": Call(since=1, order=Authorize, reply=Authorized, wait=URGENT),
    "check": Call(since=1, order=CheckToken, reply=Granted | NotGranted, wait=NORMAL),
    "revoke": Call(since=1, order=RevokeTokens, reply=Revoked, wait=URGENT),
}
