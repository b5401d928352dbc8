# SPDX-License-Identifier: Apache-2.0
"""nova-manage: the operator's hand in the databases. Prints `changed=0|1`; exit code 0 when done."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

from oslo_config import cfg
from rich.console import Console
from rich.table import Table

from nova_appliance.cmd import (
    databases,
    manage_authority,
    manage_cells,
    manage_cert,
    manage_db,
    manage_doctor,
    manage_image_cache,
)
from nova_appliance.cmd.manage_command import Command, Findings, OfflineCommand, Outcome
from nova_appliance.common import errors, log
from nova_appliance.conf import load

COMMANDS = (
    *manage_db.COMMANDS,
    *manage_cells.COMMANDS,
    *manage_cert.COMMANDS,
    *manage_authority.COMMANDS,
    *manage_doctor.COMMANDS,
    *manage_image_cache.COMMANDS,
)


def main(argv: Sequence[str] | None = None) -> int:
    """Carry out one command; prints one sentence and returns 1 when it cannot be done."""
    given = _parser().parse_args(argv)
    try:
        result = _run(given)
    except (errors.ApplianceError, cfg.Error) as error:
        print(error, file=sys.stderr)  # noqa: T201 - a command line speaks by print
        return 1
    _show(result)
    return 0 if not isinstance(result, Findings) or result.is_sound else 1


def _run(given: argparse.Namespace) -> Outcome:
    command: Command | OfflineCommand = given.command
    if isinstance(command, OfflineCommand):
        return command.run(given)
    conf = load.load(files=given.config_file)
    log.start(conf, "nova-manage")
    return command.run(conf, databases.open_(conf), given)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="nova-manage", description=__doc__)
    parser.add_argument("--config-file", action="append", metavar="FILE", help="nova.conf")
    groups = parser.add_subparsers(dest="group", required=True)
    made: dict[str, argparse._SubParsersAction[argparse.ArgumentParser]] = {}
    for command in COMMANDS:
        if not command.verb:
            verb = groups.add_parser(command.group, help=command.help)
        else:
            if command.group not in made:
                made[command.group] = groups.add_parser(command.group).add_subparsers(required=True)
            verb = made[command.group].add_parser(command.verb, help=command.help)
        for name, options in command.arguments.items():
            verb.add_argument(name, **options)
        verb.set_defaults(command=command)
    return parser


def _show(result: Outcome) -> None:
    if isinstance(result, Findings):
        _show(list(result.rows) or "Nothing was found.")
    elif isinstance(result, bool):
        print(f"changed={int(result)}")  # noqa: T201
    elif isinstance(result, str):
        print(result)  # noqa: T201
    elif result:
        table = Table(*result[0])
        for row in result:
            table.add_row(*(str(value) for value in row.values()))
        Console(width=None if sys.stdout.isatty() else 240).print(table)
