"""A full disk of the database: clear 503s while it lasts, and a clean recovery when there is room again.

`python -m tests.faults.disk` fills a small file system of its own; mounting one takes root, and without it
the run says so and ends with status 2 instead of pretending.
"""

import os
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click

from tests.faults import verdict, witness
from tests.faults.book import Book
from tests.faults.chaos import BACK_WITHIN
from tests.faults.fans import Crowd
from tests.faults.machine import Neighbours
from tests.faults.probe import Probe, new_concert
from tests.faults.stack import Stack, note

SIZE = "260m"
HEALTHY_SECONDS = 8.0
FULL_SECONDS = 40.0
FANS = 16
# What the contract gives a client that the database cannot serve.
ANSWERED_WITHIN = 5.0
NOT_ALLOWED = 2


class CannotMountError(Exception):
    """This account may not mount a file system."""


@contextmanager
def small_disk(folder: Path) -> Iterator[Path]:
    """Mount a small file system on a folder for the length of the block. Raises CannotMountError."""
    folder.mkdir(parents=True, exist_ok=True)
    mount = ["mount", "-t", "tmpfs", "-o", f"size={SIZE},mode=755", "tmpfs", str(folder)]
    done = subprocess.run(mount, capture_output=True, text=True, check=False)
    if done.returncode:
        raise CannotMountError(done.stderr.strip())
    try:
        yield folder
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=False)


def fill(folder: Path) -> Path:
    """Take every free byte of the file system; return the file that holds them."""
    ballast = folder / "ballast"
    with ballast.open("wb") as file:
        block = bytes(1 << 16)
        for size in (len(block), 512):
            try:
                while os.write(file.fileno(), block[:size]) == size:
                    pass
            except OSError:
                continue
    return ballast


def run(folder: Path) -> tuple[list[str], dict[str, Any]]:
    """Fill the disk under a crowd; return violations and figures."""
    book = Book()
    with small_disk(folder / "data" / "postgres") as disk, Stack(folder / "data") as stack:
        witness.install(stack)
        probe = Probe(stack)
        concert_id, performance_ids = new_concert(stack, capacity=20, rows=20, seats=50, price=10_000)
        crowd = Crowd(stack, book, concert_id, performance_ids, FANS, seed=1)
        crowd.start()
        try:
            time.sleep(HEALTHY_SECONDS)
            before = Counter(book.answers)
            book.slowest.clear()
            meanwhile = Neighbours()
            ballast = fill(disk)
            time.sleep(FULL_SECONDS)
            others_meanwhile = meanwhile.share()
            during = Counter(book.answers) - before
            slowest = dict(book.slowest)
            ballast.unlink()
            neighbours = Neighbours()
            took = probe.recovery(90.0)
            others = neighbours.share()
        finally:
            crowd.stop(120.0)
        violations = verdict.judge(stack, book)
        if took is None or took * (1 - others) > BACK_WITHIN:
            violations.append(f"back only after {took} s ({others:.0%} of the machine was others')")
        if not during["503"]:
            violations.append("the full disk was never told")
        if slowest.get("503", 0.0) * (1 - others_meanwhile) > ANSWERED_WITHIN:
            violations.append(f"a 503 took {slowest['503']:.1f} s")
        figures = {
            "answers while full": dict(during),
            "slowest answers while full, s": {kind: round(seconds, 2) for kind, seconds in slowest.items()},
            "share of the machine that was others' while full": round(others_meanwhile, 2),
            "back after, s": took and round(took, 1),
            "share of the machine that was others' then": round(others, 2),
            **book.figures(),
            **verdict.figures(stack),
        }
    return violations, figures


def main() -> int:
    """Run and print; the exit status is 1 for a violation, 2 where no file system can be mounted."""
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(tempfile.mkdtemp(prefix="disk-"))
    try:
        violations, figures = run(folder)
    except CannotMountError as error:
        click.echo(f"NOT RUN: a full disk needs a file system of its own, and mounting one failed: {error}")
        return NOT_ALLOWED
    note(folder / "figures.json", figures)
    for name, figure in figures.items():
        click.echo(f"{name}: {figure}")
    for violation in violations:
        click.echo(f"VIOLATION {violation}")
    return 1 if violations else 0


if __name__ == "__main__":
    sys.exit(main())
