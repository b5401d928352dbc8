# SPDX-License-Identifier: Apache-2.0
"""Shares in Manila's v2 dialect: file systems that servers have through their hosts."""

from __future__ import annotations

import contextlib
from typing import Any

import msgspec
import requests
from keystoneauth1.session import Session
from oslo_config import cfg

from nova_appliance.clients.session import Neighbour
from nova_appliance.common import errors, ids
from nova_appliance.common.context import RequestContext

VERSION = {"X-OpenStack-Manila-API-Version": "2.65"}
"""Has /share-access-rules (2.45); Yoga and newer know it."""


GOING = frozenset(("queued_to_deny", "denying"))
"""States of rules that will be gone soon."""


class Share(msgspec.Struct, frozen=True, kw_only=True):
    """A share as its service has it now."""

    id: str
    status: str
    protocol: str
    export: str = ""
    """The preferred export location; empty when there is none."""


class Rule(msgspec.Struct, frozen=True, kw_only=True):
    """Who may have it."""

    id: str
    to: str
    state: str

    @property
    def goes(self) -> bool:
        """Whether the service is taking it away."""
        return self.state in GOING


class Shares:
    """The share service. Calls with a caller's context see what that caller may see."""

    def __init__(self, session: Session, conf: cfg.ConfigOpts) -> None:
        self._manila = Neighbour(session, conf, "shared-file-system")

    def get(self, share_id: str, context: RequestContext | None = None) -> Share:
        """The share; raises NotFound when there is none for this caller."""
        missing = errors.NotFound(f"Share {share_id} could not be found.")
        if not ids.is_id(share_id):
            raise missing
        try:
            raw = self._ask("GET", f"/shares/{share_id}", context).json()["share"]
            path = f"/shares/{share_id}/export_locations"
            places = self._ask("GET", path, context).json()["export_locations"]
        except errors.NotFound as error:
            raise missing from error
        places.sort(key=lambda one: not one.get("preferred"))
        return Share(
            id=raw["id"],
            status=raw.get("status") or "",
            protocol=(raw.get("share_proto") or "").upper(),
            export=places[0]["path"] if places else "",
        )

    def allow(self, share_id: str, address: str) -> bool:
        """Let a host write to it; done again, nothing changes.

        False while an earlier rule for the host is being taken away: the service takes no other.
        """
        known = self.rule(share_id, address)
        if known is not None:
            return not known.goes
        asked = {"access_type": "ip", "access_to": address, "access_level": "rw"}
        try:
            self._act(share_id, {"allow_access": asked})
        except errors.Invalid:
            known = self.rule(share_id, address)
            if known is None:
                raise
            return not known.goes  # another server of the host was just quicker
        return True

    def deny(self, share_id: str, address: str) -> None:
        """Let a host have it no more; nothing there is fine."""
        with contextlib.suppress(errors.NotFound):
            rule = self.rule(share_id, address)
            if rule is not None:
                self._act(share_id, {"deny_access": {"access_id": rule.id}})

    def rule(self, share_id: str, address: str) -> Rule | None:
        """The rule for this address, if there is one."""
        query = {"share_id": share_id}
        found = self._ask("GET", "/share-access-rules", params=query).json()["access_list"]
        for one in found:
            if (one["access_type"], one["access_to"]) == ("ip", address):
                return Rule(id=one["id"], to=address, state=one["state"])
        return None

    def _act(self, share_id: str, action: dict[str, Any]) -> None:
        self._ask("POST", f"/shares/{share_id}/action", json=action)

    def _ask(
        self, method: str, path: str, context: RequestContext | None = None, **options: Any
    ) -> requests.Response:
        return self._manila.ask(method, path, context, headers=dict(VERSION), **options)
