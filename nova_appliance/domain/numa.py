# SPDX-License-Identifier: Apache-2.0
"""How a guest's processors and memory are grouped, as its server's row remembers it."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

KEY = "numa_cells"
"""Key of system_metadata: the cells, JSON. A guest whose processors are all alike has none."""


class NumaCell(msgspec.Struct, frozen=True, kw_only=True):
    """One group; host_node and pinning tell where on the host it lies."""

    vcpus: tuple[int, ...]
    memory_mib: int
    siblings: tuple[tuple[int, ...], ...] = ()
    page_kib: int | None = None
    host_node: int | None = None
    pinning: dict[str, int] = {}


def cells_of(system_metadata: Mapping[str, str]) -> tuple[NumaCell, ...]:
    """The cells that a row remembers."""
    text = system_metadata.get(KEY)
    return msgspec.json.decode(text, type=tuple[NumaCell, ...]) if text else ()


def remembered(cells: tuple[NumaCell, ...]) -> dict[str, str]:
    """What a row keeps of them."""
    return {KEY: msgspec.json.encode(cells).decode()} if cells else {}


def regrouped(system_metadata: Mapping[str, str], cells: tuple[NumaCell, ...]) -> dict[str, str]:
    """The row's memory of a server that has these cells from now on."""
    kept = {key: value for key, value in system_metadata.items() if key != KEY}
    return kept | remembered(cells)
