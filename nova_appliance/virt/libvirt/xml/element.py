# SPDX-License-Identifier: Apache-2.0
"""How the builders write XML: elements from names, attributes and children; text is encoded."""

from __future__ import annotations

import re

from lxml import etree

Element = etree._Element  # noqa: SLF001 - lxml's only name for the type

_NOT_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def element(
    tag: str, *children: Element | None, text: str | int | None = None, **attributes: object
) -> Element:
    """Make an element; children and attributes that are None are left out."""
    made = etree.Element(
        tag, {k.rstrip("_"): clean(v) for k, v in attributes.items() if v is not None}
    )
    if text is not None:
        made.text = clean(text)
    made.extend([child for child in children if child is not None])
    return made


def clean(value: object) -> str:
    """Text without the characters that XML cannot carry at all."""
    return _NOT_XML.sub("\ufffd", str(value))


def write(root: Element) -> str:
    """The document as text, indented."""
    return etree.tostring(root, encoding="unicode", pretty_print=True)
