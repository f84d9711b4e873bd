"""`python -m bench [--quick] [--only P1,P3] [--out FOLDER]`: measures and writes down what came out."""

import json
import os
import shutil
import sys
import tempfile
import time
import traceback
from pathlib import Path

import click
from rich.console import Console

from bench.ceiling import ceiling
from bench.measures import MEASURES, PARTS
from bench.ratio import Result
from bench.report import as_json, html, markdown, terminal_table
from bench.rig import Rig

KNOWN = MEASURES | PARTS


@click.command(help="Measure frontrow beside its floors. Takes under 15 minutes, with --quick about 2.")
@click.option("--quick", is_flag=True, help="Fewer and shorter rounds; the figures are rougher.")
@click.option("--rounds", type=click.IntRange(1, 50), help="How many rounds; default 5, with --quick 2.")
@click.option("--seconds", type=click.FloatRange(0.5, 60), help="How long a round is; default 4, with --quick 1.")
@click.option("--only", default="", help="Only these measures, e.g. P1,P3.")
@click.option("--out", type=click.Path(path_type=Path), default=Path(".frontrow/bench"), help="Where results go.")
@click.option("--keep", is_flag=True, help="Keep the stacks' data and logs.")
def main(*, quick: bool, rounds: int | None, seconds: float | None, only: str, out: Path, keep: bool) -> None:
    """Run the measures and write the results."""
    console = Console()
    names = [name.strip().upper() for name in only.split(",") if name.strip()] or list(MEASURES)
    unknown = [name for name in names if name not in KNOWN]
    if unknown:
        raise click.UsageError(f"unknown measures {unknown}; there are {list(KNOWN)}")
    load_average = os.getloadavg()[0]
    started = time.monotonic()
    top = ceiling(1.0 if quick else 3.0)
    console.print(f"load generator: {top.per_second:,.0f} requests/s at most")
    folder = Path(tempfile.mkdtemp(prefix="frontrow-bench-"))
    folder.chmod(0o755)
    rig = Rig(folder, quick=quick, say=lambda text: console.print(f"  {text}", style="dim"))
    rig.rounds, rig.seconds = rounds or rig.rounds, seconds or rig.seconds
    results, failed = measure(rig, names, console, keep=keep)
    settings = {
        "quick": quick,
        "rounds": rig.rounds,
        "seconds a round": rig.seconds,
        "load_average": round(load_average, 2),
        "seconds": round(time.monotonic() - started),
    }
    data = as_json(results, top, settings)
    write(out, data, html(data, results, "python -m bench " + " ".join(sys.argv[1:])))
    (out / "table.md").write_text(markdown(results))
    console.print(terminal_table(results))
    console.print(f"{settings['seconds']} s; {out / 'results.json'}, {out / 'report.html'}")
    if failed:
        raise click.ClickException(f"could not measure {', '.join(failed)}")


def measure(rig: Rig, names: list[str], console: Console, *, keep: bool) -> tuple[list[Result], list[str]]:
    """Run the named measures on one rig; a measure that breaks does not take the others with it."""
    results: list[Result] = []
    failed: list[str] = []
    try:
        for name in names:
            console.print(f"[bold]{name}[/] {(KNOWN[name].__doc__ or '').split(': ', 1)[-1].splitlines()[0]}")
            began = time.monotonic()
            try:
                found = KNOWN[name](rig)
            except Exception:  # noqa: BLE001 - shown in full, and the run fails at its end.
                console.print(traceback.format_exc(), style="red", markup=False)
                failed.append(name)
                continue
            console.print(f"  {time.monotonic() - began:.0f} s", style="dim")
            results += found
            for result in found:
                console.print(f"  {result.name}: {result.ratio:.3g}  {[round(ratio, 2) for ratio in result.ratios]}")
    finally:
        rig.close()
        if keep or failed:
            console.print(f"data and logs are kept in {rig.folder}")
        else:
            shutil.rmtree(rig.folder, ignore_errors=True)
    return results, failed


def write(out: Path, data: dict[str, object], report: str) -> None:
    """Write results.json and report.html."""
    out.mkdir(parents=True, exist_ok=True)
    (out / "results.json").write_text(json.dumps(data, indent=1) + "\n")
    (out / "report.html").write_text(report)


if __name__ == "__main__":
    main()
