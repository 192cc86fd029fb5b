"""The HTTP API from outside, a method for a route: what the commands speak to a running sandbox with."""

from __future__ import annotations

import http.client
import json
import selectors
import ssl
from collections.abc import Iterator, Mapping, Sequence
from typing import Protocol
from urllib.parse import quote

from mailtrap.client import failures
from mailtrap.client.endpoint import DEFAULT_URL, Endpoint
from mailtrap.client.failures import Json
from mailtrap.client.hooks import Hooks
from mailtrap.client.steps import Request, Response

_PAGE = 200
_PIECE = 256 * 1024


class Sink(Protocol):
    """What octets can be written to."""

    def write(self, octets: bytes, /) -> object:
        """Take the next octets."""


class Client(Hooks):
    """One kept connection to the sandbox at `url`; for one thread. `user:password@` in the URL means HTTP basic.

    `token` is the `api-token` setting, `ca_file` a certificate to trust besides the system's (https), `timeout`
    seconds of silence. Methods raise Unreachable, or ApiError with what the server said.
    """

    def __init__(
        self, url: str = DEFAULT_URL, token: str | None = None, *, ca_file: str | None = None, timeout: float = 60.0
    ) -> None:
        self._at = at = Endpoint(url, token, ca_file)
        self.url = at.url
        self._timeout = timeout
        context = at.context()
        self._connection: http.client.HTTPConnection
        if context:
            self._connection = http.client.HTTPSConnection(at.host, at.port, timeout=timeout, context=context)
        else:
            self._connection = http.client.HTTPConnection(at.host, at.port, timeout=timeout)

    def __enter__(self) -> Client:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Hang up. The next call connects again."""
        self._connection.close()

    # ---------------------------------------------------------------- messages

    def page(
        self,
        query: str = "",
        *,
        inbox: str | None = None,
        limit: int = 50,
        before: str | None = None,
        after: str | None = None,
    ) -> Json:
        """One page as the API gives it: `{"messages": [Summary], "total", "next"}`, newest first."""
        asked = {"query": query, "inbox": inbox, "limit": str(limit), "before": before, "after": after}
        return self._json("GET", "/api/messages", _given(asked))

    def messages(
        self, query: str = "", *, inbox: str | None = None, limit: int | None = None, after: str | None = None
    ) -> Iterator[Json]:
        """Summaries, newest first, fetched page by page; all that match, or `limit` of them."""
        before: str | None = None
        left = limit
        while left is None or left > 0:
            size = _PAGE if left is None else min(left, _PAGE)
            page = self.page(query, inbox=inbox, limit=size, before=before, after=after)
            yield from page["messages"]
            before = page["next"]
            if not before:
                return
            if left is not None:
                left -= len(page["messages"])

    def get(self, id: str) -> Json:
        """One message with header, text, parts, arrival … but never its octets."""
        return self._json("GET", _message(id))

    def raw(self, id: str) -> bytes:
        """The exact octets of a message."""
        return self._octets(_message(id) + "/raw")

    def raw_to(self, id: str, sink: Sink) -> int:
        """Write the exact octets of a message to `sink` piece by piece. Returns how many there were."""
        return self._copy(_message(id) + "/raw", sink)

    def text(self, id: str) -> bytes:
        """The text of a message, decoded, as UTF-8."""
        return self._octets(_message(id) + "/text")

    def html(self, id: str) -> bytes:
        """The HTML source of a message, decoded, as UTF-8."""
        return self._octets(_message(id) + "/html")

    def transcript(self, id: str) -> Json:
        """The SMTP dialogue that brought a message."""
        return self._json("GET", _message(id) + "/transcript")

    def post(
        self,
        octets: bytes,
        *,
        sender: str | None = None,
        recipients: Sequence[str] = (),
        inbox: str | None = None,
        imported: bool = False,
        received_at: str = "",
    ) -> Json:
        """Put a message in, octet for octet. Without `sender` or `recipients` the server takes them from the header.

        With `imported` no delivery of it is played, and `received_at` (RFC 3339) says when it arrived elsewhere.
        Returns its Summary.
        """
        asked: dict[str, str] = {}
        if sender is not None:
            asked["envelope-from"] = sender
        if recipients:
            asked["envelope-to"] = ",".join(recipients)
        if inbox:
            asked["inbox"] = inbox
        if imported:
            asked["imported"] = "true"
        if received_at:
            asked["received-at"] = received_at
        return self._json("POST", "/api/messages", asked, octets, "message/rfc822")

    def delete(self, id: str) -> None:
        """Delete one message."""
        self._json("DELETE", _message(id))

    def delete_matching(self, query: str = "", *, ids: Sequence[str] = (), all: bool = False) -> Json:
        """Delete what matches `query`, or of `ids` what does; everything only with `all`.

        Returns `{"count", "ids"}`.
        """
        asked = {"query": query.strip(), "ids": ",".join(ids), "all": "true" if all else None}
        return self._json("DELETE", "/api/messages", _given(asked))

    def mark_matching(
        self, marks: Mapping[str, object], query: str = "", *, ids: Sequence[str] = (), all: bool = False
    ) -> Json:
        """Mark what matches `query`, or of `ids` what does; everything only with `all`.

        `marks` is such as `{"seen": True, "add_tags": ["x"]}`. Returns `{"count", "ids"}`.
        """
        asked = {"query": query.strip(), "ids": ",".join(ids), "all": "true" if all else None}
        return self._say("PATCH", "/api/messages", marks, _given(asked))

    # ---------------------------------------------------------------- waiting

    def wait(self, query: str = "", **asked: object) -> Json:
        """What came of waiting: `inbox`, `count`, `unit`, `after`, `timeout`, `none`, `within` are as for /api/wait.

        Where it has `error` the wish was not met in time (408) or something unwanted came (409); `mailtrap.telling`
        puts that into words.
        """
        return self._wait("/api/wait", query, asked)

    def wait_refused(self, query: str = "", **asked: object) -> Json:
        """The same of a refusal: `inbox`, `count`, `step`, `code`, `status`, `fault`, `after`, `timeout`, `none`,
        `within` are as for /api/wait/refused."""
        return self._wait("/api/wait/refused", query, asked)

    def _wait(self, path: str, query: str, asked: Mapping[str, object]) -> Json:
        given = {
            name: "true" if value is True else str(value)
            for name, value in asked.items()
            if value is not None and value is not False and value != ""
        }
        patience = float(given.get("within") or given.get("timeout") or 10)
        response = self.ask(Request("GET", path, {"query": query, **given}, patience=patience))
        if response.status in (408, 409):
            answer = json.loads(response.octets)
            if isinstance(answer, dict) and "wanted" in answer:
                return answer
        return response.document()

    def assert_(self, expectations: Sequence[Mapping[str, object]], query: str = "", **asked: object) -> Json:
        """What came of each expectation: `{"ok", "results": [{"expectation", "ok", "expected", "actual"}], …}`."""
        given = {name: value for name, value in asked.items() if value is not None}
        document = json.dumps({"expectations": list(expectations), "query": query, **given}).encode()
        patience = float(str(given.get("timeout", 0)))
        request = Request("POST", "/api/assert", {}, document, "application/json", patience=patience)
        return self.ask(request).document()

    # ---------------------------------------------------------------- inboxes

    def inboxes(self) -> Json:
        """`{"inboxes": [Inbox]}`, the default one first, each with its `messages` and `unseen`."""
        return self._json("GET", "/api/inboxes")

    def inbox(self, name: str) -> Json:
        """One inbox."""
        return self._json("GET", _inbox(name))

    def add_inbox(self, name: str | None = None, *, token: bool = False, **wishes: object) -> Json:
        """Make an inbox; `wishes` are `ttl`, `max_messages`, `max_age`, `addresses`, `helo`, `peer`, `listener`.

        With `token` the answer has one that opens this inbox alone.
        """
        wish = {"token": token, **wishes} if name is None else {"name": name, "token": token, **wishes}
        return self._say("POST", "/api/inboxes", wish)

    def remove_inbox(self, name: str) -> Json:
        """Remove an inbox and its messages, those that are in another one too only from it: `{"count", "ids"}`."""
        return self._json("DELETE", _inbox(name))

    # ---------------------------------------------------------------- failures, deliveries

    def faults(self, inbox: str | None = None) -> Json:
        """`{"faults": [Fault], "on": bool}` in the order in which they are asked; those that may answer in `inbox`."""
        return self._json("GET", "/api/faults", _given({"inbox": inbox}))

    def fault(self, id: str) -> Json:
        """One rule, with its `hits`."""
        return self._json("GET", _fault(id))

    def add_fault(self, fault: Mapping[str, object], *, before: str | None = None) -> Json:
        """Add a rule, last or before another one. Returns it with its id."""
        return self._say("POST", "/api/faults", fault, _given({"before": before}))

    def put_fault(self, id: str, fault: Mapping[str, object]) -> Json:
        """Put another rule in the place of one."""
        return self._say("PUT", _fault(id), fault)

    def remove_fault(self, id: str) -> None:
        """Remove a rule."""
        self._json("DELETE", _fault(id))

    def enable_fault(self, id: str, enabled: bool = True) -> Json:
        """Switch a rule on or off."""
        return self._say("PATCH", _fault(id), {"enabled": enabled})

    def move_fault(self, id: str, place: int) -> Json:
        """Let a rule be asked at this place, from 0."""
        return self._say("PATCH", _fault(id), {"place": place})

    def rewind_faults(self, id: str | None = None) -> Json:
        """Let a rule, or all of them, count anew."""
        return self._json("POST", "/api/faults/rewind" if id is None else _fault(id) + "/rewind")

    def clear_faults(self, *, inbox: str | None = None, all: bool = False) -> Json:
        """Remove the rules of an inbox, or with `all` every one. Returns `{"count"}`."""
        return self._json("DELETE", "/api/faults", _given({"inbox": inbox, "all": "true" if all else None}))

    def switch_faults(self, on: bool) -> Json:
        """Let rules answer, or for now none of them."""
        return self._say("PUT", "/api/faults/switch", {"on": on})

    def import_faults(self, document: str, format: str = "toml", *, inbox: str | None = None) -> Json:
        """Add the rules of a file: `toml`, or the settings of `mailpit` or `mailhog`. Returns those added."""
        return self._say("POST", "/api/faults/import", _given({"document": document, "format": format, "inbox": inbox}))

    def explain_faults(self, step: str, **facts: object) -> Json:
        """Which rule would answer at a step (`sender`, `recipient`, …, or those of a `message`), and why not others."""
        return self._say("POST", "/api/faults/explain", {"step": step, **facts})

    def scenarios(self) -> list[Json]:
        """The failures that have a name."""
        found: list[Json] = self._json("GET", "/api/scenarios")["scenarios"]
        return found

    def add_scenario(self, name: str, /, *, when: str = "", before: str | None = None, **more: object) -> Json:
        """Switch a scenario on for what `when` matches; `inbox`, `step`, `first` … as a rule has them."""
        path = "/api/scenarios/" + quote(name, safe="")
        return self._say("POST", path, {"when": when, **more}, _given({"before": before}))

    def deliveries(
        self,
        query: str = "",
        *,
        outcome: str | None = None,
        message: str | None = None,
        recipient: str | None = None,
        inbox: str | None = None,
        limit: int | None = None,
    ) -> Iterator[Json]:
        """What became of messages after their 250, of the newest message first; page by page, all or `limit`."""
        asked = {"query": query, "outcome": outcome, "message": message, "recipient": recipient, "inbox": inbox}
        before: str | None = None
        left = _PAGE if limit is None else limit
        while left > 0:
            here = asked | {"limit": str(min(left, _PAGE)), "before": before}
            page = self._json("GET", "/api/deliveries", _given(here))
            yield from page["deliveries"]
            left -= 0 if limit is None else len(page["deliveries"])
            before = page["next"]
            if not before:
                return

    def clock(self) -> Json:
        """Virtual time: `{"now", "ahead", "due"}`."""
        return self._json("GET", "/api/clock")

    def advance(self, seconds: float) -> Json:
        """Let so much virtual time pass at once; returns what came to pass meanwhile."""
        return self._say("POST", "/api/clock/advance", {"seconds": seconds})

    # ---------------------------------------------------------------- the rest

    def sessions(
        self,
        *,
        limit: int = 50,
        before: str | None = None,
        outcome: str | None = None,
        judgement: str | None = None,
        fault: str | None = None,
    ) -> Json:
        """The newest SMTP dialogues, refused ones too, without their lines; those so judged, or where a rule spoke."""
        asked = {"limit": str(limit), "before": before, "outcome": outcome, "judgement": judgement, "fault": fault}
        return self._json("GET", "/api/sessions", _given(asked))

    def session(self, id: str) -> Json:
        """One SMTP dialogue with its lines."""
        return self._json("GET", "/api/sessions/" + quote(id, safe=""))

    def info(self) -> Json:
        """Version, addresses and totals of the sandbox."""
        return self._json("GET", "/api/info")

    def ready(self) -> bool:
        """Whether a message sent now would be kept."""
        return self.ask(Request("GET", "/readyz")).status == 200

    # ---------------------------------------------------------------- HTTP

    def ask(self, request: Request) -> Response:
        """One request, and its answer whatever it is. Raises Unreachable where there is none."""
        response = self._open(request)
        return Response(response.status, response.reason, self._read(response), self.url)

    def _json(
        self,
        method: str,
        path: str,
        asked: dict[str, str] | None = None,
        body: bytes | None = None,
        type_: str = "",
    ) -> Json:
        return self.ask(Request(method, path, asked or {}, body, type_)).document()

    def _say(self, method: str, path: str, document: Mapping[str, object], asked: dict[str, str] | None = None) -> Json:
        return self._json(method, path, asked, json.dumps(document).encode(), "application/json")

    def _octets(self, path: str) -> bytes:
        return self.ask(Request("GET", path)).content()

    def _copy(self, path: str, sink: Sink) -> int:
        response = self._open(Request("GET", path))
        if response.status != 200:
            failures.check(response.status, response.reason, self._read(response), self.url)
        size = 0
        while piece := self._read(response, _PIECE):
            sink.write(piece)
            size += len(piece)
        if response.length:
            raise failures.lost(self.url, f"{response.length} octets are missing")
        return size

    def _open(self, request: Request) -> http.client.HTTPResponse:
        # A kept connection may have been closed by the server meanwhile. What changes nothing when repeated is
        # asked once more on a fresh one; a POST is not, since it might put a message in twice.
        kept = self._is_kept()
        try:
            return self._ask(request)
        except (ConnectionError, http.client.BadStatusLine):
            self.close()
            if not kept or request.method == "POST":
                raise failures.lost(self.url, "it hung up") from None
        return self._ask(request)

    def _is_kept(self) -> bool:
        """Whether there is a connection; one that the server has ended already is given up."""
        sock = self._connection.sock
        if sock is None:
            return False
        with selectors.DefaultSelector() as selector:
            selector.register(sock, selectors.EVENT_READ)
            if not selector.select(0):
                return True
        self.close()
        return False

    def _ask(self, request: Request) -> http.client.HTTPResponse:
        kept = self._connection.sock is not None
        self._connection.timeout = self._timeout + request.patience
        if self._connection.sock is not None:
            self._connection.sock.settimeout(self._connection.timeout)
        target, headers = self._at.target(request), self._at.headers(request)
        try:
            self._connection.request(request.method, target, request.body, headers)
            return self._connection.getresponse()
        except (ConnectionError, http.client.BadStatusLine) as error:
            if kept:
                raise
            self.close()
            if isinstance(error, http.client.BadStatusLine):
                raise failures.stranger(self.url, "it does not speak HTTP") from None
            raise failures.lost(self.url, error.strerror or str(error)) from None
        except ssl.SSLCertVerificationError as error:
            self.close()
            raise failures.untrusted(self.url, error.verify_message) from None
        except ssl.SSLError as error:
            self.close()
            raise failures.no_tls(self.url, error.reason or str(error)) from None
        except (OSError, http.client.HTTPException) as error:
            self.close()
            told = getattr(error, "strerror", None) or str(error)
            reason = "no answer in time" if isinstance(error, TimeoutError) else told
            raise failures.lost(self.url, reason) from None

    def _read(self, response: http.client.HTTPResponse, size: int | None = None) -> bytes:
        try:
            return response.read(size)
        except (OSError, http.client.HTTPException) as error:
            self.close()
            raise failures.lost(self.url, str(error)) from None


def _message(id: str) -> str:
    return "/api/messages/" + quote(id, safe="")


def _fault(id: str) -> str:
    return "/api/faults/" + quote(id, safe="")


def _inbox(name: str) -> str:
    return "/api/inboxes/" + quote(name, safe="")


def _given(asked: Mapping[str, str | None]) -> dict[str, str]:
    return {name: value for name, value in asked.items() if value}
