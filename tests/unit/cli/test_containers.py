"""The example for containers runs what the Procfile names, and nothing else."""

import subprocess

import pytest
import yaml

from cli import procfile

COMPOSE = yaml.safe_load((procfile.ROOT / "compose.yaml").read_text())
SERVERS = {"postgres", "valkey"}


def test_every_entry_of_the_procfile_has_a_container_and_no_other_has() -> None:
    assert set(COMPOSE["services"]) - SERVERS == set(procfile.read())
    assert all(COMPOSE["services"][name]["command"] == [name] for name in procfile.read())


@pytest.mark.parametrize("name", procfile.read())
def test_the_images_entry_point_becomes_the_command_of_the_procfile(name: str) -> None:
    dockerfile = (procfile.ROOT / "Dockerfile").read_text()
    entry_point = yaml.safe_load(dockerfile.split("ENTRYPOINT ", 1)[1].splitlines()[0])
    # `echo` stands in for `exec`: the shell then prints what it would become.
    script = entry_point[2].replace('eval "exec ', 'eval "echo ')
    printed = subprocess.run(
        [*entry_point[:2], script, name], cwd=procfile.ROOT, capture_output=True, text=True, check=True
    )
    assert printed.stdout.split()[:1] == procfile.read()[name].split()[:1]
    assert "${" not in printed.stdout


def test_an_unknown_entry_is_told() -> None:
    dockerfile = (procfile.ROOT / "Dockerfile").read_text()
    entry_point = yaml.safe_load(dockerfile.split("ENTRYPOINT ", 1)[1].splitlines()[0])
    told = subprocess.run([*entry_point, "nothing"], cwd=procfile.ROOT, capture_output=True, text=True, check=False)
    assert told.returncode != 0
    assert "nothing is not in the Procfile" in told.stderr
