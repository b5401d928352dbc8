# SPDX-License-Identifier: Apache-2.0
"""The compute service as the miniature services ask it: by HTTP, each as its own user."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from typing import Any

from nova_appliance.embedded import settings as settings_
from nova_appliance.embedded.settings import Settings

TIMEOUT_S = 30.0
VERSION = "2.93"
"""Of the Compute API: the first that takes volume-reimaged."""


class Compute:
    """A door to the Compute API for one of the service users (neutron, cinder)."""

    def __init__(self, settings: Settings, user: str) -> None:
        self._settings = settings
        self._user = user
        self._token = ""

    @property
    def is_there(self) -> bool:
        """Whether this cloud has a compute service."""
        return "compute" in self._settings.catalog

    def ask(self, method: str, path: str, body: Any = None) -> None:
        """Send one request. Raises HTTPError, and OSError when nobody answers.

        A token that is not accepted any more is forgotten, so that another try gets a new one.
        """
        self._token = self._token or self._new_token()
        try:
            _send(method, f"{self._settings.compute_url}/{path}", body, self._token)
        except urllib.error.HTTPError:
            self._token = ""
            raise

    def _new_token(self) -> str:
        password = settings_.secrets(self._settings).service_passwords[self._user]
        domain = {"name": "Default"}
        user = {"name": self._user, "password": password, "domain": domain}
        auth = {
            "identity": {"methods": ["password"], "password": {"user": user}},
            "scope": {"project": {"name": "service", "domain": domain}},
        }
        headers = _send("POST", f"{self._settings.identity_url}/auth/tokens", {"auth": auth})
        return str(headers.get("X-Subject-Token", ""))


def _send(method: str, url: str, body: Any, token: str = "") -> Any:
    headers = {
        "Content-Type": "application/json",
        "Accept": "application/json",
        "OpenStack-API-Version": f"compute {VERSION}",
    }
    if token:
        headers["X-Auth-Token"] = token
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(url, data, headers, method=method)  # noqa: S310 - our own
    with urllib.request.urlopen(request, timeout=TIMEOUT_S) as answer:  # noqa: S310
        return answer.headers
