# SPDX-License-Identifier: Apache-2.0
"""A dictionary > the XML of an answer, by the operation's output shape. No library is needed."""

from __future__ import annotations

import base64
import datetime as dt
import re
from collections.abc import Iterator
from typing import Any
from xml.sax import saxutils

from nova_appliance.ec2.model import Member, Model, Operation, Shape

_UNPRINTABLE = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
SUCCESS = "<return>true</return>"


def escape(text: str) -> str:
    """Text as it may stand in XML 1.0; what XML cannot hold at all becomes a question mark."""
    return saxutils.escape(_UNPRINTABLE.sub("?", text), {"\r": "&#13;"})


def answer(
    model: Model, operation: Operation, version: str, request_id: str, data: dict[str, Any]
) -> bytes:
    """The document that answers a call, in the version that was asked for.

    Raises KeyError for a field that the operation's answer does not have.
    """
    inner = "".join(_fields(model, operation.output, data)) if operation.output else SUCCESS
    name = f"{operation.name}Response"
    return (
        f'<?xml version="1.0" encoding="UTF-8"?>\n'
        f'<{name} xmlns="http://ec2.amazonaws.com/doc/{escape(version)}/">'
        f"<requestId>{escape(request_id)}</requestId>{inner}</{name}>"
    ).encode()


def _fields(model: Model, shape: Shape, data: dict[str, Any]) -> Iterator[str]:
    for field, value in data.items():
        member = shape.members[field]
        if value is not None:
            yield _element(model, member.location_name or field, member, value)


def _element(model: Model, name: str, member: Member, value: Any) -> str:
    shape = model.shapes[member.shape]
    if shape.type == "structure":
        return f"<{name}>{''.join(_fields(model, shape, value))}</{name}>"
    if shape.type == "list" and shape.member is not None:
        item = shape.member.location_name or "member"
        inside = "".join(_element(model, item, shape.member, one) for one in value)
        return f"<{name}>{inside}</{name}>" if inside else f"<{name}/>"
    return f"<{name}>{escape(_text(value))}</{name}>"


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, bytes):
        return base64.b64encode(value).decode()
    if isinstance(value, dt.datetime):
        return value.strftime("%Y-%m-%dT%H:%M:%S.") + f"{value.microsecond // 1000:03d}Z"
    return str(value)
