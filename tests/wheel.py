"""`make wheel`: build the wheel, install it where nothing else is, serve, send, and look at the page."""

from __future__ import annotations

import json
import smtplib
import subprocess
import sys
import urllib.request
import venv
from pathlib import Path
from tempfile import TemporaryDirectory

ROOT = Path(__file__).parents[1]


def main() -> None:
    """Fail loudly at the first thing that is not as a user would find it."""
    with TemporaryDirectory(prefix="wheel-") as name:
        folder = Path(name)
        _run(sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--wheel-dir", name, str(ROOT))
        venv.create(folder / "env", with_pip=True)
        python = str(folder / "env" / "bin" / "python")
        [wheel] = folder.glob("*.whl")
        _run(python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", str(wheel))
        ready = folder / "ready.json"
        ports = ["--smtp-port", "0", "--smtps-port", "0", "--web-port", "0", "--state-dir", name]
        command = [str(folder / "env" / "bin" / "mailtrap"), "serve", *ports, "--ready-file", str(ready)]
        process = subprocess.Popen(command, cwd=name, stdout=subprocess.DEVNULL)
        try:
            while not ready.exists():
                try:
                    raise SystemExit(f"the server ended with {process.wait(0.05)}")
                except subprocess.TimeoutExpired:
                    continue
            told = json.loads(ready.read_text())
            with smtplib.SMTP("127.0.0.1", told["smtp"]) as client:
                client.sendmail("a@example.test", ["b@example.test"], "Subject: from a wheel\r\n\r\nhello\r\n")
            page = _get(told["web"], "/")
            assert "from a wheel" in page, "the message is not on the page"
            assert "/static/" in page, "the page has no style or script"
            static = page.partition('href="')[2].partition('"')[0]
            assert _get(told["web"], static), f"{static} is empty"
        finally:
            process.terminate()
            process.wait(20)
    print(f"{wheel.name}: installs, serves and shows")


def _run(*command: str) -> None:
    subprocess.run(command, check=True)


def _get(port: int, path: str) -> str:
    with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=20) as answer:
        octets: bytes = answer.read()
        return octets.decode("utf-8", "replace")


if __name__ == "__main__":
    main()
