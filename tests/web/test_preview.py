"""The preview over HTTP: its headers, its parameters, pictures of the message, and messages without HTML."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import flask
import pytest
from flask.testing import FlaskClient

from mailtrap.settings import Settings
from mailtrap.web import failing, preview
from mailtrap.web.about import About
from mailtrap.web.contents import Contents

GIF = base64.b64decode("R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7")
BOMB = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR" + (100_000).to_bytes(4, "big") * 2 + b"\x08\x02\0\0\0" + b"x" * 50_000


class Mails:
    """As much of a sandbox as a preview needs: messages by number."""

    def __init__(self) -> None:
        self.store = self
        self.all: list[bytes] = []

    def add(self, octets: bytes) -> int:
        self.all.append(octets)
        return len(self.all)

    def get(self, id: int) -> Any:
        return SimpleNamespace(id=id, size=len(self.all[id - 1])) if 0 < id <= len(self.all) else None

    def octets(self, id: int) -> Iterator[bytes]:
        yield self.all[id - 1]


@pytest.fixture
def mails() -> Mails:
    return Mails()


@pytest.fixture
def client(mails: Mails) -> FlaskClient:
    app = flask.Flask("test")
    failing.register(app)
    app.register_blueprint(preview.routes(mails, Settings(), About(), Contents(mails)))  # type: ignore[arg-type]
    return app.test_client()


def related(html: str, *pictures: tuple[str, bytes]) -> bytes:
    parts = [b"--b\r\nContent-Type: text/html; charset=utf-8\r\n\r\n" + html.encode()]
    parts += [
        f"--b\r\nContent-Type: image/svg+xml\r\n{field}\r\nContent-Transfer-Encoding: base64\r\n\r\n".encode()
        + base64.encodebytes(octets).replace(b"\n", b"\r\n")
        for field, octets in pictures
    ]
    head = b"MIME-Version: 1.0\r\nContent-Type: multipart/related; boundary=b\r\n\r\n"
    return head + b"\r\n".join(parts) + b"\r\n--b--\r\n"


def test_every_header_that_protects_is_there(client: FlaskClient, mails: Mails) -> None:
    number = mails.add(b"Content-Type: text/html\r\n\r\n<p>x")
    headers = client.get(f"/preview/{number}").headers
    assert headers["Content-Type"] == "text/html; charset=utf-8"
    assert headers["Content-Security-Policy"] == (
        "sandbox; default-src 'none'; style-src 'unsafe-inline'; img-src data:; font-src data:; "
        "base-uri 'none'; form-action 'none'; frame-ancestors 'self'"
    )
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Referrer-Policy"] == "no-referrer"
    assert headers["X-DNS-Prefetch-Control"] == "off"
    assert headers["Cross-Origin-Resource-Policy"] == "same-origin"
    assert headers["Cache-Control"] == "no-store"


def test_remote_content_widens_pictures_styles_and_fonts_and_nothing_else(client: FlaskClient, mails: Mails) -> None:
    number = mails.add(b'Content-Type: text/html\r\n\r\n<img src="http://t.test/a.png">')
    blocked, loaded = client.get(f"/preview/{number}"), client.get(f"/preview/{number}?remote=1")
    assert "t.test" not in blocked.text
    assert blocked.headers["X-Blocked-Remote"] == "1"
    assert '<img src="http://t.test/a.png">' in loaded.text
    assert loaded.headers["Content-Security-Policy"] == (
        "sandbox; default-src 'none'; style-src 'unsafe-inline' http: https:; img-src data: http: https:; "
        "font-src data: http: https:; base-uri 'none'; form-action 'none'; frame-ancestors 'self'"
    )


def test_with_remote_content_our_own_addresses_stay_out(client: FlaskClient, mails: Mails) -> None:
    number = mails.add(
        b'Content-Type: text/html\r\n\r\n<img src="http://mail.test:99/api"><img src="http://x.test:99/">'
    )
    shown = client.get(f"/preview/{number}?remote=1", headers={"Host": "mail.test:99"})
    assert "<img><img>" in shown.text


def test_dark_shows_the_mails_dark_styles(client: FlaskClient, mails: Mails) -> None:
    number = mails.add(
        b"Content-Type: text/html\r\n\r\n<style>@media (prefers-color-scheme: dark){p{color:#fff}}</style><p>x"
    )
    shown = client.get(f"/preview/{number}?scheme=dark")
    assert "@media (min-width:0){p" in shown.text
    assert shown.headers["X-Color-Scheme"] == "dark"


@pytest.mark.parametrize(
    ("html", "canvas", "told"),
    [
        ('<table bgcolor="#ffffff"><tr><td><h1>Rye</h1></table>', "light", "light"),
        ('<p style="background : #fff">x', "light", "light"),
        ("<style>body{color:#333}</style><p>x", "light", "light"),
        ("<p>Only words, of a colour: none</p>", "dark", "dark"),
        ('<meta name="color-scheme" content="light dark"><p style="color:#333">x', "dark", "dark"),
        ('<meta content="light dark" name="supported-color-schemes"><p style="color:#333">x', "dark", "dark"),
        (
            "<style>:root{color-scheme:light dark;supported-color-schemes:light dark}p{color:red}</style>",
            "dark",
            "dark",
        ),
        ("<style>@media (prefers-color-scheme: dark){p{color:#fff}}</style><p>x", "light", "dark"),
        ("<style>:root{color-scheme:light only}p{color:red}</style><p>dark", "light", "light"),
    ],
)
def test_a_mail_is_shown_on_dark_only_if_it_can_bear_it(
    html: str, canvas: str, told: str, client: FlaskClient, mails: Mails
) -> None:
    number = mails.add(b"Content-Type: text/html\r\n\r\n" + html.encode())
    shown = client.get(f"/preview/{number}?scheme=dark")
    assert f":root{{color-scheme:{canvas}}}" in shown.text
    assert shown.headers["X-Color-Scheme"] == told
    assert client.get(f"/preview/{number}?scheme=light").headers["X-Color-Scheme"] == "light"


@pytest.mark.parametrize(
    ("source", "field"),
    [
        ("cid:logo@x", "Content-ID: <logo@x>"),
        ("cid:logo%40x", "Content-ID: <logo@x>"),
        ("http://x.test/logo.png", "Content-Location: http://x.test/logo.png"),
        ("logo.png", "Content-Location: logo.png"),
    ],
)
def test_a_picture_of_the_message_is_in_the_document(
    client: FlaskClient, mails: Mails, source: str, field: str
) -> None:
    number = mails.add(related(f'<img src="{source}">', (field, GIF)))
    shown = client.get(f"/preview/{number}").text
    assert f'<img src="data:image/gif;base64,{base64.b64encode(GIF).decode()}">' in shown


@pytest.mark.parametrize("octets", [b"<svg xmlns='http://www.w3.org/2000/svg'/>", BOMB, b"", b"<html>"])
def test_what_is_no_harmless_picture_is_not(client: FlaskClient, mails: Mails, octets: bytes) -> None:
    number = mails.add(related('<img src="cid:a">', ("Content-ID: <a>", octets)))
    assert "<img>" in client.get(f"/preview/{number}").text
    assert client.get(f"/preview/{number}/cid/a").status_code == 404


def test_pictures_repeated_without_end_are_left_out(client: FlaskClient, mails: Mails) -> None:
    picture = GIF + b"\0" * 500_000
    number = mails.add(
        related('<img src="cid:a"><p style="background:url(cid:a)">' * 1000, ("Content-ID: <a>", picture))
    )
    shown = client.get(f"/preview/{number}")
    assert 1_000_000 < len(shown.data) < 12_000_000


def test_a_picture_by_its_own_address_has_the_type_of_its_octets(client: FlaskClient, mails: Mails) -> None:
    number = mails.add(related("x", ("Content-ID: <a/b c>", GIF)))
    picture = client.get(f"/preview/{number}/cid/a/b%20c")
    assert (picture.data, picture.headers["Content-Type"]) == (GIF, "image/gif")
    assert picture.headers["Cross-Origin-Resource-Policy"] == "same-origin"
    assert "sandbox" in picture.headers["Content-Security-Policy"]


def test_a_message_without_html_shows_its_text(client: FlaskClient, mails: Mails) -> None:
    number = mails.add(b"Content-Type: text/plain\r\n\r\n\r\n<script>alert(1)</script> a & b")
    assert "&lt;script&gt;alert(1)&lt;/script&gt; a &amp; b" in client.get(f"/preview/{number}").text


def test_what_is_not_there_is_told_in_the_one_shape(client: FlaskClient, mails: Mails) -> None:
    number = mails.add(b"Content-Type: text/html\r\n\r\nx")
    for path in ("/preview/99", "/preview/99/cid/a", f"/preview/{number}/cid/a", f"/preview/{9**40}"):
        answer = client.get(path)
        assert answer.status_code == 404
        assert answer.get_json()["error"]["code"] == "not_found"
    assert client.get(f"/preview/{number}?scheme=pink").status_code == 400
    assert client.get(f"/preview/{number}?remote=yes").status_code == 400


@pytest.mark.parametrize(
    "octets", [b"", b"\0" * 100, b"Content-Type: text/html; charset=utf-7\r\n\r\n+ADw-b+AD4-", b"\xff\xfe\r\n\r\n\xff"]
)
def test_any_octets_can_be_shown(client: FlaskClient, mails: Mails, octets: bytes) -> None:
    assert client.get(f"/preview/{mails.add(octets)}").status_code == 200
