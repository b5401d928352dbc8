# SPDX-License-Identifier: Apache-2.0
"""The first words of SPICE, heard by the proxy so that no client leaves a guest's display half open.

spice-server (0.15.1 at least) waits in its worker up to 30 s for a display's DISPLAY_INIT, and reads memory
that it has freed when the client leaves meanwhile: QEMU and so the guest end (docs/consoles.md).
"""

from __future__ import annotations

import struct

from nova_appliance.console.ends import End
from nova_appliance.console.talk import Talk

MAGIC = b"REDQ"
DISPLAY = 2
DISPLAY_INIT = 101
TICKET_BYTES = 128
"""What the key of a link encrypts: RSA of 1024 bits."""
BY_TICKET, ACCEPTED = 1, 0
AUTH_SELECTION, MINI_HEADER = 1 << 0, 1 << 3
"""Common capabilities, bits of the first word."""
LONGEST = 65536
CLIENT_S, GUEST_S = 30.0, 70.0
"""The guest's are the client's half minute, and more than the half minute that spice-server gives a display."""

_HEAD = struct.Struct("<4sIII")
_LINK = struct.Struct("<IBBIII")
_REPLY = struct.Struct("<I162sIII")
_WORD = struct.Struct("<I")
_MINI, _FULL = struct.Struct("<HI"), struct.Struct("<8xHI4x")


class NotSpice(ConnectionError):
    """The client says what the protocol does not foresee, or has gone amid the first words."""


class GuestGone(ConnectionError):
    """The guest's side hung up amid the first words."""


def introduce(client: End, guest: End) -> None:
    """Carry the first words of a channel: a display is open when this returns, others are linked.

    Raises NotSpice, GuestGone, or another OSError.
    """
    here, there = Talk(client, NotSpice, CLIENT_S), Talk(guest, GuestGone, GUEST_S)
    link = _message(here)
    there.say(link)
    if _fields(_LINK, link)[1] == DISPLAY:
        _open_display(here, there, link)
    guest.send(here.left)
    client.send(there.left)


def _open_display(here: Talk, there: Talk, link: bytes) -> None:
    """Let the client in with its DISPLAY_INIT in hand, and wait until the display has answered."""
    reply = _message(there)
    here.say(reply)
    if _fields(_REPLY, reply)[0] != ACCEPTED:
        return
    wants = _first_capability(_LINK, link)
    ticket = _ticket(here, chooses=bool(wants & AUTH_SELECTION))
    here.say(_WORD.pack(ACCEPTED))
    mini = wants & _first_capability(_REPLY, reply) & MINI_HEADER
    opening = _until_init(here, _MINI if mini else _FULL)
    there.say(ticket)
    there.say(opening)
    if there.hear(_WORD.size) != _WORD.pack(ACCEPTED):
        raise GuestGone("It did not take the ticket.")
    there.wait_for(1)  # said by the worker only after it has stopped to wait for this client


def _message(talk: Talk) -> bytes:
    """A link message or its reply, with the head before it."""
    head = talk.hear(_HEAD.size)
    magic, _, _, size = _HEAD.unpack(head)
    if magic != MAGIC or size > LONGEST:
        raise NotSpice(f"It begins with {head[:4]!r}, not as SPICE does.")
    return head + talk.hear(size)


def _fields(shape: struct.Struct, message: bytes) -> tuple[int, ...]:
    if len(message) < _HEAD.size + shape.size:
        raise NotSpice("Its first message is too short.")
    return shape.unpack_from(message, _HEAD.size)


def _first_capability(shape: struct.Struct, message: bytes) -> int:
    """The first word of the common capabilities; 0 when there is none."""
    count, _, offset = _fields(shape, message)[-3:]
    at = _HEAD.size + offset
    if not count or at + _WORD.size > len(message):
        return 0
    return int(_WORD.unpack_from(message, at)[0])


def _ticket(here: Talk, *, chooses: bool) -> bytes:
    if not chooses:
        return here.hear(TICKET_BYTES)
    way = here.hear(_WORD.size)
    if way != _WORD.pack(BY_TICKET):
        raise NotSpice("The client does not come by a ticket.")
    return way + here.hear(TICKET_BYTES)


def _until_init(here: Talk, header: struct.Struct) -> bytes:
    """The client's first messages, DISPLAY_INIT the last of them."""
    said = b""
    while len(said) < LONGEST:
        head = here.hear(header.size)
        kind, size = header.unpack(head)
        if size > LONGEST:
            break
        said += head + here.hear(size)
        if kind == DISPLAY_INIT:
            return said
    raise NotSpice("The client says too much before it begins.")
