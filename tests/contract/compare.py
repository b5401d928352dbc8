# SPDX-License-Identifier: Apache-2.0
"""The route table and the reference tables in one shape; run it to print the rows not built."""

import csv
import re
import sys
from pathlib import Path

from nova_appliance.api import policy
from nova_appliance.api.operation import ByBodyKey
from nova_appliance.api.routes import ROUTES

HERE = Path(__file__).parent
DOCUMENTS = {
    ("GET", "(host root) /", ""),
    ("GET", "(host root) /v2.1/", ""),
    ("GET", "(host root) /v2/", ""),
    ("ANY", "(host root) /{any other path}", ""),
}
"""Answered by api/documents.py before any routing."""


def read_table(name, folder="reference"):
    with (HERE / folder / name).open(newline="") as file:
        return list(csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE))


def key_of(row):
    return row["method"], row["path"], row["action"]


def built():
    """(method, path, action) > Operation of all that the route table has."""
    found = {}
    for path, methods in ROUTES.items():
        for method, what in methods.items():
            if isinstance(what, ByBodyKey):
                found |= {(method, f"/{path}", key): one for key, one in what.table.items()}
            else:
                found[method, f"/{path}", ""] = what
    return found


NOVA = {key_of(row): row for row in read_table("compute-api.tsv")}
SERVED_HERE = {key_of(row): row for row in read_table("served_here.tsv", ".")}
"""What Nova answers with 410 and we serve; with the option of the note off, so do we."""
REFERENCE = NOVA | SERVED_HERE
BUILT = built()
DEFAULTS = {rule.name: rule.check_str for family in policy.FAMILIES for rule in family.RULES}


def statuses(text):
    """`200 (<=2.1); 201 (2.2+)` as {"2.1": 200, "2.2": 201}, other texts as their codes."""
    parts = [part.strip() for part in text.split(";") if part.strip()]
    turn = [re.fullmatch(r"(\d+) \((2\.\d+)\+\)", part) for part in parts]
    if len(parts) == 2 and turn[1]:
        return {"2.1": int(parts[0].split()[0]), turn[1][2]: int(turn[1][1])}
    return {int(part.split()[0]) for part in parts}


def not_built():
    return [row for key, row in REFERENCE.items() if key not in BUILT and key not in DOCUMENTS]


if __name__ == "__main__":
    writer = csv.DictWriter(
        sys.stdout, next(iter(REFERENCE.values())), delimiter="\t", lineterminator="\n",
        quoting=csv.QUOTE_NONE, quotechar=None,
    )  # fmt: skip
    writer.writeheader()
    writer.writerows(not_built())
