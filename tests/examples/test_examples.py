"""Every project in examples/ passes its own tests, with nothing configured."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
MODULES = ROOT / ".cache" / "node_modules"
MAILTRAP = [sys.executable, "-m", "mailtrap"]
PYTEST = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "-q"]


@pytest.fixture
def project(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """A copy, somewhere where no configuration of ours is found."""
    return Path(shutil.copytree(ROOT / "examples" / request.param, tmp_path / request.param))


def run(command: list[str], directory: Path, **environment: str) -> str:
    """What it prints. It has to succeed."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("MAILTRAP_", "PYTEST_"))}
    done = subprocess.run(command, cwd=directory, env=clean | environment, capture_output=True, text=True, timeout=110)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr


@pytest.mark.parametrize("project", ["smtplib", "flask", "django", "fastapi"], indirect=True)
def test_with_the_sandbox_of_the_session(project: Path) -> None:
    assert " passed" in run(PYTEST, project)


@pytest.mark.parametrize("project", ["smtplib", "flask", "django", "fastapi"], indirect=True)
def test_with_the_sandbox_of_the_command(project: Path) -> None:
    said = run([*MAILTRAP, "run", "--", *PYTEST], project)
    assert " passed" in said
    assert "ana@example.test  Confirm your address" in said
    assert "refused: 451 4.3.0 Try again later" in said


@pytest.mark.parametrize("project", ["node"], indirect=True)
def test_in_node_and_in_a_browser(project: Path) -> None:
    if not shutil.which("npm") or not (MODULES / "nodemailer").exists():
        pytest.skip("needs npm, and nodemailer in .cache (make test-all)")
    chromium = shutil.which("chromium") or shutil.which("chromium-browser") or ""
    if not chromium or not (MODULES / "playwright-core").exists():
        pytest.skip("needs chromium, and playwright-core in .cache (make test-all)")
    said = run([*MAILTRAP, "run", "--", "npm", "test"], project, NODE_PATH=str(MODULES), CHROMIUM=chromium)
    assert "# pass 3" in said or "ℹ pass 3" in said
    assert "ana@example.test  Confirm your address" in said
