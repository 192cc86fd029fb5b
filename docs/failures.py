"""Seven failures as a program meets them that sends with smtplib: `python docs/failures.py [SMTP] [URL]`.

Needs a running sandbox (`mailtrap serve`) and nothing but Python. SMTP is `127.0.0.1:1025` and URL
`http://127.0.0.1:8025` unless others are given. The rules it makes are for its own recipients, and it removes them.
Ends with 1 if anything was not as told.
"""

from __future__ import annotations

import json
import smtplib
import sys
import time
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

SENDER = "app@sender.test"
#: Marks this run, so that another one does not take its messages for duplicates.
RUN = f"{time.time_ns():x}"


class Sandbox:
    """Its SMTP port by smtplib, its API by urllib."""

    def __init__(self, smtp: str = "127.0.0.1:1025", url: str = "http://127.0.0.1:8025") -> None:
        self.host, _, port = smtp.rpartition(":")
        self.port = int(port)
        self.url = url.rstrip("/")

    def api(self, method: str, path: str, document: Any = None, **query: str) -> Any:
        target = self.url + path + ("?" + urllib.parse.urlencode(query) if query else "")
        body = None if document is None else json.dumps(document).encode()
        headers = {"Content-Type": "application/json"} if body else {}
        request = urllib.request.Request(target, body, headers, method=method)  # noqa: S310 - the user says where
        with urllib.request.urlopen(request, timeout=60) as response:  # noqa: S310
            return json.load(response)

    @contextmanager
    def rule(self, **fault: Any) -> Iterator[str]:
        """A rule while the block runs; its id."""
        id = self.api("POST", "/api/faults", fault)["id"]
        try:
            yield id
        finally:
            self.api("DELETE", f"/api/faults/{id}")

    def send(self, *recipients: str, name: str, octets: int = 0) -> None:
        """Send a message in a session of its own. Any recipient refused is an exception, as for most libraries."""
        header = (
            f"From: {SENDER}\r\nTo: {', '.join(recipients)}\r\nSubject: {name}\r\nMessage-ID: {message_id(name)}\r\n"
        )
        line = "x" * 62 + "\r\n"
        with smtplib.SMTP(self.host, self.port, local_hostname="app.sender.test", timeout=60) as smtp:
            refused = smtp.sendmail(SENDER, recipients, f"{header}\r\n\r\nHello\r\n{line * (octets // len(line))}")
        if refused:
            # smtplib itself raises this only if nobody is left, and returns it otherwise.
            raise smtplib.SMTPRecipientsRefused(refused)

    def advance(self, seconds: float) -> None:
        """Let virtual time pass at once."""
        self.api("POST", "/api/clock/advance", {"seconds": seconds})

    def stored(self, name: str) -> list[Any]:
        """What is kept of the messages of this name, oldest first."""
        query = f'message-id:"{message_id(name)}"'
        found: list[Any] = self.api("GET", "/api/messages", query=query)["messages"]
        return found[::-1]

    def refusals(self, rule: str) -> list[Any]:
        """The sessions in which a rule spoke, oldest first."""
        found: list[Any] = self.api("GET", "/api/sessions", fault=rule)["sessions"]
        return found[::-1]


def message_id(name: str) -> str:
    return f"<{name}.{RUN}@sender.test>"


def caught(action: Callable[[], None]) -> str:
    """The exception that the client got, in one line; empty if none."""
    try:
        action()
    except (smtplib.SMTPException, OSError) as error:
        return f"{type(error).__name__}: {error}"
    return ""


#: What a scene saw, and whether that is what the rule told.
Scene = Iterator[tuple[str, bool]]


def one_of_three_is_refused(sandbox: Sandbox) -> Scene:
    reply = {"code": 550, "status": "5.1.1", "text": "No such user"}
    anna, bob, carl = (f"{name}@three.test" for name in ("anna", "bob", "carl"))
    with sandbox.rule(step="rcpt", when=f"rcpt:{bob}", effect={"reply": reply}):
        error = caught(lambda: sandbox.send(anna, bob, carl, name="three"))
    yield error, error == f"SMTPRecipientsRefused: {{'{bob}': (550, b'5.1.1 No such user')}}"
    kept = [message["envelope"]["to"] for message in sandbox.stored("three")]
    yield f"stored for {kept}", kept == [[anna, carl]]


def twice_451_then_accepted(sandbox: Sandbox) -> Scene:
    reply = {"code": 451, "status": "4.3.0", "text": "Try again later"}
    with sandbox.rule(step="rcpt", when="domain:twice.test", effect={"reply": reply}, first=2) as rule:
        for attempt in (1, 2, 3):
            error = caught(lambda: sandbox.send("dora@twice.test", name="twice"))
            yield f"attempt {attempt}: {error or 'accepted'}", ("451" in error) == (attempt < 3)
            sandbox.advance(1800)
        refused = sandbox.refusals(rule)
        yield f"refusals listed: {len(refused)}", len(refused) == 2
        yield f"stored: {len(sandbox.stored('twice'))}", len(sandbox.stored("twice")) == 1
        verdict = refused[0]["verdict"]
        yield f"verdict: {verdict['judgement']}: {'; '.join(verdict['findings'])}", verdict["judgement"] == "good"


def hang_up_after_storing(sandbox: Sandbox) -> Scene:
    effect = {"disconnect": "after-store"}
    with sandbox.rule(step="end-of-data", when="domain:lost.test", effect=effect, first=1) as rule:
        error = caught(lambda: sandbox.send("emil@lost.test", name="lost"))
        yield error, error.startswith("SMTPServerDisconnected")
        sandbox.advance(1800)
        error = caught(lambda: sandbox.send("emil@lost.test", name="lost"))
        yield f"the retry: {error or 'accepted'}", not error
        kept = [message["id"] for message in sandbox.stored("lost")]
        yield f"stored: {len(kept)}", len(kept) == 2
        findings = sandbox.refusals(rule)[0]["verdict"]["findings"]
        duplicate = f"message {kept[1]} is a duplicate of message {kept[0]}"
        yield f"verdict: {'; '.join(findings)}", any(duplicate in finding for finding in findings)


def greylisted(sandbox: Sandbox) -> Scene:
    rules = sandbox.api("POST", "/api/scenarios/greylist", {"when": "domain:grey.test"})["faults"]
    try:
        error = caught(lambda: sandbox.send("fred@grey.test", name="grey"))
        yield error, "451" in error and "4.7.1" in error
        sandbox.advance(300)
        error = caught(lambda: sandbox.send("fred@grey.test", name="grey"))
        yield f"after advance(300): {error or 'accepted'}", not error
        yield f"stored: {len(sandbox.stored('grey'))}", len(sandbox.stored("grey")) == 1
    finally:
        for rule in rules:
            sandbox.api("DELETE", f"/api/faults/{rule['id']}")


def latency(sandbox: Sandbox) -> Scene:
    with sandbox.rule(step="rcpt", when="domain:late.test", effect={"delay": 5}):
        error, seconds = timed(lambda: sandbox.send("gina@late.test", name="late"))
    yield f"{error or 'accepted'} after {seconds:.1f} s", not error and seconds >= 5


def throttled(sandbox: Sandbox) -> Scene:
    octets = 10 * 1024
    with sandbox.rule(step="data", when="domain:slow.test", effect={"throttle": 2048}):
        error, seconds = timed(lambda: sandbox.send("hugo@slow.test", name="slow", octets=octets))
    rate = octets / seconds / 1024
    yield f"{error or 'accepted'}: {octets} octets in {seconds:.1f} s, {rate:.1f} KB/s", not error and rate < 2.6
    sizes = [message["size"] for message in sandbox.stored("slow")]
    yield f"stored whole: {sizes} octets", len(sizes) == 1 and sizes[0] > octets


def reset_after_1000_octets(sandbox: Sandbox) -> Scene:
    effect = {"after": 1000, "disconnect": "mid-data", "reset": True}
    with sandbox.rule(step="in-data", when="domain:reset.test", effect=effect):
        error = caught(lambda: sandbox.send("ines@reset.test", name="reset", octets=8192))
    yield error, "reset by peer" in error
    yield f"stored: {len(sandbox.stored('reset'))}", not sandbox.stored("reset")


SCENES: dict[str, Callable[[Sandbox], Scene]] = {
    "Three recipients, the second refused": one_of_three_is_refused,
    "451 twice, then accepted": twice_451_then_accepted,
    "Hung up after storing, before the 250": hang_up_after_storing,
    "Greylisted, then accepted": greylisted,
    "Five seconds of latency": latency,
    "Throttled to 2 KB/s": throttled,
    "Reset after 1,000 octets of the content": reset_after_1000_octets,
}


def timed(action: Callable[[], None]) -> tuple[str, float]:
    """The exception, empty if none, and how long it took."""
    begin = time.monotonic()
    return caught(action), time.monotonic() - begin


def main(*where: str) -> int:
    """Play every scene, print what was seen; 1 if anything was not as told."""
    sandbox = Sandbox(*where)
    wrong = 0
    for number, (title, scene) in enumerate(SCENES.items(), 1):
        print(f"{number}. {title}", flush=True)
        for seen, as_told in scene(sandbox):
            print(f"   {'' if as_told else 'NOT AS TOLD: '}{seen}", flush=True)
            wrong += not as_told
    print("Everything was as told." if not wrong else f"{wrong} things were not as told.")
    return 1 if wrong else 0


if __name__ == "__main__":
    if len(sys.argv) > 3 or any(word.startswith("-") for word in sys.argv[1:]):
        sys.exit(__doc__)
    sys.exit(main(*sys.argv[1:]))
