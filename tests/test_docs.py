"""What the documents say exists: links, commands and their options, settings, make targets."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import typer

from conftest import REPOSITORY
from mlprep_bot.cli import cli
from mlprep_bot.settings import Settings

PAGES = [REPOSITORY / "README.md", *sorted((REPOSITORY / "docs").glob("*.md"))]
README = (REPOSITORY / "README.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_somewhere(page: Path):
    for target in re.findall(r"\]\((?!https?:)([^)#]+)\)", page.read_text(encoding="utf-8")):
        assert (page.parent / target).exists(), target


def commands() -> dict[str, set[str]]:
    """Every command, those of a group as `group command`, with its options."""
    found = {}
    for name, command in typer.main.get_command(cli).commands.items():
        inner = {f"{name} {sub}": part for sub, part in getattr(command, "commands", {}).items()}
        if inner and command.invoke_without_command:  # a group that is a command itself
            inner[name] = command
        for full, part in (inner or {name: command}).items():
            found[full] = {flag for option in part.params for flag in option.opts}
    return found


def test_every_command_and_option_of_the_readme_exists():
    known = commands()
    groups = {name.partition(" ")[0] for name in known if " " in name}
    shown = re.findall(rf"^mlprep ((?:(?:{'|'.join(groups)}) )?[a-z]+)([^#\n]*)", README, re.M)
    assert {name for name, _ in shown} == set(known)
    for name, rest in shown:
        assert set(re.findall(r"--[a-z-]+", re.sub(r'"[^"]*"', "", rest))) <= known[name], name


def test_every_setting_of_the_readme_exists():
    named = {name.lower() for name in re.findall(r"`MLPREP_([A-Z_]+)`", README)}
    assert named <= set(Settings.model_fields) | {"config"}


def test_every_make_target_of_the_readme_exists():
    targets = set(re.findall(r"^([a-z]+):", (REPOSITORY / "Makefile").read_text(encoding="utf-8"), re.M))
    assert set(re.findall(r"^make ([a-z]+)", README, re.M)) <= targets
