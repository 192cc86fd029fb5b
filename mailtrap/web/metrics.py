"""`/metrics`: what Prometheus asks for, in its text format 0.0.4."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Mapping

from flask import Response

from mailtrap import __version__
from mailtrap.sandbox import Sandbox
from mailtrap.web.about import About
from mailtrap.web.operation import operation

#: Inboxes that are told of one by one.
MOST_INBOXES = 100


class Traffic:
    """Counts HTTP answers by status."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._answers: Counter[int] = Counter()

    def served(self, status: int) -> None:
        """One answer goes out."""
        with self._lock:
            self._answers[status] += 1

    def answers(self) -> dict[int, int]:
        """How many answers had each status."""
        with self._lock:
            return dict(self._answers)


class Metrics:
    """Everything is read at the moment it is asked for. `live` says how many live connections there are."""

    def __init__(self, sandbox: Sandbox, about: About, traffic: Traffic, live: Callable[[], int]) -> None:
        self._sandbox = sandbox
        self._about = about
        self._traffic = traffic
        self._live = live

    @operation("GET", "/metrics", "Metrics for Prometheus", tag="Server", media="text/plain", errors=(503,))
    def metrics(self) -> Response:
        """Text format 0.0.4."""
        counters = self._sandbox.store.counters()
        uptime = (self._sandbox.clock.now() - self._about.started_at) / 1_000_000
        lines = [
            *_family("info", "gauge", "The version that runs", {f'version="{__version__}"': 1}),
            *_single("uptime_seconds", "gauge", "Time since the start", uptime),
            *_single("messages_captured_total", "counter", "Messages taken since the start", counters.captured),
            *_single("messages_deleted_total", "counter", "Messages deleted on request", counters.deleted),
            *_single("messages_evicted_total", "counter", "Messages that retention removed", counters.evicted),
            *_single("messages_stored", "gauge", "Messages held now", counters.messages),
            *_single("messages_unseen", "gauge", "Messages held now that nobody has looked at", counters.unseen),
            *_single("message_octets_stored", "gauge", "Octets of all messages held now", counters.octets),
            *_single("database_octets", "gauge", "Octets of the database file", counters.database_size),
            *_single("index_backlog", "gauge", "Messages kept and not yet in the search index", counters.index_backlog),
            *_single("sessions_open", "gauge", "SMTP, POP3 and IMAP connections now", self._sandbox.open_sessions()),
            *_single("waiting", "gauge", "Requests that wait for mail now", self._sandbox.waiting.count),
            *_family(
                "sessions_total",
                "counter",
                "SMTP, POP3 and IMAP sessions ended since the start",
                {f'outcome="{_escaped(name)}"': count for name, count in sorted(self._sandbox.outcomes.items())},
            ),
            *self._inboxes(),
            *self._webhooks(),
            *_single("live_connections", "gauge", "WebSocket connections now", self._live()),
            *_family(
                "http_requests_total",
                "counter",
                "HTTP requests answered",
                {f'status="{status}"': count for status, count in sorted(self._traffic.answers().items())},
            ),
        ]
        return Response("\n".join(lines) + "\n", content_type="text/plain; version=0.0.4; charset=utf-8")

    def _inboxes(self) -> list[str]:
        """Of those with the most messages: names come from clients, and whoever collects has room for so many."""
        counts = sorted(self._sandbox.store.inboxes().items(), key=lambda one: (-one[1][0], one[0]))
        told = dict(counts[:MOST_INBOXES])
        if others := [count for _, count in counts[MOST_INBOXES:]]:
            told["(others)"] = sum([messages for messages, _ in others]), sum([unseen for _, unseen in others])
        stored = {f'inbox="{_escaped(name)}"': messages for name, (messages, _) in told.items()}
        unseen = {f'inbox="{_escaped(name)}"': new for name, (_, new) in told.items()}
        return [
            *_family(
                "inbox_messages_stored", "gauge", "Messages in each inbox; one in several is counted in each", stored
            ),
            *_family("inbox_messages_unseen", "gauge", "Messages in each inbox that nobody has looked at", unseen),
            *_single("inboxes", "gauge", "Inboxes that there are", len(self._sandbox.inboxes.all())),
        ]

    def _webhooks(self) -> list[str]:
        hooks = self._sandbox.webhooks
        waiting, dead = hooks.backlog()
        return [
            *_single("webhooks", "gauge", "Webhooks that there are", len(hooks.register.all())),
            *_single("webhook_events_waiting", "gauge", "Events that wait to be taken by a webhook", waiting),
            *_single("webhook_events_dead", "gauge", "Events that no webhook took after all tries", dead),
            *_single("webhook_events_lost_total", "counter", "Events that were too many to be kept", hooks.lost),
            *_family(
                "webhook_tries_total",
                "counter",
                "Times that an event was sent to a webhook, by how that ended",
                {f'outcome="{name}"': hooks.tried[name] for name in ("delivered", "failed", "dead")},
            ),
        ]


def _single(name: str, kind: str, help_: str, value: float) -> list[str]:
    return _family(name, kind, help_, {"": value})


def _family(name: str, kind: str, help_: str, samples: Mapping[str, float]) -> list[str]:
    lines = [f"# HELP mailtrap_{name} {help_}.", f"# TYPE mailtrap_{name} {kind}"]
    for labels, value in samples.items():
        lines.append(f"mailtrap_{name}{{{labels}}} {value}" if labels else f"mailtrap_{name} {value}")
    return lines


def _escaped(value: str) -> str:
    return value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
