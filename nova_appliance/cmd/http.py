# SPDX-License-Identifier: Apache-2.0
"""Serves a WSGI application from threads of this process (embedded mode, health endpoints)."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import waitress
from waitress import wasyncore


class HttpServer:
    """Listens on one address from `start` to `stop`. Raises OSError when the port is taken.

    A body above `body_limit` bytes is answered with 413 before it is read.
    """

    def __init__(
        self,
        app: Callable[..., Any],
        host: str,
        port: int,
        *,
        threads: int = 8,
        body_limit: int = 1024**2,
    ) -> None:
        self._thread: threading.Thread | None = None
        self._asked = threading.Event()
        self._server = waitress.create_server(
            app,
            host=host,
            port=port,
            threads=threads,
            ident="nova-appliance",
            backlog=1024,
            max_request_body_size=body_limit,
            connection_limit=1000,
            channel_timeout=60,
            asyncore_use_poll=True,
            clear_untrusted_proxy_headers=True,
        )

    @property
    def port(self) -> int:
        """Where it listens; asked for port 0, a free one."""
        return int(self._server.effective_port)

    def start(self) -> None:
        """Answer requests; returns at once."""
        self._thread = threading.Thread(target=self._run, name="http", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Close the port, let requests under way end, then close connections that wait."""
        self._asked.set()
        self._server.pull_trigger()
        if self._thread:
            self._thread.join(10)
        self._server.task_dispatcher.shutdown(timeout=5)
        self._server.close()
        wasyncore.close_all(self._server._map, ignore_all=True)  # noqa: SLF001 - no public way

    def _run(self) -> None:
        """Its own loop, but with an end: waitress's `run` waits for idle clients to hang up."""
        while not self._asked.is_set():
            wasyncore.loop(timeout=1, use_poll=True, map=self._server._map, count=1)  # noqa: SLF001
