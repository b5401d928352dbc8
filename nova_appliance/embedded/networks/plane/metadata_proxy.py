# SPDX-License-Identifier: Apache-2.0
"""Passes a guest's request on to the metadata service, with headers that say and sign who it is.

What the guest itself says of that is thrown away. The headers are those of Neutron's own agent.
"""

from __future__ import annotations

import contextlib
import hashlib
import hmac
import http.client
import socket
import threading
from http.server import BaseHTTPRequestHandler
from typing import Any

from nova_appliance.embedded import settings as settings_
from nova_appliance.embedded.networks.plane.doors import Door
from nova_appliance.embedded.settings import Settings
from nova_appliance.embedded.store import Store

GUEST_S = 5
"""How long a guest may take for each part of its request."""
SERVICE_S = 20
MOST_BODY = 64 * 1024
PASSED = (
    "accept",
    "content-type",
    "x-aws-ec2-metadata-token",
    "x-aws-ec2-metadata-token-ttl-seconds",
)
DROPPED = frozenset(("connection", "transfer-encoding", "content-length", "server", "date"))
_AGAIN = ("GET", "HEAD")
"""Methods that may be sent twice, if a kept connection turns out to be closed."""
_WHO = """
SELECT ports.device_id, ports.project_id FROM addresses JOIN ports ON ports.id = addresses.port_id
WHERE addresses.ip = ? AND ports.device_owner LIKE 'compute:%' AND ports.network_id IN ({})
"""


class MetadataProxy:
    """Answers connections that come through doors; safe for threads."""

    def __init__(self, settings: Settings, store: Store) -> None:
        self._store = store
        self._secret = settings_.metadata_secret(settings).encode()
        self._service = _Service(settings)

    def serve(self, connection: socket.socket, address: str, door: Door) -> None:
        """One request of one guest."""
        connection.settimeout(GUEST_S)
        signed = self._signed(address, door)
        with contextlib.suppress(OSError):
            _Request(connection, address, self._service, signed)

    def _signed(self, address: str, door: Door) -> dict[str, str]:
        """The headers for the one server that has this address there; none for anybody else."""
        marks = ", ".join("?" * len(door.networks))
        rows = self._store.all(_WHO.format(marks), address, *door.networks)
        if len(rows) != 1 or not rows[0]["device_id"]:
            return {}
        server_id = rows[0]["device_id"]
        signature = hmac.new(self._secret, server_id.encode(), hashlib.sha256).hexdigest()
        return {
            "X-Instance-ID": server_id,
            "X-Tenant-ID": rows[0]["project_id"],
            "X-Instance-ID-Signature": signature,
            "X-Forwarded-For": address,
        }


class _Service(threading.local):
    """The metadata service as one thread speaks to it: a kept connection costs a third less."""

    def __init__(self, settings: Settings) -> None:
        self._where = (settings.host, settings.metadata_port)
        self._kept: http.client.HTTPConnection | None = None

    def ask(
        self, method: str, path: str, body: bytes | None, headers: dict[str, str]
    ) -> tuple[http.client.HTTPResponse, bytes]:
        """Its answer and the content of that. Raises OSError, HTTPException, ValueError."""
        kept, self._kept = self._kept, None
        if kept and method not in _AGAIN:
            kept.close()
        elif kept:
            with contextlib.suppress(ConnectionError, http.client.BadStatusLine):
                return self._ask(kept, method, path, body, headers)
        host, port = self._where
        fresh = http.client.HTTPConnection(host, port, timeout=SERVICE_S)
        return self._ask(fresh, method, path, body, headers)

    def _ask(
        self,
        service: http.client.HTTPConnection,
        method: str,
        path: str,
        body: bytes | None,
        headers: dict[str, str],
    ) -> tuple[http.client.HTTPResponse, bytes]:
        try:
            service.request(method, path, body, headers)
            answer = service.getresponse()
            content = answer.read()
        except BaseException:
            service.close()
            raise
        if answer.will_close:
            service.close()
        else:
            self._kept = service
        return answer, content


class _Request(BaseHTTPRequestHandler):
    """One request, one answer, and the connection ends."""

    protocol_version = "HTTP/1.1"
    server_version, sys_version = "nova-appliance", ""
    timeout = GUEST_S

    def __init__(
        self, connection: socket.socket, address: str, service: _Service, signed: dict[str, str]
    ) -> None:
        self._service, self._signed = service, signed
        super().__init__(connection, (address, 0), None)  # type: ignore[arg-type]

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base class' word
        """The metadata service logs."""

    def pass_on(self) -> None:
        """Ask the service and hand over what it answers."""
        self.close_connection = True
        told = self.headers.get("Content-Length") or "0"
        if "Transfer-Encoding" in self.headers or not told.isdecimal():
            self._say(411, b"Say how long the body is.\n")
        elif int(told[:9]) > MOST_BODY:
            self._say(413, b"The body is too long.\n")
        elif not self._signed:
            self._say(404, b"There is no metadata for you.\n")
        else:
            self._ask(self.rfile.read(int(told)))

    do_GET = do_HEAD = do_PUT = do_POST = do_DELETE = do_PATCH = do_OPTIONS = pass_on  # noqa: N815 - the base class' words

    def _ask(self, body: bytes) -> None:
        headers = {name: self.headers[name] for name in PASSED if name in self.headers}
        try:
            answer, content = self._service.ask(
                self.command, self.path, body or None, {**headers, **self._signed}
            )
        except (OSError, http.client.HTTPException, ValueError):
            self._say(503, b"The metadata service does not answer; ask again.\n")
            return
        kept = {k: v for k, v in answer.headers.items() if k.lower() not in DROPPED}
        self._say(answer.status, content, kept)

    def _say(self, status: int, content: bytes, headers: dict[str, str] | None = None) -> None:
        self.send_response(status)
        told = {"Content-Type": "text/plain", **(headers or {})}
        told |= {"Content-Length": str(len(content)), "Connection": "close"}
        for name, value in told.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(content)
