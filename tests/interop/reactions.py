"""What real clients do when something fails, and what we think of it: `python -m tests.interop reactions` → a table."""

from __future__ import annotations

import json
import sys
import urllib.request
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from tests.interop.cases import Target, start
from tests.interop.senders import SENDERS, Try

#: Name → the rule that makes it happen. Most end after some times, so that a retry is seen to succeed.
SCENARIOS: dict[str, dict[str, Any]] = {
    "550 for one of two": {
        "step": "rcpt",
        "when": "rcpt:two@client.test",
        "effect": {"reply": {"code": 550, "status": "5.1.1", "text": "No such mailbox"}},
    },
    "451 twice": {
        "step": "rcpt",
        "effect": {"reply": {"code": 451, "status": "4.3.0", "text": "Try again"}},
        "first": 2,
        "per": "recipient",
    },
    "421 at MAIL": {
        "step": "mail",
        "effect": {"reply": {"code": 421, "status": "4.3.2", "text": "Closing"}, "disconnect": "after-reply"},
        "first": 1,
    },
    "greylisted": {
        "step": "rcpt",
        "effect": {"reply": {"code": 451, "status": "4.7.1", "text": "Greylisted"}},
        "greylist": {"delay": 3.0},
    },
    "closed after the dot": {"step": "end-of-data", "effect": {"disconnect": "after-store"}, "first": 1},
    "RST in the data": {
        "step": "in-data",
        "effect": {"disconnect": "mid-data", "reset": True, "after": 1000},
        "first": 1,
    },
    "EHLO 502": {"step": "ehlo", "effect": {"scenario": "ehlo-502"}, "first": 1, "per": "session"},
    "STARTTLS broken": {"step": "starttls", "effect": {"scenario": "starttls-broken"}},
    "250 late by 2 s": {"step": "end-of-data", "effect": {"delay": 2.0}},
    "552 at end of data": {
        "step": "end-of-data",
        "effect": {"reply": {"code": 552, "status": "5.3.4", "text": "Too big for us"}},
    },
}
#: After so long nobody will come back.
_GIVEN_UP = 6 * 86_400


@dataclass(slots=True)
class Reaction:
    """One cell: what the client says of it, the sessions it took, what was kept, and the verdict at the end."""

    said: list[str]
    sessions: list[int]
    kept: int
    judgement: str = ""
    findings: tuple[str, ...] = ()
    fates: set[str] = field(default_factory=set)

    @property
    def text(self) -> str:
        """`3 sessions, kept 1: good`, with the client's own last word."""
        tries = "1 session" if len(self.sessions) == 1 else f"{len(self.sessions)} sessions"
        return (
            f"{tries}, {self.kept} kept; says {', '.join(dict.fromkeys(self.said)) or 'nothing'} → **{self.judgement}**"
        )


def call(target: Target, method: str, path: str, body: object = None) -> Any:
    """The API."""
    data = None if body is None else json.dumps(body).encode()
    url = f"http://127.0.0.1:{target.web}{path}"
    request = urllib.request.Request(url, data, {"Content-Type": "application/json"}, method=method)
    with urllib.request.urlopen(request, timeout=60) as answer:
        return json.load(answer)


def _sessions(target: Target) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = target.get("/api/sessions?limit=200")["sessions"]
    return found


def react(target: Target, send: Any, client: str, scenario: str) -> Reaction:
    """One client meets one failure."""
    call(target, "DELETE", "/api/faults?all=true")
    call(target, "POST", "/api/faults", SCENARIOS[scenario])
    before = {one["id"] for one in _sessions(target)}
    number = list(SCENARIOS).index(scenario)
    sender = f"{client.lower()}-{number}@example.test"
    said = send(target, Try(sender, tls=scenario.startswith("STARTTLS")))
    new = sorted((one for one in _sessions(target) if one["id"] not in before), key=lambda one: int(one["id"]))
    kept = target.get(f"/api/messages?query=from:{sender}&limit=50")["messages"]
    reaction = Reaction(said, [int(one["id"]) for one in new], len(kept))
    judge(target, reaction)
    return reaction


def fates(target: Target, sessions: list[int]) -> set[str]:
    """What our transcripts say became of a message's recipients, in Postfix's words."""
    found = set()
    for id_ in sessions:
        lines = target.get(f"/api/sessions/{id_}")["lines"]
        said = [line["text"] for line in lines if line["side"] == "S"]
        mail = next((n for n, line in enumerate(lines) if line["text"].upper().startswith("MAIL ")), None)
        # 503 answers a DATA that was sent along with recipients of whom none was accepted.
        replies = [line["text"] for line in lines[mail or 0 :] if line["side"] == "S"]
        after = [] if mail is None else [text[:1] for text in replies if not text.startswith("503")]
        found |= {"deferred"} if "4" in after else set()
        found |= {"bounced"} if "5" in after else set()
        content = next((n for n, text in enumerate(said) if text.startswith("354")), None)
        if content is not None and any(text.startswith("250") for text in said[content:]):
            found.add("sent")
        elif not found & {"bounced"} and "4" not in after:
            found.add("deferred")
    return found


def judge(target: Target, one: Reaction) -> None:
    """Let so much time pass that nobody will come back, then ask for the verdict on the session that failed first."""
    call(target, "POST", "/api/clock/advance", {"seconds": _GIVEN_UP})
    verdicts = [target.get(f"/api/sessions/{id_}")["verdict"] for id_ in one.sessions]
    first = next((verdict for verdict in verdicts if verdict), None)
    one.judgement = first["judgement"] if first else "none"
    one.findings = tuple(first["findings"]) if first else ()
    one.fates = fates(target, one.sessions)


def table(results: dict[str, dict[str, Reaction] | None]) -> str:
    """Scenarios down, clients across; then why, for every verdict that is not good."""
    here = {client: found for client, found in results.items() if found is not None}
    lines = ["| | " + " | ".join(here) + " |", "| --- |" + " --- |" * len(here)]
    for scenario in SCENARIOS:
        lines.append(f"| {scenario} | " + " | ".join(found[scenario].text for found in here.values()) + " |")
    relay = here.get("Postfix")
    if relay:
        agreed = [scenario for scenario, one in relay.items() if set(one.said) == one.fates]
        lines += ["", f"What Postfix logged (sent, deferred, bounced) is what our transcripts show in {len(agreed)} of"]
        lines += [f"{len(relay)} scenarios" + _besides(relay, agreed) + "."]
    lines += ["", *[f"{client} is not on this machine." for client in results if client not in here], "## Why", ""]
    for client, found in here.items():
        for scenario, one in found.items():
            # Findings repeat what a client sent us.
            why = "; ".join(one.findings).replace("<", "\\<")
            lines += [f"- {client}, {scenario}: {why}"] if why else []
    return "\n".join(lines)


def _besides(relay: dict[str, Reaction], agreed: list[str]) -> str:
    others = [f"{s}: it says {sorted(set(o.said))}, we {sorted(o.fates)}" for s, o in relay.items() if s not in agreed]
    return f" ({'; '.join(others)})" if others else ""


def run(target: Target, folder: Path, clients: list[str]) -> dict[str, dict[str, Reaction] | None]:
    """Everybody meets everything."""
    results: dict[str, dict[str, Reaction] | None] = {}
    for client in clients:
        prepare, available, _ = SENDERS[client]
        if not available():
            results[client] = None
            continue
        own = folder / client.lower()
        own.mkdir()
        print(f"\r{client} …\033[K", end="", file=sys.stderr, flush=True)
        with prepare(target, own) as send:  # type: ignore[attr-defined]
            results[client] = {scenario: react(target, send, client, scenario) for scenario in SCENARIOS}
    return results


def main() -> int:
    """Print the table."""
    with TemporaryDirectory(prefix="reactions-") as name:
        folder = Path(name)
        folder.chmod(0o755)
        target = start(folder)
        try:
            print("\r\033[K", end="", file=sys.stderr)
            print(table(run(target, folder, list(SENDERS))))
        finally:
            target.stop()
    return 0
