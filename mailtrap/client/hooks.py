"""The routes of webhooks, as methods of the client that the commands speak with."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import quote

from mailtrap.client.failures import Json


class Hooks:
    """A part of `api.Client`, which has `_json` and `_say`."""

    def _json(self, method: str, path: str, asked: dict[str, str] | None = None) -> Json:
        raise NotImplementedError

    def _say(self, method: str, path: str, document: Mapping[str, object]) -> Json:
        raise NotImplementedError

    def webhooks(self) -> Json:
        """`{"webhooks": [Webhook], "lost": int}`, with the secrets and keys that receivers need."""
        return self._json("GET", "/api/webhooks")

    def webhook(self, id: str) -> Json:
        """One webhook."""
        return self._json("GET", _webhook(id))

    def add_webhook(self, target: str, **wishes: object) -> Json:
        """Have `target` told; `wishes` are `shape`, `kinds`, `inbox`, `secret`, `signature_version`."""
        return self._say("POST", "/api/webhooks", {"url": target, **wishes})

    def remove_webhook(self, id: str) -> Json:
        """Tell it no more, also of what still waits for it."""
        return self._json("DELETE", _webhook(id))

    def webhook_events(self, *, state: str = "", webhook: str = "", limit: int = 50, before: str = "") -> Json:
        """`{"events": [Event], "next"}`, newest first; those that wait and dead letters, or those of one state."""
        asked = {"state": state, "webhook": webhook, "limit": str(limit), "before": before}
        return self._json("GET", "/api/webhooks/events", {name: value for name, value in asked.items() if value})

    def replay_webhook(self, id: str) -> int:
        """Send all dead letters of a webhook again; how many."""
        return int(self._json("POST", _webhook(id) + "/replay")["count"])


def _webhook(id: str) -> str:
    return "/api/webhooks/" + quote(id, safe="")
