"""P7: what beat starts, with a long line and many lapsed holds, beside its own period."""

import json
import os
import subprocess
import sys
from contextlib import closing

import psycopg2

from beat_schedule import BEAT_SCHEDULE
from bench.ratio import Result, alone
from bench.rig import Rig
from bench.stack import ROOT

DATABASE = "bench_sweeps"


def sweeps(rig: Rig) -> list[Result]:
    """P7: promotion of 1,000, with a very long line and with a short one; expiry of 10,000 holds."""
    rig.say(f"timing the sweeps with {rig.crowd:,} waiting")
    times = _timed(rig)
    promotion = Result("P7/promote", f"promote 1,000 of {rig.crowd:,} ÷ of 10,000", "s", 1.3, at_most=True)
    promotion.ours, promotion.floor = times["many"], times["few"]
    promotion.ratios = [many / few for many, few in zip(times["many"], times["few"], strict=True)]
    promotion.detail["seconds to insert the line by SQL"] = times["insert"]
    period = float(BEAT_SCHEDULE["promote waiting tokens"]["schedule"])
    promoted = Result("P7/promote period", "promote 1,000 ÷ one beat period", "s", 1.0, at_most=True)
    alone(promoted, [seconds / period for seconds in times["many"]])
    hold_period = float(BEAT_SCHEDULE["expire due holds"]["schedule"])
    expired = Result("P7/expire period", "expire 10,000 holds ÷ one beat period", "s", 1.0, at_most=True)
    alone(expired, [seconds / hold_period for seconds in times["holds"]])
    expired.detail["seconds"] = times["holds"]
    return [promotion, promoted, expired]


def _timed(rig: Rig) -> dict[str, list[float]]:
    """Run the timer on a new database beside the small stack's own."""
    with closing(psycopg2.connect(rig.small.database_url)) as connection:
        connection.autocommit = True
        connection.cursor().execute(f"CREATE DATABASE {DATABASE}")
        here = connection.get_dsn_parameters()["dbname"]
    url = rig.small.database_url.replace(f"/{here}?", f"/{DATABASE}?")
    environment = {**os.environ, "FRONTROW_DATABASE_URL": url, "FRONTROW_DEMO": "1", "FRONTROW_LOG_LEVEL": "ERROR"}
    environment |= {"FRONTROW_BROKER_URL": rig.small.broker_url}
    command = [sys.executable, "-m", "bench.sweep_timer", str(rig.crowd), str(rig.rounds)]
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=300, check=False)
    if done.returncode:
        raise RuntimeError(f"the sweep timer failed: {done.stderr[-2000:]}")
    times: dict[str, list[float]] = json.loads(done.stdout.splitlines()[-1])
    return times
