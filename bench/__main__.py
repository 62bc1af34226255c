"""Measure the office against what its users would pick instead: `make bench`.

python -m bench [--engine sqlite] [--scales 10k 100k 1m] [--times 20] [--check]
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import subprocess
import sys
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from statistics import median
from typing import Any

from bench import tables
from bench.client import Client
from bench.offices import ROOT, Office, Server, offices
from bench.peers.trial import served
from bench.peers.ways import PEERS, Rows, rows_of
from bench.race import race, throughput
from bench.screens import SALES, Screen, screens
from bench.tables import SIZES, Results
from bench.tasks import ACCOUNTS

KEPT = ROOT / "var" / "bench"
#: How often each long task is measured, and the requests a second.
ROUNDS = 3
PEERS_PYTHON = ROOT / ".venv-peers" / "bin" / "python"


def peer_screens(stack: ExitStack, office: Office, rows: Rows) -> tuple[dict[str, dict[str, Screen]], dict[str, int]]:
    """The peers that can be started here, each behind a server like ours: their operations, and their ports."""
    found: dict[str, dict[str, Screen]] = {}
    ports: dict[str, int] = {}
    for name, peer in PEERS.items():
        if name != "bare" and not PEERS_PYTHON.exists():
            print(f"{name} is left out: make bench-peers installs it.")
            continue
        folder = KEPT / f"peer-{name.replace(' ', '-')}-{office.engine}"
        python = sys.executable if name == "bare" else str(PEERS_PYTHON)
        ports[name] = stack.enter_context(served(peer, office.url, str(folder), python))
        client = Client("127.0.0.1", ports[name])
        peer.sign_in(client)
        found[name] = {what: Screen(partial(client.get, path)) for what, path in peer.paths(rows).items()}
        if peer.save:
            save = peer.save(client, rows)
            if save()[0] == 302:
                found[name]["save"] = Screen(save, 302)
            else:
                print(f"{name} does not save at this scale; left out.")
    return found, ports


def together(racers: Mapping[str, Callable[[], Any]]) -> dict[str, float]:
    """Requests a second of each, in turns: medians, for now and then all clients fall to one process of a server."""
    rounds = [{name: throughput(clients) for name, clients in racers.items()} for _n in range(ROUNDS)]
    return {name: median(one[name] for one in rounds) for name in racers}


def page_of(server: Server) -> Callable[[], tuple[int, bytes]]:
    return partial(server.signed_in(SALES).get, "/orderview/list/")


def page_of_peer(name: str, port: int, rows: Rows) -> Callable[[], tuple[int, bytes]]:
    client = Client("127.0.0.1", port)
    PEERS[name].sign_in(client)
    return partial(client.get, PEERS[name].paths(rows)["list"])


def task(office: Office, name: str, account: str) -> dict[str, float]:
    """One long task in a process of its own."""
    command = [sys.executable, "-m", "bench.tasks", name, account]
    answer = subprocess.run(command, cwd=ROOT, env=office.environment(), check=True, capture_output=True, text=True)
    return json.loads(answer.stdout.splitlines()[-1])


def tasks(office: Office, name: str) -> dict[str, dict[str, float]]:
    """One long task as each account in turn, some rounds of it: the medians."""
    rounds = [{account: task(office, name, account) for account in ACCOUNTS[name]} for _n in range(ROUNDS)]
    return {
        account: {figure: median(one[account][figure] for one in rounds) for figure in rounds[0][account]}
        for account in ACCOUNTS[name]
    }


def measure(engine: str, scales: list[str], times: int) -> Results:
    """The largest office beside its smaller ones and the peers."""
    with offices(engine, scales, KEPT) as found:
        large, rows = found[-1], rows_of(found[-1].url)
        with ExitStack() as stack:
            *smaller, ours = (stack.enter_context(one.served()) for one in found)
            peers, ports = peer_screens(stack, large, rows)
            beside = {
                one.scale: screens(server, rows_of(one.url)) for one, server in zip(found[:-1], smaller, strict=True)
            }
            runners = {"ours": screens(ours, rows), **beside, **peers}
            results = Results(engine, scales, machine(), race(runners, times))
            results.start, results.memory = ours.start, ours.memory()
            racers: dict[str, Callable[[], Any]] = {"ours": partial(page_of, ours)}
            racers |= {name: partial(page_of_peer, name, port, rows) for name, port in ports.items()}
            results.throughput = together(racers)
        for name in ACCOUNTS:
            results.tasks[name] = tasks(large, name)
    return results


def machine() -> str:
    with Path("/proc/cpuinfo").open() as info:
        model = next((line.split(":")[1].strip() for line in info if line.startswith("model name")), platform.machine())
    return f"{os.cpu_count()} × {model}, Python {platform.python_version()}"


def main() -> None:
    options = argparse.ArgumentParser(prog="bench", description=__doc__)
    options.add_argument("--engine", choices=("sqlite", "postgresql"), default="sqlite")
    options.add_argument("--scales", choices=tuple(SIZES), nargs="+", default=list(SIZES))
    options.add_argument("--times", type=int, default=20)
    options.add_argument("--check", action="store_true", help="fail where a ratio rose beyond its margin")
    asked = options.parse_args()
    results = measure(asked.engine, sorted(asked.scales, key=list(SIZES).index), asked.times)
    print(tables.page(results))
    file = KEPT / f"{asked.engine}-{results.scale}.json"
    risen = tables.risen(results, json.loads(file.read_text())) if asked.check and file.exists() else []
    if not asked.check:
        file.write_text(results.as_json())
    for line in risen:
        print(line)
    sys.exit(bool(risen))


if __name__ == "__main__":
    main()
