"""What the pages about the clients show works as printed."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.clients.conftest import World
from tests.clients.test_typescript import CLIENT, ROOT, TSC, needs_node

#: As much of Playwright and Cypress as their recipes use: they are not installed here.
_STUBS = """
declare module "@playwright/test" {
  interface Test<Given> {
    (name: string, body: (given: Given) => Promise<void>): void;
    extend<More>(fixtures: {
      [Name in keyof More]: (given: Given, use: (value: More[Name]) => Promise<void>) => Promise<void>;
    }): Test<Given & More>;
  }
  export const test: Test<{ page: any }>;
  export const expect: any;
}
declare module "cypress" {
  type Tasks = Record<string, (given: any) => Promise<unknown>>;
  type On = (event: "task", tasks: Tasks) => void;
  export function defineConfig(config: { e2e: { setupNodeEvents(on: On): void } }): {};
}
declare const cy: {
  task<T>(name: string, given: unknown, options?: { timeout: number }): { then(body: (value: T) => void): void };
  visit(path: string): void;
  get(selector: string): { type(text: string): void };
  contains(text: string): void;
  contains(selector: string, text: string): { click(): void };
};
declare function before(body: () => unknown): void;
declare function after(body: () => unknown): void;
declare function it(name: string, body: () => void): void;
"""


def _blocks(page: str, language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", (ROOT / "docs" / page).read_text("utf-8"), re.DOTALL)


@pytest.mark.parametrize("block", range(len(_blocks("client.md", "python"))))
def test_python_runs_as_printed(block: int, world: World, tmp_path: Path) -> None:
    code = _blocks("client.md", "python")[block].replace("http://127.0.0.1:8025", world.url)
    file = tmp_path / "example.py"
    file.write_text(code, "utf-8")
    environment = os.environ | {"MAILTRAP_URL": world.url, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        [sys.executable, "-X", "dev", "-W", "error", str(file)],
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert (done.returncode, done.stderr) == (0, "")


_TYPES = """
from typing import assert_type
from mailtrap.client import AsyncSandbox, Fault, Message, Sandbox

async def look(called: Sandbox, awaited: AsyncSandbox) -> None:
    assert_type(called.wait(), Message)
    assert_type(await awaited.wait(), Message)
    assert_type(called.inbox("x").list(), list[Message])
    assert_type(await awaited.inbox("x").list(), list[Message])
    assert_type(called.faults.reply(451), Fault)
    assert_type(await awaited.faults.reply(451), Fault)
    assert_type(called.wait().raw, bytes)
    called.wait(timeout="1")  # type: ignore[arg-type]
    called.expect(subjekt="x")  # type: ignore[call-arg]
"""


def test_python_has_the_types_it_says(tmp_path: Path) -> None:
    for number, block in enumerate([*_blocks("client.md", "python"), _TYPES]):
        (tmp_path / f"example{number}.py").write_text(block, "utf-8")
    files = [str(file) for file in tmp_path.glob("*.py")]
    done = subprocess.run(
        [sys.executable, "-m", "mypy", "--strict", "--follow-imports=silent", "--no-incremental", *files],
        cwd=tmp_path,  # as for somebody who has installed us
        capture_output=True,
        text=True,
        timeout=600,
    )
    assert done.returncode == 0, done.stdout + done.stderr


@needs_node
@pytest.mark.timeout(600)
def test_typescript_compiles_as_printed_and_runs(world: World, tmp_path: Path) -> None:
    package = tmp_path / "node_modules" / "mailtrap-sandbox-client"
    package.mkdir(parents=True)
    shutil.copy(CLIENT / "package.json", package)
    _run("node", str(TSC), "--project", str(CLIENT), "--outDir", str(package / "dist"))
    (tmp_path / "package.json").write_text('{"type": "module"}')
    (tmp_path / "stubs.d.ts").write_text(_STUBS)
    first, *recipes = _blocks("typescript.md", "ts")
    (tmp_path / "example.test.ts").write_text(first, "utf-8")
    for recipe in recipes:
        name = re.match(r"// (\S+\.ts)\n", recipe)
        assert name, "a recipe says what its file is called"
        (tmp_path / name[1]).write_text(recipe, "utf-8")
    kinds = ["--typeRoots", str(ROOT / ".cache" / "node_modules" / "@types"), "--types", "node"]
    how = ["--strict", "--target", "es2022", "--module", "esnext", "--moduleResolution", "bundler"]
    files = [str(file) for file in sorted(tmp_path.glob("*.ts"))]
    assert len(files) == 2 + len(recipes)
    _run("node", str(TSC), *how, *kinds, "--outDir", str(tmp_path), *files)
    _run("node", "--test", str(tmp_path / "example.test.js"), MAILTRAP_URL=world.url)


def _run(*command: str, **environment: str) -> None:
    done = subprocess.run(command, capture_output=True, text=True, env=os.environ | environment, timeout=600)
    assert done.returncode == 0, done.stdout + done.stderr
