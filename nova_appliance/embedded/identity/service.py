# SPDX-License-Identifier: Apache-2.0
"""What the identity handlers share (`req.service`), and who may do what."""

from __future__ import annotations

import dataclasses
import datetime as dt
from typing import Any

from cryptography.fernet import Fernet

from nova_appliance.common import clock, errors
from nova_appliance.embedded import settings as settings_
from nova_appliance.embedded.identity import tables
from nova_appliance.embedded.settings import Settings
from nova_appliance.embedded.store import Row, Store
from nova_appliance.embedded.tokens import Caller, Tokens


@dataclasses.dataclass(frozen=True)
class Identity:
    """One identity service: its file, its tokens, and the key that seals stored credentials."""

    settings: Settings
    store: Store
    tokens: Tokens
    vault: Fernet


def open_identity(settings: Settings, time: clock.Clock = clock.SYSTEM) -> Identity:
    """Open (or begin) the identity service kept in the state directory."""
    return Identity(
        settings=settings,
        store=tables.open_store(settings),
        tokens=Tokens(settings, time),
        vault=Fernet(settings_.secrets(settings).credential_key),
    )


def require_admin(req: Any, what: str) -> None:
    """Let only administrators pass; `what` names the action in Keystone's words."""
    if not req.caller.is_admin:
        raise refused(what)


def require_user(req: Any, user_id: str, what: str) -> None:
    """Let only that user and administrators pass."""
    if not (req.caller.is_admin or req.caller.user_id == user_id):
        raise refused(what)


def require_unrestricted(caller: Caller, what: str) -> None:
    """A restricted application credential makes no further credentials."""
    if caller.app_credential is not None and not caller.app_credential["unrestricted"]:
        raise refused(what)


def refused(what: str) -> errors.Forbidden:
    """The error for a caller whose roles do not allow `what`."""
    return errors.Forbidden(f"You are not authorized to perform the requested action: {what}.")


def sees_all(caller: Caller) -> bool:
    """Administrators, and readers of the whole system."""
    return caller.is_admin or (caller.is_system and "reader" in caller.roles)


def find(identity: Identity, table: str, row_id: str) -> Row:
    """A row of one of our tables by its id; raises NotFound in Keystone's words."""
    row = identity.store.one(f"SELECT * FROM {table} WHERE id = ?", row_id)  # noqa: S608 - names are ours
    if row is None:
        raise errors.NotFound(f"Could not find {table[:-1].replace('_', ' ')}: {row_id}.")
    return row


def listing(req: Any, name: str, rows: list[Any]) -> dict[str, Any]:
    """A collection as Keystone wraps it; it is never cut into pages."""
    return {name: rows, "links": {"self": req.url, "previous": None, "next": None}}


def link(req: Any, path: str) -> str:
    """The URL of a resource of this service as the caller reaches it."""
    return f"{req.host_url}/v3/{path}"


def wire_time(epoch_s: float) -> str:
    """A time as Keystone writes it."""
    moment = dt.datetime.fromtimestamp(epoch_s, dt.UTC)
    return moment.strftime("%Y-%m-%dT%H:%M:%S.%fZ")
