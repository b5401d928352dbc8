# SPDX-License-Identifier: Apache-2.0
"""The way from other processes, `nova-manage` above all, to the messages inside of one process.

A Unix socket that only its owner may open, in the folder `state_path` that both were told. A connection
carries one message and its answer, JSON up to the end of what either side sends.
"""

from __future__ import annotations

import contextlib
import logging
import os
import socket
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import msgspec

from nova_appliance.rpc.messaging import oslo_messaging

LOG = logging.getLogger(__name__)
NAME = "messages.sock"
HAND_OVER_S = 10.0
"""For what does not wait for any work: a message to be sent, an answer to be taken."""


class Message(msgspec.Struct, frozen=True, kw_only=True):
    """What is sent, and whether somebody waits for a reply: for `most_s` seconds, None is for ever."""

    topic: str
    server: str | None
    """None: any server of the topic."""
    context: dict[str, Any]
    content: dict[str, Any]
    wants_reply: bool = False
    most_s: float | None = None


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """The reply, or why there is none: `unheard`, `late`, or `failed` with a sentence."""

    outcome: str = "reply"
    reply: Any = None
    why: str = ""


Deliver = Callable[[Message], Any]
"""Raises MessageUndeliverable, MessagingTimeout, or what the other side failed with."""


class Door:
    """The inner side: hands messages over to `deliver`, each in a thread of its own."""

    def __init__(self, folder: Path, deliver: Deliver) -> None:
        self._folder, self._deliver = folder, deliver
        self._socket = socket.socket(socket.AF_UNIX)

    def start(self) -> None:
        """Open; what a process that died has left there is replaced."""
        (self._folder / NAME).unlink(missing_ok=True)
        with _short(self._folder) as path:
            self._socket.bind(path)
            Path(path).chmod(0o600)  # nobody gets in before it listens
        self._socket.listen()
        threading.Thread(target=self._accept, name="door", daemon=True).start()

    def stop(self) -> None:
        """Close; who waits for an answer gets it."""
        with contextlib.suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)  # wakes accept
        self._socket.close()
        (self._folder / NAME).unlink(missing_ok=True)

    def _accept(self) -> None:
        while True:
            try:
                caller, _ = self._socket.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(caller,), daemon=True).start()

    def _serve(self, caller: socket.socket) -> None:
        with caller:
            caller.settimeout(HAND_OVER_S)
            try:
                message = msgspec.json.decode(_all(caller), type=Message)
                caller.sendall(msgspec.json.encode(self._answer(message)))
            except (OSError, msgspec.MsgspecError) as error:
                LOG.warning("a message from another process came to nothing: %s", error)

    def _answer(self, message: Message) -> Answer:
        try:
            return Answer(reply=self._deliver(message))
        except oslo_messaging.MessageUndeliverable:
            return Answer(outcome="unheard")
        except oslo_messaging.MessagingTimeout as error:
            return Answer(outcome="late", why=str(error))
        except Exception as error:
            LOG.exception("%s failed", message.topic)
            return Answer(outcome="failed", why=str(error))


def knock(folder: Path, message: Message) -> Any:
    """The outer side: the reply to a message. Raises as Deliver does; nobody at the door is `unheard`."""
    waits = message.wants_reply and message.most_s is None
    try:
        with _short(folder) as path, socket.socket(socket.AF_UNIX) as way:
            way.settimeout(HAND_OVER_S)
            way.connect(path)
            way.sendall(msgspec.json.encode(message))
            way.shutdown(socket.SHUT_WR)
            way.settimeout(None if waits else HAND_OVER_S + (message.most_s or 0))
            answer = msgspec.json.decode(_all(way), type=Answer)
    except TimeoutError:
        raise oslo_messaging.MessagingTimeout("The other process does not answer.") from None
    except (OSError, msgspec.MsgspecError) as error:
        LOG.debug("nobody at %s: %s", folder / NAME, error)
        raise oslo_messaging.MessageUndeliverable(None, None, None, None) from error
    return _reply(answer)


def _reply(answer: Answer) -> Any:
    match answer.outcome:
        case "reply":
            return answer.reply
        case "unheard":
            raise oslo_messaging.MessageUndeliverable(None, None, None, None)
        case "late":
            raise oslo_messaging.MessagingTimeout(answer.why)
    raise oslo_messaging.MessageDeliveryFailure(answer.why)


def _all(way: socket.socket) -> bytes:
    """All that the other side sends. Raises OSError: it went away, or takes too long."""
    return b"".join(iter(lambda: way.recv(65536), b""))


@contextlib.contextmanager
def _short(folder: Path) -> Iterator[str]:
    """A path of the socket that the kernel takes: at most 107 bytes, however long the folder's is."""
    known = os.open(folder, os.O_PATH | os.O_DIRECTORY)
    try:
        yield f"/proc/self/fd/{known}/{NAME}"
    finally:
        os.close(known)
