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


def test_every_command_and_option_of_the_readme_exists():
    commands = typer.main.get_command(cli).commands
    known = {name: {flag for option in command.params for flag in option.opts} for name, command in commands.items()}
    shown = re.findall(r"^mlprep ([a-z]+)([^#\n]*)", README, re.M)
    assert {name for name, _ in shown} == set(known)
    for name, rest in shown:
        assert set(re.findall(r"--[a-z-]+", re.sub(r'"[^"]*"', "", rest))) <= known[name], name


def test_every_setting_of_the_readme_exists():
    named = {name.lower() for name in re.findall(r"`MLPREP_([A-Z_]+)`", README)}
    assert named <= set(Settings.model_fields) | {"config"}


def test_every_make_target_of_the_readme_exists():
    targets = set(re.findall(r"^([a-z]+):", (REPOSITORY / "Makefile").read_text(encoding="utf-8"), re.M))
    assert set(re.findall(r"^make ([a-z]+)", README, re.M)) <= targets
