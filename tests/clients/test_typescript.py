"""The TypeScript client: it compiles under every strict check, and its own tests pass against a running sandbox."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest

import docs.clients as documented
from tests.clients.conftest import World

ROOT = Path(__file__).parents[2]
CLIENT = ROOT / "clients" / "typescript"
TSC = ROOT / ".cache" / "node_modules" / "typescript" / "bin" / "tsc"

_MISSING = "" if shutil.which("node") and TSC.is_file() else "Node or TypeScript is missing: see `make typescript`"
needs_node = pytest.mark.skipif(bool(_MISSING), reason=_MISSING)


@needs_node
@pytest.mark.timeout(600)
def test_its_own_tests_pass_and_make_every_documented_call(world: World, tmp_path: Path) -> None:
    _run("node", str(TSC), "--project", str(CLIENT), "--outDir", str(tmp_path / "built"))
    # It says that these are modules.
    shutil.copy(CLIENT / "package.json", tmp_path / "built")
    calls = tmp_path / "calls.json"
    environment = {
        "MAILTRAP_URL": world.url,
        "MAILTRAP_SMTP": "{}:{}".format(*world.smtp),
        "MAILTRAP_CALLS": str(calls),
    }
    _run("node", "--test", str(tmp_path / "built" / "test" / "client.test.js"), **environment)
    assert {f"{call.of}.{call.name}" for call in documented.typescript()} - set(json.loads(calls.read_text())) == set()


def test_it_has_no_dependencies() -> None:
    package = json.loads((CLIENT / "package.json").read_text("utf-8"))
    assert "dependencies" not in package
    for file in (CLIENT / "src").glob("*.ts"):
        imported = [line for line in file.read_text("utf-8").splitlines() if " from " in line and "import" in line]
        assert [line for line in imported if 'from "./' not in line] == [], file


def test_it_has_the_same_names() -> None:
    def names(calls: list[documented.Call], of: str) -> set[str]:
        return {call.name.replace("_", "").lower() for call in calls if call.of == of}

    python, typescript = documented.python(), documented.typescript()
    for of in ("Sandbox", "Inbox", "Faults", "Clock"):
        assert names(python, of) - {"close"} == names(typescript, of), of
    assert names(python, "Message") - {"detail"} == names(typescript, "Message") - {"load"}


def _run(*command: str, **environment: str) -> None:
    done = subprocess.run(command, capture_output=True, text=True, env=os.environ | environment, timeout=600)
    assert done.returncode == 0, done.stdout + done.stderr
