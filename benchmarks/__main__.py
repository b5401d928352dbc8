# SPDX-License-Identifier: Apache-2.0
"""`python -m benchmarks [PART ...]`: measures the cloud on this machine and prints tables.

Starts what it needs on free ports of loopback, in a folder that is removed at the end.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from rich.console import Console

from benchmarks import boots, console_echo, decisions, lists, metadata, servers_of_wsgi, upstream

PARTS = {
    "lists": lists.run,
    "boots": boots.run,
    "decisions": decisions.run,
    "wsgi": servers_of_wsgi.run,
    "consoles": console_echo.run,
    "metadata": metadata.run,
    "upstream": upstream.run,
}


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("parts", nargs="*", metavar="PART", help=f"of {', '.join(PARTS)}")
    parser.add_argument("--servers", type=int, default=1000, help="rows in the main list")
    parser.add_argument("--boots", type=int, default=100, help="parallel POST /servers")
    parser.add_argument("--sqlite", action="store_true", help="lists on SQLite, not on MariaDB")
    given = parser.parse_args()
    if unknown := set(given.parts) - set(PARTS):
        parser.error(f"There is no part {', '.join(sorted(unknown))}.")
    console = Console(width=None if sys.stdout.isatty() else 110)
    for name in given.parts or PARTS:
        with tempfile.TemporaryDirectory(prefix="bench-") as folder:
            console.print(PARTS[name](Path(folder), given))
    return 0


if __name__ == "__main__":
    sys.exit(main())
