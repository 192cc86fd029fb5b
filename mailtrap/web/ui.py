"""The pages: each route gathers what its template shows and changes nothing."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import flask
from markupsafe import Markup

from mailtrap.clock import rfc3339
from mailtrap.errors import NotFound
from mailtrap.faults.rule import Fault
from mailtrap.mail import defects, samples
from mailtrap.mail.message import Message
from mailtrap.query import Query, parse
from mailtrap.query import completions as query_completions
from mailtrap.query.quoting import quoted
from mailtrap.sandbox import Sandbox
from mailtrap.settings import TABLE, Settings
from mailtrap.web import deliverypages, faultpages, inboxpages, keywords, markup, prose, reading, scope, shapes
from mailtrap.web.about import About
from mailtrap.web.contents import Contents, message_of, number_of
from mailtrap.web.linkify import linkify
from mailtrap.web.reports import original_of
from mailtrap.web.snippets import snippets
from mailtrap.web.wire import encode

#: The reader's tabs that are fetched when first looked at, by the name in their address.
PANELS = ("text", "source", "links", "headers", "envelope", "structure", "attachments", "dialogue", "raw")
#: Those that show more than the message: what became of it, and reports and invitations in it.
BESIDES = ("delivery", "notice", "invitation")
SESSIONS_PER_PAGE = 100
#: Sessions looked at for a page of those with one verdict.
SESSIONS_SCANNED = 1000
#: How a session can have ended, with the words of the filter.
OUTCOMES = (
    ("open", "Open"),
    ("quit", "Quit"),
    ("refused", "Refused"),
    ("fault", "Broken off by a fault"),
    ("aborted", "Broken off"),
    ("closed", "Closed"),
    ("timeout", "Timed out"),
    ("error", "Error"),
    ("shutdown", "Shut down"),
)
#: Messages that come with the page itself, so that it need not ask for them.
FIRST_PAGE = 50

OpenMessage = Callable[[str], reading.Reading]


def routes(sandbox: Sandbox, settings: Settings, about: About, contents: Contents) -> flask.Blueprint:
    """Every page, as a blueprint named `ui`."""
    ui = flask.Blueprint("ui", __name__)

    def open_message(id: str) -> reading.Reading:
        return reading.Reading(message_of(sandbox.store, id), sandbox, contents)

    _what_templates_need(ui, sandbox)
    _inbox_pages(ui, sandbox, settings, about, open_message)
    _message_views(ui, sandbox, open_message)
    _session_pages(ui, sandbox)
    inboxpages.routes(ui, sandbox)
    faultpages.routes(ui, sandbox, lambda: island({"completions": completions(sandbox)}))
    deliverypages.routes(ui, sandbox)
    _settings_page(ui, sandbox, settings, about)
    return ui


def _what_templates_need(ui: flask.Blueprint, sandbox: Sandbox) -> None:
    ui.add_app_template_filter(reading.size, "size")
    ui.add_app_template_filter(when, "when")
    ui.add_app_template_filter(rfc3339, "rfc3339")
    ui.add_app_template_filter(linkify, "linkify")
    ui.add_app_template_filter(keywords.people, "of_people")
    ui.add_app_template_filter(keywords.flags, "of_programs")
    for sentence in (prose.ticked, prose.counted, prose.lasting):
        ui.add_app_template_filter(sentence)

    @ui.before_app_request
    def begin() -> None:
        # Before anything is gathered: what happens while a page is made is told again, never lost.
        flask.g.seq = sandbox.bus.seq

    @ui.app_context_processor
    def everywhere() -> dict[str, Any]:
        return {
            "root": flask.request.script_root,
            "hue": reading.hue,
            "initials": reading.initials,
            "raster": reading.RASTER,
            "explain": defects.explain,
            "unseen": inboxpages.unseen(sandbox),
            "seq": flask.g.get("seq", 0),
            **faultpages.everywhere(sandbox),
        }


def _inbox_pages(
    ui: flask.Blueprint, sandbox: Sandbox, settings: Settings, about: About, open_message: OpenMessage
) -> None:
    def inbox_page(open_: reading.Reading | None) -> str:
        # The number comes first: what happens while the page is made is told again, never lost.
        seq = sandbox.bus.seq
        counters = sandbox.store.counters()
        chosen = inboxpages.chosen()
        query = Query.EVERYTHING.within(chosen) if chosen else Query.EVERYTHING
        page = sandbox.store.page(query, limit=FIRST_PAGE)
        return flask.render_template(
            "inbox.html",
            reading=open_,
            counters=counters,
            messages=page.total,
            chosen=chosen,
            flags=" ".join(keywords.FLAGS),
            inboxes=inboxpages.listed(sandbox),
            snippets=snippets(about.addresses.get("smtp", f"{settings.host}:{settings.smtp_port}")),
            about=about,
            setup=island(
                {
                    "seq": seq,
                    "messages": [list_row(message) for message in page.messages],
                    "total": page.total,
                    "unseen": inboxpages.unseen(sandbox),
                    "inbox": chosen,
                    "completions": completions(sandbox),
                }
            ),
        )

    @ui.get("/")
    def inbox() -> str:
        return inbox_page(None)

    @ui.get("/messages/latest")
    def latest() -> Any:
        query = parse(flask.request.args.get("query", ""))
        if inboxpages.chosen():
            query = query.within(inboxpages.chosen())
        page = sandbox.store.page(query, limit=1, count=False)
        if not page.messages:
            raise NotFound("There is no such message yet", "send one to the SMTP port")
        return flask.redirect(f"{flask.request.script_root}/messages/{page.messages[0].id}", 302)

    @ui.get("/messages/<id>")
    def message(id: str) -> str:
        return inbox_page(open_message(id))

    @ui.get("/sample.eml")
    def sample() -> flask.Response:
        return flask.Response(
            samples.sample(sandbox.clock.now()),
            mimetype="message/rfc822",
            headers={"Content-Disposition": 'attachment; filename="sample.eml"', "Cache-Control": "no-store"},
        )


def _message_views(ui: flask.Blueprint, sandbox: Sandbox, open_message: OpenMessage) -> None:
    @ui.get("/messages/<id>/reader")
    def reader(id: str) -> str:
        return flask.render_template("reader.html", reading=open_message(id))

    @ui.get("/messages/<id>/panels/<name>")
    def panel(id: str, name: str) -> str:
        if name not in PANELS + BESIDES:
            raise NotFound(f"There is no tab {name[:40]}", f"one of {', '.join(PANELS + BESIDES)}")
        open_ = open_message(id)
        extra: dict[str, Any] = {}
        if name == "source":
            extra["lines"] = markup.lines(open_.content.html[: reading.TEXT_SHOWN])
        if name == "structure":
            extra["depth"] = reading.depth(open_.content.root)
        if name == "raw":
            extra["raw"], extra["complete"] = open_.raw()
        if name == "delivery":
            extra |= deliverypages.panel(sandbox, open_.message)
        if name == "dialogue" and open_.session is not None:
            extra |= {"verdict": deliverypages.verdict(sandbox, open_.session.id), "rules": rules(sandbox)}
        if name == "notice" and open_.report is not None:
            extra["original"] = original_of(sandbox, open_.report, open_.message.id)
        return flask.render_template(f"panels/{name}.html", reading=open_, shown=reading.TEXT_SHOWN, **extra)

    @ui.get("/messages/<id>/panels/part/<path>")
    def part(id: str, path: str) -> str:
        open_ = open_message(id)
        return flask.render_template("panels/part.html", reading=open_, part=open_.part(path), shown=reading.TEXT_SHOWN)


def _session_pages(ui: flask.Blueprint, sandbox: Sandbox) -> None:
    def listed() -> dict[str, Any]:
        outcome = flask.request.args.get("outcome") or None
        judgement = flask.request.args.get("verdict", "")
        before = flask.request.args.get("before", type=int)
        found = sandbox.sessions(
            limit=SESSIONS_SCANNED if judgement else SESSIONS_PER_PAGE + 1, before=before, outcome=outcome
        )
        older = found[-1].id if len(found) == SESSIONS_SCANNED else None
        verdicts = {one.id: deliverypages.verdict(sandbox, one.id) for one in found}
        if judgement:
            found = [one for one in found if (said := verdicts[one.id]) and said.judgement == judgement]
        page = found[:SESSIONS_PER_PAGE]
        return {
            "sessions": page,
            "verdicts": verdicts,
            "spoke": {one.id: deliverypages.rules_that_spoke(sandbox, one) for one in page},
            "older": page[-1].id if len(found) > SESSIONS_PER_PAGE else older,
            "outcome": outcome or "",
            "judgement": judgement,
            "judgements": deliverypages.JUDGEMENTS,
            "open_now": sandbox.open_sessions(),
        }

    @ui.get("/sessions")
    def sessions() -> str:
        return flask.render_template("sessions.html", outcomes=OUTCOMES, **listed())

    @ui.get("/sessions/list")
    def sessions_list() -> str:
        return flask.render_template("sessions/list.html", **listed())

    def opened(id: str) -> dict[str, Any]:
        number = number_of(id)
        one = None if number is None else sandbox.session(number)
        if one is None:
            raise NotFound(f"There is no session {id[:40]}", "the setting max-sessions says how many are kept")
        return {"session": one, "verdict": deliverypages.verdict(sandbox, one.id), "rules": rules(sandbox)}

    @ui.get("/sessions/<id>")
    def session(id: str) -> str:
        return flask.render_template("session.html", **opened(id))

    @ui.get("/sessions/<id>/view")
    def session_view(id: str) -> str:
        return flask.render_template("sessions/view.html", **opened(id))


def rules(sandbox: Sandbox) -> dict[int, Fault]:
    """The rules there are, by their ids."""
    return {rule.id: rule for rule in sandbox.faults.rules()}


def _settings_page(ui: flask.Blueprint, sandbox: Sandbox, settings: Settings, about: About) -> None:
    @ui.get("/settings")
    def settings_page() -> str:
        groups: dict[str, list[dict[str, Any]]] = {}
        for row in TABLE:
            value = getattr(settings, row.name)
            shown = row.write(value)
            if row.kind == "secret" and shown:
                shown = "••••••"
            groups.setdefault(row.group, []).append({"row": row, "shown": shown, "changed": value != row.default})
        return flask.render_template(
            "settings.html",
            groups=groups,
            counters=sandbox.store.counters(),
            healthy=sandbox.store.healthy(),
            settings=settings,
            about=about,
        )


def list_row(message: Message) -> dict[str, Any]:
    """What the list shows of a message, named as in the API's Summary, which has twice as much."""
    summary = shapes.summary(message)
    return {
        "id": summary.id,
        "received_at": summary.received_at,
        "subject": summary.subject,
        "from": summary.sender,
        "to": summary.to,
        "envelope": summary.envelope,
        "snippet": summary.snippet,
        "seen": summary.seen,
        "tags": summary.tags,
        "attachments": summary.attachments,
        "state": summary.state,
        "defects": summary.defects,
    }


def island(value: dict[str, Any]) -> Markup:
    """JSON for the page's own script. `<` is escaped, so that nothing in it can end the element it stands in."""
    return Markup(encode(value).decode("utf-8").replace("<", "\\u003c"))  # noqa: S704 - escaped just here


def completions(sandbox: Sandbox) -> list[tuple[str, str]]:
    """`(text, help)` for everything the search box offers while one types; texts that end in `:` want a value."""
    offered = query_completions("")
    for field in ("is:", "has:"):
        offered += query_completions(field)
    # Tags are those of all inboxes.
    tags = [] if scope.inbox() else sorted(sandbox.store.tags())
    return offered + [(f"tag:{quoted(tag)}", "A tag in use") for tag in tags]


def when(microseconds: int) -> str:
    """`24 Nov 2026, 06:37:02` in UTC; the browser rewrites it in the reader's own zone."""
    return datetime.fromtimestamp(microseconds / 1_000_000, UTC).strftime("%-d %b %Y, %H:%M:%S")
