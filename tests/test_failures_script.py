"""The script of docs/failures.md against a running sandbox, and whether the page names everything there is."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from typing import get_args, get_type_hints

from mailtrap.faults.rule import Effect, Fault, Step
from mailtrap.server import Server
from mailtrap.settings import Settings

ROOT = Path(__file__).parents[1]
PAGE = (ROOT / "docs" / "failures.md").read_text("utf-8")


def test_the_script_sees_what_the_page_says(tmp_path: Path) -> None:
    server = Server(Settings(smtp_port=0, smtps_port=0, web_port=0, state_dir=str(tmp_path)))
    addresses = {name: f"{host}:{port}" for name, (host, port) in server.start().items()}
    try:
        run = subprocess.run(
            [sys.executable, "docs/failures.py", addresses["smtp"], f"http://{addresses['web']}"],
            cwd=ROOT,
            capture_output=True,
            text=True,
            timeout=110,
        )
        assert server.sandbox.faults.rules() == [], "it removes its rules"
    finally:
        server.stop()
    assert run.returncode == 0, run.stdout + run.stderr
    shown = re.search(r"<!-- seen: failures.py -->\n```\n(.*?)```\n<!-- end -->", PAGE, re.DOTALL)
    assert shown
    assert _without_measures(run.stdout) == _without_measures(shown[1])


def _without_measures(text: str) -> str:
    """Durations, rates, the mark of the run and the platform's number for a reset are another each time."""
    for varying in (r"lost\.[0-9a-f]+@", r"[0-9]+\.[0-9]+(?= (s|min|KB/s))", r"\[Errno [0-9]+\] "):
        text = re.sub(varying, "", text)
    return text


def test_the_page_names_every_step_effect_and_frequency() -> None:
    # In the tables' words: those of the wire.
    names = [step.value for step in Step]
    for struct in (Effect, Fault):
        hints = get_type_hints(struct)
        for field, name in zip(struct.__struct_fields__, struct.__struct_encode_fields__, strict=True):
            names += [name, *[word for word in get_args(hints[field]) if isinstance(word, str) and word]]
    unnamed = {name for name in names if not re.search(rf"`[^`\n]*\b{re.escape(name)}\b[^`\n]*`", PAGE)}
    assert unnamed - {"id"} == set()
