"""The README's walk-through, pasted into a shell in front of the running service, so that it cannot rot."""

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from cli.service import DataDir
from tests.fixtures.stack import Stack

ROOT = Path(__file__).parent.parent.parent
LANGUAGES = {"README.md": "## The whole journey with curl", "README.ko.md": "## curl로 따라가는 전체 과정"}
OWN_ENVIRONMENT = ".venv/bin/"
FAN = "reader_of_the_readme"
PATIENCE_SECONDS = 100

pytestmark = pytest.mark.acceptance


def walk_through(readme: str) -> str:
    """Return what a reader pastes: the shell blocks under the heading of the walk-through."""
    text = (ROOT / readme).read_text(encoding="utf-8")
    heading = LANGUAGES[readme]
    assert heading in text
    section = text.split(heading, 1)[1].split("\n## ", 1)[0]
    return "\n".join(re.findall(r"^```sh\n(.*?)^```", section, re.DOTALL | re.MULTILINE))


def adapted(script: str, stack: Stack) -> str:
    """Let the script meet this session's service, as a fan of its own, with this environment's command."""
    replacements = {
        "http://127.0.0.1:8000": stack.url,
        "token alice)": f"token {FAN})",
        OWN_ENVIRONMENT: f"{shlex.quote(str(Path(sys.executable).parent))}/",
    }
    for told, here in replacements.items():
        assert told in script, f"the walk-through no longer says {told!r}"
        script = script.replace(told, here)
    return script


def paste(script: str, stack: Stack) -> "subprocess.CompletedProcess[str]":
    """Give the lines to a shell's standard input, which reads them one by one, as when they are pasted."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("FRONTROW_")}
    return subprocess.run(
        ["bash"],
        input=script,
        env=kept | {"FRONTROW_DATA_DIR": str(stack.data_dir)},
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=PATIENCE_SECONDS,
        check=False,
    )


@pytest.fixture(scope="module")
def pasted(stack: Stack) -> "subprocess.CompletedProcess[str]":
    return paste(adapted(walk_through("README.md"), stack), stack)


def test_the_walk_through_ends_with_a_ticket(pasted: "subprocess.CompletedProcess[str]") -> None:
    told = pasted.stdout
    assert pasted.stderr == ""
    assert pasted.returncode == 0
    assert '"code":"insufficient_points"' in told
    first, again = re.findall(r'"id":"([^"]+)","operation":"points.charge","status":"done"', told)
    assert first == again  # The outcome, and the same one for the repetition.
    assert '"operation":"payment.pay","status":"done"' in told
    assert '"items":[{"payment_id":' in told
    assert '"seats_sold":' in told
    assert "0 violated" in told


def test_a_whole_journey_leaves_no_secret_in_the_log_nor_in_the_process_list(
    pasted: "subprocess.CompletedProcess[str]", stack: Stack
) -> None:
    [queue_token] = {*re.findall(r'"token":"(qt_[^"]+)"', pasted.stdout)}
    [task] = {*re.findall(r'"id":"([^"]+)","operation":"payment.pay","status":"done"', pasted.stdout)}
    secret = DataDir(stack.data_dir).known_secret()
    log = (stack.data_dir / "log").read_text(encoding="utf-8")
    service = psutil.Process(stack.pid)
    arguments = " ".join(" ".join(process.cmdline()) for process in [service, *service.children(recursive=True)])
    assert task in log
    assert "celery" in arguments
    assert secret
    identity_head = "eyJ"  # What every JWT begins with.
    for hidden in (queue_token, queue_token.removeprefix("qt_"), secret, identity_head):
        assert hidden not in log
        assert hidden not in arguments


def test_both_languages_paste_the_same_lines() -> None:
    assert walk_through("README.md") == walk_through("README.ko.md")
