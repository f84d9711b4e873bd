"""`python -m tests.faults`: one run of the fault rig, with its figures and its verdict."""

import argparse
import json
import os
import sys
import tempfile
import time
from pathlib import Path

import click

from tests.faults.run import FANS, run
from tests.faults.stack import note


def main() -> int:
    """Run and print; the exit status is 1 when anything was lost, doubled or late."""
    parser = argparse.ArgumentParser(prog="python -m tests.faults", description=__doc__)
    parser.add_argument("--faults", type=int, default=200, help="how many faults happen")
    parser.add_argument("--fans", type=int, default=FANS, help="how many fans there are at any time")
    parser.add_argument("--seed", type=int, default=int(time.time()), help="decides which faults happen, and when")
    parser.add_argument("--folder", type=Path, help="where data and log go (default: a new temporary folder)")
    options = parser.parse_args()
    folder = options.folder or Path(tempfile.mkdtemp(prefix="faults-"))
    click.echo(f"{options.faults} faults, {options.fans} fans, seed {options.seed}, log in {folder}/log")
    result = run(folder, faults=options.faults, seed=options.seed, fans=options.fans, say=click.echo)
    figures = result.figures | {"load of the machine at the end": [round(load, 1) for load in os.getloadavg()]}
    note(folder / "figures.json", figures)
    click.echo(json.dumps(figures, indent=2))
    for violation in result.violations:
        click.echo(f"VIOLATION {violation}")
    click.echo("no violations" if not result.violations else f"{len(result.violations)} violations")
    return 1 if result.violations else 0


sys.exit(main())
