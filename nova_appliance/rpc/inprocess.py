# SPDX-License-Identifier: Apache-2.0
"""oslo.messaging driver for one process: queues in memory, no polling, no copies.

Serves transport URLs `fake://NAME`; oslo.messaging's own driver of that name sleeps 50 ms a look.
"""

from __future__ import annotations

import collections
import dataclasses
import queue
import threading
from pathlib import Path
from typing import Any

from nova_appliance.rpc import door
from nova_appliance.rpc.door import Message
from nova_appliance.rpc.messaging import base, oslo_messaging

Key = tuple[str, str | None]
"""(topic, server), or (topic, None) for what any server of the topic may take."""

MOST_NOTICES = 10_000
"""Notifications of one topic that wait for a listener."""


@dataclasses.dataclass(frozen=True)
class Letter:
    """A message under way."""

    context: dict[str, Any]
    message: dict[str, Any]
    replies: queue.SimpleQueue[tuple[Any, Any]] | None


class Exchange:
    """The queues behind one transport URL. A queue begins with its first listener and stays."""

    def __init__(self) -> None:
        self._queues: dict[Key, collections.deque[Letter]] = {}
        self._changed = threading.Condition()

    def declare(self, keys: tuple[Key, ...]) -> None:
        """Begin these queues."""
        with self._changed:
            for key in keys:
                self._queues.setdefault(key, collections.deque())

    def is_heard(self) -> bool:
        """Whether anybody ever listened."""
        with self._changed:
            return bool(self._queues)

    def deliver(self, message: Message) -> Any:
        """Queue a message, and wait for its reply if one is wanted.

        Raises MessageUndeliverable if nobody ever listened there, MessagingTimeout when there is no
        reply in time, and what the other side failed with.
        """
        replies: queue.SimpleQueue[tuple[Any, Any]] | None = None
        if message.wants_reply:
            replies = queue.SimpleQueue()
        letter = Letter(message.context, message.content, replies)
        if not self.put((message.topic, message.server), letter):
            raise oslo_messaging.MessageUndeliverable(None, None, None, None)
        if replies is None:
            return None
        try:
            reply, failure = replies.get(timeout=message.most_s)
        except queue.Empty:
            raise oslo_messaging.MessagingTimeout(f"No reply on topic {message.topic}") from None
        if failure:
            raise failure
        return reply

    def put(self, key: Key, letter: Letter, most: int | None = None) -> bool:
        """Queue a letter; False if nobody ever listened there. Of more than `most` the oldest go."""
        with self._changed:
            if key not in self._queues:
                return False
            waiting = self._queues[key]
            waiting.append(letter)
            while most is not None and len(waiting) > most:
                waiting.popleft()
            self._changed.notify_all()
        return True

    def take(self, keys: tuple[Key, ...], stopped: threading.Event) -> Letter | None:
        """Wait for a letter in one of the queues; None once `stopped` is set."""
        with self._changed:
            while True:
                for key in keys:
                    if self._queues[key]:
                        return self._queues[key].popleft()
                if stopped.is_set():
                    return None
                self._changed.wait()

    def wake(self) -> None:
        """Let listeners look whether they are stopped."""
        with self._changed:
            self._changed.notify_all()


class Incoming(base.RpcIncomingMessage):  # type: ignore[misc]
    """A letter in the hands of a server."""

    def __init__(self, letter: Letter) -> None:
        super().__init__(letter.context, letter.message)
        self._letter = letter

    def reply(self, reply: Any = None, failure: Any = None) -> None:
        """Answer the caller, if it waits."""
        if self._letter.replies is not None:
            self._letter.replies.put((reply, failure[1] if failure else None))

    def requeue(self) -> None:
        """Not needed: what was taken is worked on."""

    def heartbeat(self) -> None:
        """Not needed: the caller lives as long as we do."""


class Inbox(base.PollStyleListener):  # type: ignore[misc]
    """A server's end of its queues."""

    def __init__(self, exchange: Exchange, keys: tuple[Key, ...]) -> None:
        super().__init__()
        self._exchange, self._keys = exchange, keys
        self._stopped = threading.Event()
        exchange.declare(keys)

    @base.batch_poll_helper  # type: ignore[untyped-decorator]
    def poll(self, timeout: float | None = None) -> Incoming | None:
        """The next message; None when stopped."""
        del timeout
        letter = self._exchange.take(self._keys, self._stopped)
        return Incoming(letter) if letter else None

    def stop(self) -> None:
        """Wake the poller for the last time."""
        self._stopped.set()
        self._exchange.wake()


class InProcessDriver(base.BaseDriver):  # type: ignore[misc]
    """The driver that oslo.messaging's transport talks to."""

    def __init__(self, conf: Any, url: Any, exchange: Exchange) -> None:
        super().__init__(conf, url)
        self._exchange, self._folder = exchange, Path(conf.state_path)

    def send(self, target: Any, ctxt: Any, message: Any, **options: Any) -> Any:
        """Deliver, and wait for the reply if `wait_for_reply`. Where nobody ever listened in this
        process, the cloud is another one, with a door.
        """
        letter = Message(
            topic=target.topic,
            server=target.server,
            context=ctxt,
            content=message,
            wants_reply=bool(options.get("wait_for_reply")),
            most_s=options.get("timeout"),
        )
        if self._exchange.is_heard():
            return self._exchange.deliver(letter)
        return door.knock(self._folder, letter)

    def send_notification(
        self, target: Any, ctxt: Any, message: Any, version: Any, retry: Any = None
    ) -> None:
        """Keep it for whoever listens; what nobody listens to is dropped."""
        del version, retry
        self._exchange.put((target.topic, None), Letter(ctxt, message, None), MOST_NOTICES)

    def listen(self, target: Any, batch_size: int, batch_timeout: float | None) -> Any:
        """A listener for the server's own queue and its topic's."""
        keys: tuple[Key, ...] = ((target.topic, target.server), (target.topic, None))
        inbox = Inbox(self._exchange, keys)
        return base.PollStyleListenerAdapter(inbox, batch_size, batch_timeout)

    def listen_for_notifications(
        self, targets_and_priorities: Any, pool: Any, batch_size: int, batch_timeout: float | None
    ) -> Any:
        """A listener for topics, each with a priority; all listeners share their letters."""
        del pool
        keys: tuple[Key, ...] = tuple(
            (f"{target.topic}.{priority}", None) for target, priority in targets_and_priorities
        )
        inbox = Inbox(self._exchange, keys)
        return base.PollStyleListenerAdapter(inbox, batch_size, batch_timeout)

    def cleanup(self) -> None:
        """The exchange stays: others of the process use it."""


_LOCK = threading.Lock()
_EXCHANGES: dict[str, Exchange] = {}


def exchange(url: str) -> Exchange:
    """The exchange behind a URL, the same for the whole process."""
    with _LOCK:
        return _EXCHANGES.setdefault(url, Exchange())
