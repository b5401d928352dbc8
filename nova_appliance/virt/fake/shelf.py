# SPDX-License-Identifier: Apache-2.0
"""Records by key, in a folder that survives the process, or in memory when there is none."""

from __future__ import annotations

import os
import threading
from pathlib import Path
from typing import Generic, TypeVar

import msgspec

from nova_appliance.common import ids
from nova_appliance.common.errors import Invalid

Record = TypeVar("Record")


class Shelf(Generic[Record]):
    """Each record is one JSON file, replaced as a whole."""

    def __init__(self, kind: type[Record], folder: Path | None) -> None:
        self._folder = folder
        self._memory: dict[str, Record] = {}
        self._decoder = msgspec.json.Decoder(kind)
        if folder is not None:
            folder.mkdir(parents=True, exist_ok=True)

    def get(self, key: str) -> Record | None:
        """Return the record, or None."""
        if self._folder is None:
            return self._memory.get(key)
        try:
            return self._decoder.decode(self._file(key).read_bytes())
        except FileNotFoundError:
            return None

    def put(self, key: str, record: Record) -> None:
        """Write the record, replacing an older one."""
        if self._folder is None:
            self._memory[key] = record
            return
        file = self._file(key)
        part = file.with_suffix(f".{os.getpid()}-{threading.get_ident()}.part")
        part.write_bytes(msgspec.json.encode(record))
        part.replace(file)

    def drop(self, key: str) -> None:
        """Remove the record; nothing there is fine."""
        if self._folder is None:
            self._memory.pop(key, None)
        else:
            self._file(key).unlink(missing_ok=True)

    def keys(self) -> list[str]:
        """All keys, sorted."""
        if self._folder is None:
            return sorted(self._memory)
        return sorted(file.stem for file in self._folder.glob("*.json"))

    def records(self) -> list[Record]:
        """All records, in the order of their keys."""
        return [record for key in self.keys() if (record := self.get(key)) is not None]

    def _file(self, key: str) -> Path:
        if self._folder is None or not ids.is_id(key):
            raise Invalid(f"{key!r} is not an id.")
        return self._folder / f"{key}.json"
