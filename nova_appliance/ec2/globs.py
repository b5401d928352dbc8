# SPDX-License-Identifier: Apache-2.0
"""Values of filters: * and ? are wildcards, a backslash takes their meaning away.

Matching takes time in proportion to text times pattern at worst, whatever the pattern.
"""

from __future__ import annotations

STAR, ANY = None, ""
Glob = tuple[str | None, ...]
"""Characters to be there; ANY is one of any kind, STAR is any number of them."""


def read(text: str) -> Glob:
    """The pattern that a text means."""
    parts: list[str | None] = []
    escaped = False
    for char in text:
        if escaped or char not in "*?\\":
            parts.append(char)
            escaped = False
        elif char == "\\":
            escaped = True
        elif char == "?":
            parts.append(ANY)
        elif parts[-1:] != [STAR]:
            parts.append(STAR)
    return tuple([*parts, "\\"] if escaped else parts)


def matches(glob: Glob, text: str) -> bool:
    """Whether the whole text is as the pattern says: on a miss, the last star takes one more."""
    at = place = 0
    star, mark = -1, 0
    while place < len(text):
        if at < len(glob) and glob[at] is STAR:
            star, mark = at, place
            at += 1
        elif at < len(glob) and glob[at] in (ANY, text[place]):
            at += 1
            place += 1
        elif star >= 0:
            at, mark = star + 1, mark + 1
            place = mark
        else:
            return False
    return all(part is STAR for part in glob[at:])
