"""The Procfile and what must agree with it."""

import re
from pathlib import Path

import pytest

from cli import procfile
from cli.errors import CannotStartError
from workers.queues import BrokerQueue


def test_every_broker_queue_has_one_worker_entry_of_its_name_and_no_entry_serves_another() -> None:
    served = {
        name: re.findall(r" -Q (\S+)", command) for name, command in procfile.read().items() if " worker " in command
    }
    assert served == {queue.value: [queue.value] for queue in BrokerQueue}


def test_up_keeps_everything_running_but_the_release_step() -> None:
    assert list(procfile.kept_running()) == ["web", *(queue.value for queue in BrokerQueue), "beat"]
    assert procfile.read()["release"] == "frontrow migrate"


def test_comments_and_blank_lines_are_no_processes(tmp_path: Path) -> None:
    file = tmp_path / "Procfile"
    file.write_text("# a: comment\n\nweb: serve --port ${PORT:-1}\nrelease: prepare\n")
    assert procfile.read(file) == {"web": "serve --port ${PORT:-1}", "release": "prepare"}


def test_without_a_procfile_the_reader_is_told_where_it_should_be(tmp_path: Path) -> None:
    with pytest.raises(CannotStartError, match="Procfile"):
        procfile.read(tmp_path / "Procfile")
