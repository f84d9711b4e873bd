"""A data directory: who may read it, who holds it, how it is found."""

import json
import os
import stat
from pathlib import Path

import pytest

from cli.errors import CannotStartError
from cli.service import DataDir, Service, environment

HERE = Service("http://127.0.0.1:1", "postgresql://here", "redis://here", os.getpid())


@pytest.fixture
def data_dir(tmp_path: Path) -> DataDir:
    made = DataDir(tmp_path / "data")
    made.make()
    return made


def test_the_folder_and_the_secret_are_for_their_owner_alone(data_dir: DataDir) -> None:
    assert data_dir.known_secret() is None
    secret = data_dir.secret()
    assert len(secret) >= 32
    assert (data_dir.secret(), data_dir.known_secret()) == (secret, secret)
    modes = [stat.S_IMODE(path.stat().st_mode) for path in (data_dir.path, data_dir.path / "secret")]
    assert modes == [0o700, 0o600]


def test_a_folder_of_somebody_elses_making_keeps_its_permissions(tmp_path: Path) -> None:
    tmp_path.chmod(0o755)
    DataDir(tmp_path).make()
    assert stat.S_IMODE(tmp_path.stat().st_mode) == 0o755


def test_two_services_never_hold_one_folder(data_dir: DataDir) -> None:
    with data_dir.locked():
        data_dir.announce(HERE)
        with pytest.raises(CannotStartError, match=r"already runs on .* at http://127\.0\.0\.1:1"), data_dir.locked():
            pytest.fail("the second one got the folder")
    with data_dir.locked():
        assert data_dir.running() == HERE


def test_a_service_is_found_until_it_withdraws_or_its_process_is_gone(data_dir: DataDir) -> None:
    assert data_dir.running() is None
    data_dir.announce(HERE)
    assert data_dir.running() == HERE
    data_dir.announce(Service(HERE.url, HERE.database_url, HERE.broker_url, pid=2**22 + 1))
    assert data_dir.running() is None
    data_dir.withdraw()
    data_dir.withdraw()
    assert not (data_dir.path / "service.json").exists()


def test_a_younger_process_with_the_same_number_is_not_the_service(data_dir: DataDir) -> None:
    data_dir.announce(HERE)
    os.utime(data_dir.path / "service.json", (1, 1))
    assert data_dir.running() is None


@pytest.mark.parametrize("content", ["", "{", "[]", json.dumps({"url": "x"})])
def test_a_broken_note_is_no_service(data_dir: DataDir, content: str) -> None:
    (data_dir.path / "service.json").write_text(content)
    assert data_dir.running() is None


def test_what_the_environment_says_stands_above_what_was_found(
    data_dir: DataDir, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("FRONTROW_SECRET", "FRONTROW_DATA_DIR", "FRONTROW_BROKER_URL"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("FRONTROW_DATABASE_URL", "postgresql://mine")
    secret = data_dir.secret()
    data_dir.announce(HERE)
    assert environment(data_dir) == {
        "FRONTROW_DATA_DIR": str(data_dir.path),
        "FRONTROW_SECRET": secret,
        "FRONTROW_BROKER_URL": HERE.broker_url,
    }


def test_a_file_where_the_folder_should_be_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(CannotStartError, match="--data-dir"):
        DataDir(tmp_path / "file").make()
