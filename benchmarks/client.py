# SPDX-License-Identifier: Apache-2.0
"""A caller that costs little: one kept-open connection, and how long each answer takes."""

from __future__ import annotations

import dataclasses
import http.client
import json
import statistics
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

HZ = 100  # of /proc/*/stat


class Caller:
    """Speaks to the Compute API at the newest microversion."""

    def __init__(self, port: int, token: str) -> None:
        self.port = port
        self.headers = {
            "X-Auth-Token": token,
            "OpenStack-API-Version": "compute latest",
            "Content-Type": "application/json",
        }
        self._open = http.client.HTTPConnection("127.0.0.1", port, timeout=120)

    def ask(self, method: str, path: str, body: Any = None) -> tuple[int, bytes]:
        """Status and body of an answer."""
        text = None if body is None else json.dumps(body)
        self._open.request(method, f"/v2.1{path}", body=text, headers=self.headers)
        answer = self._open.getresponse()
        return answer.status, answer.read()

    def get(self, path: str) -> Any:
        """The JSON of a good answer."""
        status, body = self.ask("GET", path)
        if status != 200:
            raise RuntimeError(f"{path}: {status} {body[:300]!r}")
        return json.loads(body)

    def another(self) -> Caller:
        """The same caller on a connection of its own."""
        return Caller(self.port, self.headers["X-Auth-Token"])


@dataclasses.dataclass(frozen=True)
class Timing:
    """Milliseconds of some requests, and what they cost the worker."""

    times: list[float]
    cpu: float
    size: int

    @property
    def best(self) -> float:
        """The fastest: what it costs when nobody else uses the machine."""
        return min(self.times)

    @property
    def median(self) -> float:
        """Half are faster."""
        return statistics.median(self.times)

    @property
    def worst(self) -> float:
        """95 of 100 are faster."""
        return sorted(self.times)[int(len(self.times) * 0.95)]


def measure(caller: Caller, path: str, rounds: int, pid: int) -> Timing:
    """One request after the other."""
    size = len(caller.ask("GET", path)[1])
    caller.get(path)
    began_cpu, times = cpu_of(pid), []
    for _ in range(rounds):
        began = time.perf_counter()
        status, _body = caller.ask("GET", path)
        times.append((time.perf_counter() - began) * 1000)
        if status != 200:
            raise RuntimeError(f"{path}: {status}")
    return Timing(times, (cpu_of(pid) - began_cpu) * 1000 / rounds, size)


def throughput(caller: Caller, path: str, clients: int, each: int) -> tuple[float, Timing]:
    """Requests a second of some clients at once, and their times."""
    callers = [caller.another() for _ in range(clients)]
    times: list[float] = []

    def work(one: Caller) -> None:
        for _ in range(each):
            began = time.perf_counter()
            status, _body = one.ask("GET", path)
            if status != 200:
                raise RuntimeError(f"{path}: {status}")
            times.append((time.perf_counter() - began) * 1000)

    began = time.perf_counter()
    with ThreadPoolExecutor(clients) as pool:
        list(pool.map(work, callers))
    took = time.perf_counter() - began
    return clients * each / took, Timing(times, 0.0, 0)


def cpu_of(pid: int) -> float:
    """Seconds of CPU that a process has used."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / HZ


def children(pid: int) -> list[int]:
    """The processes that a process has begun."""
    text = Path(f"/proc/{pid}/task/{pid}/children").read_text()
    return [int(word) for word in text.split()]
