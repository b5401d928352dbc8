# SPDX-License-Identifier: Apache-2.0
"""The shape of one command of nova-manage."""

from __future__ import annotations

import argparse
import dataclasses
from collections.abc import Callable
from typing import Any

from oslo_config import cfg

from nova_appliance.db.cells import Cells


@dataclasses.dataclass(frozen=True)
class Findings:
    """The rows of a table; the exit code is 1 unless all is sound."""

    rows: list[dict[str, object]]
    is_sound: bool


Outcome = bool | str | list[dict[str, object]] | Findings
"""Whether anything changed, a text, or the rows of a table."""


@dataclasses.dataclass(frozen=True)
class Command:
    """`nova-manage GROUP VERB`; `arguments` are argparse's."""

    group: str
    verb: str
    help: str
    run: Callable[[cfg.ConfigOpts, Cells, argparse.Namespace], Outcome]
    arguments: dict[str, dict[str, Any]] = dataclasses.field(default_factory=dict)


@dataclasses.dataclass(frozen=True)
class OfflineCommand:
    """A command that needs no database."""

    group: str
    verb: str
    help: str
    run: Callable[[argparse.Namespace], Outcome]
    arguments: dict[str, dict[str, Any]] = dataclasses.field(default_factory=dict)


def no_arguments(**values: object) -> argparse.Namespace:
    """What argparse would have given, for a caller that is no command line."""
    return argparse.Namespace(**values)
