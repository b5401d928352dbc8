# SPDX-License-Identifier: Apache-2.0
"""Cells: which databases and queues there are, read from nova_api and kept for some seconds."""

from __future__ import annotations

import threading

import msgspec
import sqlalchemy as sa

from nova_appliance.common import clock, errors
from nova_appliance.db.engines import Database, Databases
from nova_appliance.db.tables.api import CELLS

CELL0 = "00000000-0000-0000-0000-000000000000"
KEEP_S = 30.0
NEVER = float("-inf")


class Cell(msgspec.Struct, frozen=True, kw_only=True):
    """One pair of database and message queue."""

    id: str
    name: str
    transport_url: str
    database_connection: str
    disabled: bool = False


class Cells:
    """The cells of a deployment; safe for threads."""

    def __init__(self, databases: Databases, clocks: clock.Clock = clock.SYSTEM) -> None:
        self._databases = databases
        self._clock = clocks
        self._lock = threading.Lock()
        self._cells: dict[str, Cell] = {}
        self._read_at = NEVER

    @property
    def api(self) -> Database:
        """The database nova_api."""
        return self._databases.api

    def all_(self) -> tuple[Cell, ...]:
        """Every cell, cell0 first; while somebody reads them anew, others get the old ones."""
        if self._is_old() and self._lock.acquire(blocking=self._read_at == NEVER):
            try:
                if self._is_old():
                    self._cells = {cell.id: cell for cell in self._read()}
                    self._read_at = self._clock.monotonic()
            finally:
                self._lock.release()
        return tuple(self._cells.values())

    def _is_old(self) -> bool:
        return self._clock.monotonic() - self._read_at > KEEP_S

    def get(self, cell_id: str) -> Cell:
        """The cell of that id. Raises Unavailable when it is not mapped."""
        for _ in range(2):
            for cell in self.all_():
                if cell.id == cell_id:
                    return cell
            self.forget()
        raise errors.Unavailable(f"Cell {cell_id} is not mapped.")

    def database(self, cell_id: str) -> Database:
        """The database of that cell."""
        return self._databases.at(self.get(cell_id).database_connection)

    def forget(self) -> None:
        """Read the mappings again at the next question."""
        with self._lock:
            self._read_at = NEVER

    def dispose(self) -> None:
        """Close all databases."""
        self._databases.dispose()

    def _read(self) -> tuple[Cell, ...]:
        columns = [CELLS.c[name] for name in Cell.__struct_fields__]
        with self._databases.api.look() as connection:
            rows = connection.execute(sa.select(*columns).order_by(CELLS.c.row)).mappings().all()
        return tuple(Cell(**row) for row in rows)
