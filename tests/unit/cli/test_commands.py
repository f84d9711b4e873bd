"""The commands as a person types them: answers, mistakes, exit statuses."""

import errno
import re
from pathlib import Path

import jwt
import pytest
from click.testing import CliRunner, Result

from cli import readiness
from cli.embedded.postgres import EmbeddedPostgres
from cli.errors import CannotStartError
from cli.main import main
from cli.service import DataDir

SECRET = "a secret that is long enough for HS256, really"


@pytest.fixture
def data_dir(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in ("SECRET", "IDENTITY_SECRET", "DATABASE_URL", "BROKER_URL", "DEMO", "IDENTITY_AUDIENCE", "DATA_DIR"):
        # `setenv` first, so that what a command sets itself is gone after the test too.
        monkeypatch.setenv(f"FRONTROW_{name}", "")
        monkeypatch.delenv(f"FRONTROW_{name}")
    made = DataDir(tmp_path / "data")
    made.make()
    return made.path


def frontrow(*arguments: object) -> Result:
    return CliRunner().invoke(main, [str(argument) for argument in arguments])


def test_help_names_every_command_with_what_it_does() -> None:
    printed = frontrow("--help").output
    for command in ("up", "token", "migrate", "doctor", "audit", "demo", "sale"):
        assert f"\n  {command} " in printed


def test_a_token_is_an_identity_signed_with_the_folders_secret(data_dir: Path) -> None:
    secret = DataDir(data_dir).secret()
    printed = frontrow("token", "alice", "--ttl", "30m", "--data-dir", data_dir).output
    claims = jwt.decode(printed.strip(), secret, algorithms=["HS256"])
    assert claims == {"sub": "alice", "iat": claims["iat"], "exp": claims["iat"] + 1800}


def test_an_operators_token_carries_the_scope_and_what_the_service_asks_for(
    data_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FRONTROW_SECRET", SECRET)
    monkeypatch.setenv("FRONTROW_IDENTITY_AUDIENCE", "frontrow")
    printed = frontrow("token", "boss", "--operator", "--data-dir", data_dir).output
    claims = jwt.decode(printed.strip(), SECRET, algorithms=["HS256"], audience="frontrow")
    assert (claims["sub"], claims["scope"]) == ("boss", "operator")


@pytest.mark.parametrize("user", ["", "x" * 256, "a\nb", "a\u202eb"])
def test_a_user_id_that_the_service_would_not_take_is_refused(data_dir: Path, user: str) -> None:
    DataDir(data_dir).secret()
    refused = frontrow("token", user, "--data-dir", data_dir)
    assert (refused.exit_code, "is no user id" in refused.output) == (1, True)


def test_without_a_secret_there_is_no_token(data_dir: Path) -> None:
    refused = frontrow("token", "alice", "--data-dir", data_dir)
    assert refused.exit_code == 1
    assert "No service was ever started on" in refused.output


def test_a_short_secret_is_one_line_and_no_traceback(data_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FRONTROW_SECRET", "short")
    refused = frontrow("token", "alice", "--data-dir", data_dir)
    assert refused.exit_code == 1
    assert refused.output.startswith("Error: FRONTROW_SECRET must be set to at least 32 bytes")


def test_a_setting_of_the_wrong_kind_names_its_variable(data_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FRONTROW_SECRET", SECRET)
    monkeypatch.setenv("FRONTROW_HOLD_SECONDS", "soon")
    refused = frontrow("token", "alice", "--data-dir", data_dir)
    assert "Error: FRONTROW_HOLD_SECONDS: Input should be a valid number" in refused.output


def test_migrate_says_what_it_did_and_then_that_there_is_nothing_to_do(
    data_dir: Path, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    DataDir(data_dir).secret()
    monkeypatch.setenv("FRONTROW_DATABASE_URL", database_url)
    assert frontrow("migrate", "--data-dir", data_dir).output.startswith("Nothing to apply")
    monkeypatch.setenv("FRONTROW_DATABASE_URL", database_url.replace("/frontrow_test", "/postgres"))
    assert frontrow("migrate", "--data-dir", data_dir).output.startswith("Applied: 0001")


def test_a_database_that_is_away_is_one_line(data_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    DataDir(data_dir).secret()
    monkeypatch.setenv("FRONTROW_DATABASE_URL", "postgresql://frontrow@/frontrow?host=/nonexistent")
    refused = frontrow("migrate", "--data-dir", data_dir)
    assert (refused.exit_code, refused.output.startswith("Error: The database cannot be migrated")) == (1, True)


def test_doctor_on_a_fresh_machine_finds_nothing_wrong(data_dir: Path) -> None:
    report = frontrow("doctor", "--data-dir", data_dir)
    assert report.exit_code == 0
    assert "none was ever started" in report.output
    assert "wrong" not in report.output


def test_doctor_names_what_is_wrong_and_what_to_do(data_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FRONTROW_SECRET", SECRET)
    monkeypatch.setenv("FRONTROW_DATABASE_URL", "postgresql://frontrow@/frontrow?host=/nonexistent")
    monkeypatch.setenv("FRONTROW_BROKER_URL", "redis+socket:///nonexistent/valkey.sock?virtual_host=0")
    report = frontrow("doctor", "--data-dir", data_dir)
    assert report.exit_code == 1
    assert "correct FRONTROW_DATABASE_URL" in report.output
    assert "correct FRONTROW_BROKER_URL" in report.output


def test_doctor_asks_for_the_audience_of_a_key_set(data_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FRONTROW_IDENTITY_JWKS", "https://id.example/keys")
    report = frontrow("doctor", "--data-dir", data_dir)
    assert (report.exit_code, "FRONTROW_IDENTITY_AUDIENCE must be set" in report.output) == (1, True)


def test_doctor_reads_the_key_set(data_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    keys = data_dir / "keys.json"
    keys.parent.mkdir(parents=True, exist_ok=True)
    monkeypatch.setenv("FRONTROW_SECRET", SECRET)
    monkeypatch.setenv("FRONTROW_IDENTITY_JWKS", str(keys))
    monkeypatch.setenv("FRONTROW_IDENTITY_AUDIENCE", "tickets")
    for text, expected in (("{}", "this is no key set"), ('{"keys": []}', "no key for signatures")):
        keys.write_text(text)
        report = frontrow("doctor", "--data-dir", data_dir)
        assert (report.exit_code, expected in report.output) == (1, True)


def test_a_token_carries_the_name_it_was_asked_for(data_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FRONTROW_SECRET", SECRET)
    monkeypatch.setenv("FRONTROW_DEMO", "1")
    found = frontrow("token", "auth0|5f7c", "--name", "Mina Kim", "--data-dir", data_dir)
    said = jwt.decode(found.output.strip(), options={"verify_signature": False})
    assert (said["sub"], said["name"]) == ("auth0|5f7c", "Mina Kim")


def test_fresh_never_empties_a_server_that_is_not_ours(data_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FRONTROW_DATABASE_URL", "postgresql://somebody/elses")
    refused = frontrow("up", "--fresh", "--port", 58999, "--data-dir", data_dir)
    assert (refused.exit_code, "--fresh empties embedded servers only" in refused.output) == (1, True)


def test_the_doctor_names_variables_that_nothing_reads(data_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    DataDir(data_dir).secret()
    monkeypatch.setenv("FRONTROW_HOLD_SECOND", "60")
    monkeypatch.setenv("frontrow_queue_capacity", "60")
    monkeypatch.setenv("FRONTROW_COLOUR", "red")
    monkeypatch.setenv("FRONTROW_WEB_THREADS", "8")
    monkeypatch.setenv("FRONTROW_POINTS_PROCESSES", "1")
    printed = frontrow("doctor", "--data-dir", data_dir).output
    assert re.findall(r"(\w+) is no setting", printed) == [
        "FRONTROW_COLOUR",
        "FRONTROW_HOLD_SECOND",
        "frontrow_queue_capacity",
    ]
    assert "did you mean FRONTROW_HOLD_SECONDS?" in printed
    assert "did you mean FRONTROW_QUEUE_CAPACITY?" in printed


@pytest.mark.parametrize("option", ["--report", "--json"])
@pytest.mark.parametrize(("file", "told"), [("nowhere/sale.html", "there is no folder"), (".", "is a directory")])
def test_a_file_that_cannot_be_written_is_refused_before_the_sale(
    data_dir: Path, tmp_path: Path, option: str, file: str, told: str
) -> None:
    refused = frontrow("sale", "--fans", 1, "--seats", 1, "--data-dir", data_dir, option, tmp_path / file)
    assert refused.exit_code == 2
    assert told in refused.output


def test_data_of_another_postgresql_are_named_by_the_doctor_and_refused(data_dir: Path) -> None:
    cluster = DataDir(data_dir).postgres / "cluster"
    (cluster / "global").mkdir(parents=True)
    (cluster / "global" / "pg_control").touch()
    (cluster / "PG_VERSION").write_text("9\n")
    printed = frontrow("doctor", "--data-dir", data_dir)
    assert printed.exit_code == 1
    assert re.search(
        r"wrong +PostgreSQL +The data in .* were written by PostgreSQL 9, and this one is \d+\.", printed.output
    )
    with pytest.raises(CannotStartError, match="written by PostgreSQL 9"):
        EmbeddedPostgres(DataDir(data_dir).postgres).prepare()


@pytest.mark.parametrize(
    ("fault", "told"),
    [
        (
            PermissionError(errno.EACCES, "Permission denied"),
            "may not listen on a port below 1024. Name another port: --port 1024",
        ),
        (OSError(errno.EADDRINUSE, "Address already in use"), "something listens there already"),
    ],
)
def test_a_port_that_cannot_be_had_is_told_with_one_that_can(
    monkeypatch: pytest.MonkeyPatch, fault: OSError, told: str
) -> None:
    monkeypatch.setattr(readiness, "_fault_of", lambda _, port: fault if port < 1024 or port == 65_535 else None)
    with pytest.raises(CannotStartError, match=told):
        readiness.refuse_unusable_port("127.0.0.1", 80)
    with pytest.raises(CannotStartError, match="--port 8000"):
        readiness.refuse_unusable_port("127.0.0.1", 65_535)


@pytest.mark.parametrize("host", ["192.0.2.1", "no.such.host.invalid", "2001:db8::1"])
def test_an_address_of_another_machine_is_told(host: str) -> None:
    with pytest.raises(CannotStartError, match="this machine has no such address"):
        readiness.refuse_unusable_port(host, 8000)
