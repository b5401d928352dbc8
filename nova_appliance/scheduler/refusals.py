# SPDX-License-Identifier: Apache-2.0
"""Why no host fits: counts who refused how many hosts, and says it in one sentence."""

from __future__ import annotations

import collections
from collections.abc import Iterator, Sequence

from nova_appliance.db.candidates import Shortfall, Wanted
from nova_appliance.rpc.orders import ChooseHosts, NoHostFits

LACKS = {
    # reason of Shortfall: field of Amounts, word, unit
    "memory": ("memory_mib", "memory", " MiB"),
    "vcpus": ("vcpus", "vCPUs", ""),
    "disk": ("disk_gib", "disk", " GiB"),
}
CLAIM = "claim"
"""Stands for hosts that others filled between the look and the claim."""


class Refusals:
    """Counts by filter and reason while a decision is made."""

    def __init__(self) -> None:
        self._counts: dict[str, collections.Counter[str]] = {}

    def add(self, name: str, reason: str) -> None:
        """Note that `name` refused a host."""
        self._counts.setdefault(name, collections.Counter())[reason] += 1

    def explain(
        self, order: ChooseHosts, wanted: Wanted, left_out: Sequence[Shortfall]
    ) -> NoHostFits:
        """The answer for whom no host was found."""
        parts = [*self._parts(), *(_left_out(order, wanted, each) for each in left_out)]
        refused = {name: reasons.total() for name, reasons in self._counts.items()}
        for each in left_out:
            if each.reason != "fits":
                name = "ComputeFilter" if each.reason == "disabled" else each.reason
                refused[name] = refused.get(name, 0) + each.hosts
        hosts = sum(each.hosts for each in left_out)
        counted = f"{hosts} host{'' if hosts == 1 else 's'}"
        told = "; ".join(part for part in parts if part)
        sentence = f"No valid host was found. {counted}{': ' if told else ''}{told}."
        return NoHostFits(reason=sentence, hosts=hosts, refused=refused)

    def _parts(self) -> Iterator[str]:
        for name, reasons in self._counts.items():
            common = ", ".join(reason for reason, _ in reasons.most_common(3))
            if name == CLAIM:
                yield f"{reasons.total()} filled up meanwhile"
            else:
                yield f"{reasons.total()} refused by {name} ({common})"


def _left_out(order: ChooseHosts, wanted: Wanted, each: Shortfall) -> str:
    many = each.hosts != 1
    if each.reason in LACKS:
        field, word, unit = LACKS[each.reason]
        needs, has = getattr(wanted.amounts, field), max(0, getattr(each.free, field))
        most = "the most free is" if many else "has"
        return f"{each.hosts} lack{'' if many else 's'} {word} (needs {needs}{unit}, {most} {has}{unit})"
    sentences = {
        "asked": "not the host that was asked for",
        "aggregates": _where(order),
        "tried": "failed already",
        "disabled": "refused by ComputeFilter (service disabled)",
    }
    return f"{each.hosts} {sentences[each.reason]}" if each.reason in sentences else ""


def _where(order: ChooseHosts) -> str:
    zone = f"not in availability zone {order.zone}" if order.zone else ""
    return zone or "kept for others by an aggregate"
