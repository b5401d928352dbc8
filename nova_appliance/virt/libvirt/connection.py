# SPDX-License-Identifier: Apache-2.0
"""One connection to libvirt for all threads: opened when needed, opened again when it broke."""

from __future__ import annotations

import contextlib
import logging
import threading
from collections.abc import Callable
from typing import TypeVar

import libvirt

from nova_appliance.common import errors
from nova_appliance.virt.driver import HypervisorFailed

LOG = logging.getLogger(__name__)
Result = TypeVar("Result")

_BROKEN_DOMAINS = (libvirt.VIR_FROM_REMOTE, libvirt.VIR_FROM_RPC)
_BROKEN_CODES = (
    libvirt.VIR_ERR_SYSTEM_ERROR,
    libvirt.VIR_ERR_INTERNAL_ERROR,
    libvirt.VIR_ERR_RPC,
)
_UNREACHABLE_CODES = (
    libvirt.VIR_ERR_INVALID_CONN,
    libvirt.VIR_ERR_NO_CONNECT,
    libvirt.VIR_ERR_AUTH_FAILED,
    libvirt.VIR_ERR_AUTH_CANCELLED,
    libvirt.VIR_ERR_AUTH_UNAVAILABLE,
)
_KEEPALIVES_MISSED = 5


class Connection:
    """Lends a live virConnect; a restart of libvirtd costs at most one retry."""

    def __init__(self, uri: str, keepalive_s: int) -> None:
        self.uri = uri
        self._keepalive_s = keepalive_s
        self._lock = threading.Lock()
        self._held: libvirt.virConnect | None = None

    def call(self, deed: Callable[[libvirt.virConnect], Result]) -> Result:
        """Do `deed`, which must be idempotent: once more when the connection breaks meanwhile.

        Raises Unavailable while libvirt cannot be reached, HypervisorFailed when it refuses.
        """
        try:
            try:
                return deed(self._open())
            except libvirt.libvirtError as error:
                if not is_broken(error):
                    raise
                LOG.warning("Connection to %s broke: %s", self.uri, error)
                self.close()
                return deed(self._open())
        except libvirt.libvirtError as error:
            raise _ours(error, self.uri) from error

    def close(self) -> None:
        """Let go of the connection; the next call opens another.

        libvirt closes it when the last thread that still uses it lets go of it too.
        """
        with self._lock:
            self._held = None

    def _open(self) -> libvirt.virConnect:
        with self._lock:
            if self._held is None or not self._held.isAlive():
                _EVENTS.start()
                self._held = libvirt.open(self.uri)
                self._keep_alive(self._held)
            return self._held

    def _keep_alive(self, fresh: libvirt.virConnect) -> None:
        if self._keepalive_s > 0:
            with contextlib.suppress(libvirt.libvirtError):  # drivers inside the process have none
                fresh.setKeepAlive(self._keepalive_s, _KEEPALIVES_MISSED)


def is_broken(error: libvirt.libvirtError) -> bool:
    """Whether the error is about the way to libvirtd, not about what was asked."""
    code = error.get_error_code()
    return code in _UNREACHABLE_CODES or (
        code in _BROKEN_CODES and error.get_error_domain() in _BROKEN_DOMAINS
    )


def _ours(error: libvirt.libvirtError, uri: str) -> errors.ApplianceError:
    if is_broken(error):
        return errors.Unavailable(f"libvirt at {uri} cannot be reached: {error}")
    if error.get_error_code() == libvirt.VIR_ERR_NO_SUPPORT:
        return errors.Unsupported(f"The hypervisor at {uri} cannot do this: {error}")
    return HypervisorFailed(f"libvirt refused: {error}")


def start_events() -> None:
    """To be called before libvirt.open: its client needs the thread."""
    _EVENTS.start()


class _Events:
    """The thread that libvirt's client needs to notice keepalives and closed sockets."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._started = False

    def start(self) -> None:
        """Start the thread, once in a process and before its first connection."""
        with self._lock:
            if self._started:
                return
            libvirt.registerErrorHandler(_keep_quiet, None)
            libvirt.virEventRegisterDefaultImpl()
            threading.Thread(target=_run_events, name="libvirt-events", daemon=True).start()
            self._started = True


def _run_events() -> None:
    while True:
        try:
            libvirt.virEventRunDefaultImpl()
        except libvirt.libvirtError:
            LOG.exception("The event loop of libvirt failed")


def _keep_quiet(_context: object, _error: object) -> None:
    """Take the place of libvirt's handler, which prints on standard error."""


_EVENTS = _Events()
