# SPDX-License-Identifier: Apache-2.0
"""`nova-appliance`: the whole cloud on this machine. Started by ./appliance, which installs first."""

from __future__ import annotations

import argparse
import os
import shlex
import sys
from pathlib import Path

from nova_appliance.cmd import appliance_down, appliance_status, appliance_up, lab
from nova_appliance.common.errors import ApplianceError
from nova_appliance.embedded import guide
from nova_appliance.embedded import settings as settings_
from nova_appliance.embedded.settings import Settings

STATE_DIR = "/var/lib/nova-appliance"


def main(argv: list[str] | None = None) -> int:
    """Run one word; the exit code is 1 when it could not be done."""
    asked = _parser().parse_args(argv)
    state_dir = Path(os.environ.get("NOVA_APPLIANCE_STATE", STATE_DIR))
    try:
        if asked.word == "lab":
            return lab.run(state_dir / "lab", asked)
        if asked.word == "down" and asked.purge:
            lab.remove_all(state_dir / "lab")
        code: int = WORDS[asked.word][0](settings_.load(state_dir), asked)
    except ApplianceError as error:
        print(f"nova-appliance: {error.message}", file=sys.stderr)  # noqa: T201
        return 1
    except KeyboardInterrupt:
        return 130
    return code


def _up(settings: Settings, asked: argparse.Namespace) -> int:
    appliance_up.up(settings, began_s=asked.began)
    return 0


def _down(settings: Settings, asked: argparse.Namespace) -> int:
    appliance_down.down(settings, purge=asked.purge)
    return 0


def _status(settings: Settings, _asked: argparse.Namespace) -> int:
    return appliance_status.show(settings)


def _env(settings: Settings, _asked: argparse.Namespace) -> int:
    for name, value in guide.exports(settings).items():
        print(f"export {name}={shlex.quote(value)}")  # noqa: T201
    return 0


def _serve(settings: Settings, _asked: argparse.Namespace) -> int:
    from nova_appliance.cmd import cloud  # noqa: PLC0415 - the other words start faster without it

    cloud.serve(settings)
    return 0


WORDS = {
    "up": (_up, "start the cloud and its first server"),
    "down": (_down, "stop the cloud; servers keep running"),
    "status": (_status, "services, servers, ports, logs"),
    "env": (_env, "shell exports for clients"),
    "serve": (_serve, "run all services in this process, until SIGTERM"),
}


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="nova-appliance", description=__doc__)
    words = parser.add_subparsers(dest="word", required=True)
    added = {word: words.add_parser(word, help=about) for word, (_, about) in WORDS.items()}
    added["up"].add_argument("--began", type=float, default=0, help=argparse.SUPPRESS)
    lab.add_arguments(words.add_parser("lab", help="a cluster of real hosts on this machine"))
    added["down"].add_argument("--purge", action="store_true", help="also remove what `up` made")
    return parser


if __name__ == "__main__":
    sys.exit(main())
