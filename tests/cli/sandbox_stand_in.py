"""A stand-in for a sandbox, for what a real one does not do on demand: break, lie, hang up."""

from __future__ import annotations

import hashlib
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit


def summary(id: int, octets: bytes = b"", **more: Any) -> dict[str, Any]:
    return {
        "id": str(id),
        "inbox": "default",
        "received_at": "2026-01-02T03:04:05.000006Z",
        "subject": "hello",
        "from": {"name": "Ann", "address": "ann@a.test"},
        "to": [{"name": "", "address": "bob@b.test"}],
        "cc": [],
        "size": len(octets),
        "sha256": hashlib.sha256(octets).hexdigest(),
        "seen": False,
        "tags": [],
        "envelope": {"from": "ann@a.test", "to": ["bob@b.test"]},
    } | more


class StandIn:
    """Answers with what `answers` holds for `METHOD /path`, else with its messages; keeps what it was asked."""

    def __init__(self) -> None:
        self.url = ""
        self.messages: dict[int, bytes] = {}
        self.more: dict[int, dict[str, Any]] = {}
        self.answers: dict[str, tuple[int, bytes]] = {}
        self.asked: list[tuple[str, dict[str, str]]] = []
        self.bodies: list[bytes] = []
        self.headers: list[dict[str, str]] = []
        self.hang_up: set[str] = set()
        self.connections = 0

    def answer(self, method: str, target: str, body: bytes) -> tuple[int, bytes]:
        parts = urlsplit(target)
        asked = {name: values[0] for name, values in parse_qs(parts.query, keep_blank_values=True).items()}
        self.asked.append((f"{method} {parts.path}", asked))
        self.bodies.append(body)
        if f"{method} {parts.path}" in self.answers:
            return self.answers[f"{method} {parts.path}"]
        words = parts.path.strip("/").split("/")
        if words == ["api", "messages"] and method == "GET":
            return 200, json.dumps(self._page(asked)).encode()
        if words == ["api", "messages"] and method == "POST":
            id = max(self.messages, default=0) + 1
            self.messages[id] = body
            return 201, json.dumps(summary(id, body)).encode()
        if words[:2] == ["api", "messages"] and words[2].isdigit() and int(words[2]) in self.messages:
            id = int(words[2])
            if words[3:] == ["raw"]:
                return 200, self.messages[id]
            return 200, json.dumps(summary(id, self.messages[id], **self.more.get(id, {}))).encode()
        return 404, error(404, "not_found", "There is no such thing")

    def _page(self, asked: dict[str, str]) -> dict[str, Any]:
        limit, before = int(asked["limit"]), int(asked.get("before", "b999999").lstrip("b"))
        ids = sorted((id for id in self.messages if id < before), reverse=True)
        page = [summary(id, self.messages[id], **self.more.get(id, {})) for id in ids[:limit]]
        return {
            "messages": page,
            "total": len(self.messages),
            "next": f"b{ids[limit - 1]}" if len(ids) > limit else None,
        }


def error(status: int, code: str, message: str, hint: str = "") -> bytes:
    return json.dumps({"error": {"status": status, "code": code, "message": message, "hint": hint}}).encode()


@contextmanager
def standing_in() -> Iterator[StandIn]:
    stand_in = StandIn()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def setup(self) -> None:
            stand_in.connections += 1
            super().setup()

        def handle_any(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            stand_in.headers.append(dict(self.headers))
            if self.path in stand_in.hang_up:
                stand_in.hang_up.discard(self.path)
                self.close_connection = True
                return
            status, octets = stand_in.answer(self.command, self.path, body)
            self.send_response(status)
            self.send_header("Content-Length", str(len(octets)))
            self.end_headers()
            self.wfile.write(octets)

        do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = handle_any  # noqa: N815 - the names http.server calls

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads = True
        server.block_on_close = False
        stand_in.url = f"http://127.0.0.1:{server.server_port}"
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield stand_in
        finally:
            server.shutdown()
            thread.join(10)
