"""`python -m bench.crowd`: the sale of `frontrow sale` with what the command leaves no choice about, summed up as JSON.

Pacing and waiting for outcomes are what fans do who keep to what they are told; without them the same fans ask every
five seconds and poll for outcomes, as they did before.
"""

import json
from pathlib import Path

import click
from rich.console import Console

from cli.sale.command import Options, run
from cli.sale.summary import summarise


@click.command(help=__doc__)
@click.option("--url", required=True)
@click.option("--data-dir", type=click.Path(path_type=Path), required=True)
@click.option("--fans", type=int, default=20_000)
@click.option("--seats", type=int, default=2_000)
@click.option("--arrive-over", type=float, default=30.0)
@click.option("--at-most", type=float, default=155.0)
@click.option("--json", "out", type=click.Path(path_type=Path), required=True)
@click.option("--plain", is_flag=True, help="Fans who are not paced and do not wait for outcomes.")
def main(
    *, url: str, data_dir: Path, out: Path, plain: bool, fans: int, seats: int, arrive_over: float, at_most: float
) -> None:
    """Run the sale and write its summary."""
    options = Options(fans, seats, arrive_over, 1, 100, 1.0, at_most, paced=not plain, waits=not plain)
    record = run(options, url, data_dir, Console(quiet=True))
    out.write_text(json.dumps(summarise(record, "not run").as_dict()))


if __name__ == "__main__":
    main()
