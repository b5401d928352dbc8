# SPDX-License-Identifier: Apache-2.0
"""The table of actions in docs/ec2.md, made from the routes: `python -m nova_appliance.ec2.overview`."""

from __future__ import annotations

import sys
from pathlib import Path

from nova_appliance.ec2.routes import ROUTES, Route

BEGIN = "<!-- made by nova_appliance.ec2.overview -->"
END = "<!-- end -->"


def table() -> str:
    """Every action that is built, what it says of itself, and the role it needs."""
    rows = [_row(name, route) for name, route in sorted(ROUTES.items())]
    return "\n".join(("| action | what is particular here | role |", "|---|---|---|", *rows))


def renewed(text: str) -> str:
    """The page with a new table between the marks."""
    head, _, rest = text.partition(BEGIN)
    tail = rest.partition(END)[2]
    return f"{head}{BEGIN}\n{table()}\n{END}{tail}"


def _row(name: str, route: Route) -> str:
    said = (route.act.__doc__ or "").split("\n\n")[0].replace("\n", " ")
    particular = said.partition(":")[2].strip() if said.startswith(name) else ""
    return f"| {name} | {particular} | {'member' if route.changes else 'reader'} |"


if __name__ == "__main__":
    page = Path(sys.argv[1])
    page.write_text(renewed(page.read_text()))
