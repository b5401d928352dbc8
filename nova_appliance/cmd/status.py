# SPDX-License-Identifier: Apache-2.0
"""nova-status upgrade check: may this release start, and may the last one's leftovers go."""

from __future__ import annotations

import sys
from collections.abc import Sequence

from oslo_config import cfg
from oslo_upgradecheck import upgradecheck

from nova_appliance.cmd import databases
from nova_appliance.common import clock, errors
from nova_appliance.conf import load
from nova_appliance.db import cell_mappings, schema, services
from nova_appliance.db.cells import CELL0, Cells

Result = upgradecheck.Result
Code = upgradecheck.Code


class Checks(upgradecheck.UpgradeCommands):
    """The checks in their order; each says in its details what to do."""

    def __init__(self, conf: cfg.ConfigOpts, cells: Cells) -> None:
        super().__init__()
        self._conf, self._cells = conf, cells

    def _databases_answer(self) -> upgradecheck.Result:
        try:
            for cell in self._mapped():
                schema.revisions(self._cells.database(cell), "cell")
        except errors.ApplianceError as error:
            return Result(Code.FAILURE, error.message)
        return Result(Code.SUCCESS)

    def _schema_is_expanded(self) -> upgradecheck.Result:
        behind = [] if schema.is_at_head(self._cells.api, "api", "expand") else ["nova_api"]
        behind += [
            cell
            for cell in self._mapped()
            if not schema.is_at_head(self._cells.database(cell), "cell", "expand")
        ]
        if behind:
            return Result(
                Code.FAILURE, f"Run `nova-manage db expand`; behind: {', '.join(behind)}."
            )
        return Result(Code.SUCCESS)

    def _cells_are_mapped(self) -> upgradecheck.Result:
        mapped = self._mapped()
        if CELL0 not in mapped:
            return Result(Code.FAILURE, "Run `nova-manage cell_v2 map_cell0`.")
        if len(mapped) == 1:
            return Result(Code.FAILURE, "Run `nova-manage cell_v2 create_cell`.")
        return Result(Code.SUCCESS)

    def _services_are_up(self) -> upgradecheck.Result:
        now, down_s = clock.SYSTEM.now(), self._conf.service_down_time
        down = []
        for cell in self._mapped():
            with self._cells.database(cell).read() as connection:
                found = services.list_(connection)
            down += [f"{s.binary} on {s.host}" for s in found if not services.is_up(s, now, down_s)]
        if down:
            return Result(Code.WARNING, f"Down now: {', '.join(down)}.")
        return Result(Code.SUCCESS)

    def _mapped(self) -> tuple[str, ...]:
        if not schema.revisions(self._cells.api, "api"):
            return ()
        with self._cells.api.read() as connection:
            return tuple(cell.id for cell in cell_mappings.list_(connection))

    _upgrade_checks = (
        ("Databases answer", _databases_answer),
        ("Schema is expanded", _schema_is_expanded),
        ("Cells are mapped", _cells_are_mapped),
        ("Services are up", _services_are_up),
    )


def main(argv: Sequence[str] | None = None) -> int:
    """0 all well, 1 warnings, 2 failures, 255 could not be asked."""
    words = list(sys.argv[1:] if argv is None else argv)
    files = [words[i + 1] for i, w in enumerate(words[:-1]) if w == "--config-file"]
    for file in files:
        at = words.index(file)
        del words[at - 1 : at + 1]
    conf = load.load(files=files or None)
    try:
        checks = Checks(conf, databases.open_(conf))
    except errors.ApplianceError as error:
        print(error.message, file=sys.stderr)  # noqa: T201 - a command line speaks by print
        return 255
    own = cfg.ConfigOpts()
    upgradecheck.register_cli_options(own, checks)
    own(words, project="nova-status", default_config_files=[])
    return int(upgradecheck.run(own))
