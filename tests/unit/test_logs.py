"""One line an event, whoever writes it, and nothing secret in it."""

import logging
import subprocess
import sys

import pytest
import structlog

import logs

SECRETS = [
    "qt_AAAAAAAAAAEAAAAAAAAAAQ",
    "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJhIn0.c2lnbmF0dXJl",
    "postgresql://frontrow:hunter2@db.example/frontrow",
    "redis://:hunter2@broker.example:6379/0",
    "Authorization: Bearer hunter2",
]


@pytest.fixture
def written(capsys):
    """Let loggers of this moment write; restore those of before."""
    before = structlog.get_config()
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    logs.configure("INFO")
    yield capsys
    structlog.configure(**before)
    root.handlers[:] = handlers
    root.setLevel(level)


def lines_of(written):
    return written.readouterr().err.splitlines()


@pytest.mark.parametrize("secret", SECRETS)
def test_what_looks_like_a_secret_is_withheld(written, secret):
    structlog.get_logger().info("ours", said=secret)
    logging.getLogger("library").warning("theirs %s", secret)
    fault = RuntimeError(secret)
    structlog.get_logger().error("fault", exc_info=fault)
    logging.getLogger("library").error("fault", exc_info=fault)
    lines = lines_of(written)
    assert len(lines) == 4
    for line in lines:
        assert logs.WITHHELD in line
        assert "hunter2" not in line
        assert secret not in line


@pytest.mark.parametrize("harmless", ["/v1/queue-tokens", "https://example.org/a@b", "redis://broker.example:6379/0"])
def test_what_is_no_secret_is_told(written, harmless):
    structlog.get_logger().info("ours", said=harmless)
    assert lines_of(written)[0].endswith(f"said={harmless}")


@pytest.mark.parametrize("break_", ["\n", "\r", "\x1b[2J", "\x85", "\u202e", "\u2066", "\u2028", "\ud800"])
def test_an_event_is_one_line_and_moves_no_cursor(written, break_):
    structlog.get_logger().info("ours", path=f"/a{break_}level=error")
    logging.getLogger("library").warning("theirs %s", f"a{break_}b")
    ours, theirs = lines_of(written)
    assert ours.isprintable()
    assert theirs.isprintable()


@pytest.mark.parametrize("secret", SECRETS)
def test_what_is_long_is_cut_and_no_half_of_a_secret_is_left(written, secret):
    structlog.get_logger().info(
        "ours", path="x" * (logs.LONGEST_VALUE - 12) + " " + secret + " " + "y" * 9_000, status=404
    )
    [line] = lines_of(written)
    assert len(line) < logs.LONGEST_VALUE + 200
    assert "more]" in line
    assert line.endswith("status=404")
    assert "hunter2"[:3] not in line
    assert secret[:12] not in line


def test_libraries_write_like_everybody(written):
    structlog.get_logger().info("ours")
    logging.getLogger("celery.worker").warning("theirs")
    logging.getLogger("celery.app.trace").info("chatter")
    ours, theirs = lines_of(written)
    assert ours.split(" ")[1:] == ["level=info", "event=ours"]
    assert theirs.split(" ")[1:] == ["level=warning", "event=theirs", "logger=celery.worker"]


def test_a_bad_setting_is_refused_without_showing_the_settings():
    environment = {"FRONTROW_SECRET": "hunter2", "FRONTROW_IDENTITY_SECRET": "hunter2"}
    command = [sys.executable, "-c", "from settings import Settings; Settings.from_env()"]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "_SECRET must" in done.stderr
    assert "hunter2" not in done.stderr
