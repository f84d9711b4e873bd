"""What the documents promise about commands exists: make targets, frontrow commands, settings."""

import re
import subprocess
from pathlib import Path

import pytest

from cli.main import main
from cli.procfile import ROOT
from settings import Settings

DOCUMENTS = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")])


def _code(document: Path) -> str:
    """Return what stands in code blocks and code spans."""
    return "\n".join(re.findall(r"```.*?```|`[^`\n]+`", document.read_text(encoding="utf-8"), flags=re.DOTALL))


def _make_targets() -> set[str]:
    return set(re.findall(r"^([a-z-]+):.*##", (ROOT / "Makefile").read_text(), flags=re.MULTILINE))


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_command_in_a_document_exists(document: Path) -> None:
    code = _code(document)
    assert set(re.findall(r"(?<![\w-])make ([a-z][a-z-]*)", code)) <= _make_targets()
    context = main.make_context("frontrow", ["token"], resilient_parsing=True)
    known = set(main.list_commands(context))
    assert set(re.findall(r"(?:^|[\s`/])frontrow ([a-z]+)(?=[\s`]|$)", code, flags=re.MULTILINE)) <= known


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_setting_in_a_document_exists(document: Path) -> None:
    text = document.read_text(encoding="utf-8")
    read_by_processes = "".join((ROOT / name).read_text() for name in ("Procfile", "gunicorn.conf.py"))
    elsewhere = set(re.findall(r"FRONTROW_[A-Z_]*[A-Z]", read_by_processes))
    known = {f"FRONTROW_{name.upper()}" for name in Settings.model_fields} | elsewhere
    assert set(re.findall(r"FRONTROW_[A-Z_]*[A-Z]", text)) - known == set()


def test_make_help_lists_every_target_a_person_may_call() -> None:
    printed = subprocess.run(["make", "help"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    for target in ("install", "run", "demo", "test", "lint", "doctor", "audit"):
        assert f"make {target} " in printed
    assert {line.split()[1] for line in printed.splitlines()} == _make_targets()


def test_no_lock_file_names_an_index_and_both_agree() -> None:
    pins = {}
    for name in ("requirements.lock", "requirements-dev.lock"):
        text = (ROOT / name).read_text()
        assert "://" not in text
        pins[name] = set(re.findall(r"^([a-z0-9-]+==[^ \\;]+)", text, flags=re.MULTILINE))
        assert text.count("--hash=sha256:") >= len(pins[name])
    assert pins["requirements.lock"] <= pins["requirements-dev.lock"]
