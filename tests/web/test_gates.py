"""The gates, for every route there is, every method and every spelling of the path."""

from __future__ import annotations

import hashlib
import json
import sqlite3
from base64 import b64encode
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import unquote_to_bytes

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.routing import Rule
from werkzeug.test import EnvironBuilder

from mailtrap.delivery.hooks.ses import CERTIFICATE, CONFIRMATION
from mailtrap.errors import SettingsError
from mailtrap.sandbox import Sandbox
from mailtrap.settings import Settings
from mailtrap.web.auth import EXEMPT
from mailtrap.web.exposure import check_exposure
from tests.web.serving import MIXED, capture, running_sandbox

FOREIGN_HOSTS = (
    "evil.test", "localhost.evil.test", "127.0.0.1.nip.io", "localhost.", "evil-localhost", "a@localhost", "",
    "127.0.0.1:80:80", "localhost:x", "8.8.8.8", "[2001:db8::1]", "localhost,evil.test", "127.0.0.1 evil.test",
)  # fmt: skip
OWN_HOSTS = ("localhost", "LOCALHOST:8025", "127.0.0.1:1", "[::1]:8025", "127.1.2.3")
FOREIGN_ORIGINS = (
    "http://evil.test", "null", "", "localhost", "https://localhost", "http://localhost:81", "http://evil-localhost",
    "http://localhost.evil.test", "http://localhost@evil.test", "http://127.0.0.1", "file://localhost",
)  # fmt: skip
EXAMPLES = {"id": "1", "part": "1", "path": "1", "name": "headers", "cid": "x", "filename": "favicon.svg"}
CHANGES = ("POST", "PUT", "PATCH", "DELETE")


def rules(app: Flask) -> list[Rule]:
    return list(app.url_map.iter_rules())


def example(rule: Rule) -> str:
    """A path that the rule takes."""
    path = rule.rule
    for name, value in (
        ("id", "1"),
        ("part", "1"),
        ("path", "1"),
        ("name", "headers"),
        ("cid", "x"),
        ("filename", "favicon.svg"),
    ):
        for form in (f"<{name}>", f"<path:{name}>", f"<int:{name}>", f"<string:{name}>", f"<number:{name}>"):
            path = path.replace(form, value)
    assert "<" not in path, f"say in this test what {rule.rule} takes"
    return path


def spellings(path: str) -> list[str]:
    """The same resource as an attacker would write it, as it is on the wire."""
    encoded = "".join(c if c == "/" else f"%{ord(c):02x}" for c in path)
    return [path, encoded, path.replace("/", "//"), f"{path}/", path[:-1] + f"%{ord(path[-1]):02X}"]


def send(app: Flask, method: str, wire_path: str, **headers: str) -> tuple[int, dict[str, str], bytes]:
    """A request with a path exactly as on the wire, to which a server would do no more than decode %XX once."""
    environ = EnvironBuilder(method=method, headers={"Host": "localhost", **headers}).get_environ()

    environ["PATH_INFO"] = unquote_to_bytes(wire_path).decode("latin-1")
    environ["werkzeug.socket"] = None
    if headers.get("Upgrade"):
        environ |= {"HTTP_CONNECTION": "Upgrade", "HTTP_SEC_WEBSOCKET_VERSION": "13",
                    "HTTP_SEC_WEBSOCKET_KEY": "MDEyMzQ1Njc4OWFiY2RlZg=="}  # fmt: skip
    status: list[tuple[int, dict[str, str]]] = []
    pieces = app.wsgi_app(environ, lambda s, h, e=None: status.append((int(s[:3]), dict(h))) or (lambda octets: None))
    body = b"".join(pieces)
    if close := getattr(pieces, "close", None):
        close()
    return (*status[-1], body)


def said(answer: tuple[int, dict[str, str], bytes]) -> int:
    """The status of an answer in the one error shape."""
    status, headers, body = answer
    assert headers["Content-Type"] == "application/json", (status, headers, body[:200])
    error = json.loads(body)["error"]
    assert error["status"] == status
    assert set(error) >= {"status", "code", "message", "hint"}
    assert b"Traceback" not in body
    return status


@pytest.fixture
def app(served: tuple[Sandbox, Flask]) -> Flask:
    capture(served[0], MIXED)
    return served[1]


def test_every_route_refuses_foreign_hosts(app: Flask) -> None:
    for rule in rules(app):
        for host in FOREIGN_HOSTS:
            for path in spellings(example(rule)):
                assert said(send(app, "GET", path, Host=host)) in (400, 421), (path, host)


@pytest.mark.parametrize("host", OWN_HOSTS)
def test_loopback_names_and_addresses_are_ours(app: Flask, host: str) -> None:
    assert send(app, "GET", "/livez", Host=host)[0] == 200


def test_a_rebound_page_is_refused_although_its_origin_is_its_host(app: Flask) -> None:
    assert said(send(app, "DELETE", "/api/messages/1", Host="evil.test:8025", Origin="http://evil.test:8025")) == 421
    assert said(send(app, "GET", "/livez", Host="evil.test", **{"X-Forwarded-Host": "localhost"})) == 421


@pytest.mark.parametrize("method", CHANGES)
def test_every_route_refuses_changes_by_other_sites(app: Flask, sandbox: Sandbox, method: str) -> None:
    for rule in rules(app):
        for path in spellings(example(rule)):
            for origin in FOREIGN_ORIGINS:
                assert said(send(app, method, path, Origin=origin)) == 403, (path, origin)
            for site in ("cross-site", "same-site"):
                assert said(send(app, method, path, **{"Sec-Fetch-Site": site})) == 403
    assert sandbox.store.get(1) is not None


def test_every_route_refuses_upgrades_by_other_sites(app: Flask) -> None:
    for rule in rules(app):
        for path in spellings(example(rule)):
            for origin in FOREIGN_ORIGINS:
                assert said(send(app, "GET", path, Upgrade="websocket", Origin=origin)) == 403, (path, origin)
            assert said(send(app, "GET", path, Upgrade="websocket", **{"Sec-Fetch-Site": "cross-site"})) == 403


def test_another_site_cannot_look_at_the_api_but_may_link_to_a_page(app: Flask) -> None:
    for path in spellings("/api/messages"):
        assert said(send(app, "GET", path, **{"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "no-cors"})) == 403
    link = {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate"}
    assert send(app, "GET", "/", **link)[0] == 200


@pytest.mark.parametrize(
    ("host", "origin"),
    [("localhost", "http://localhost"), ("localhost:8025", "http://localhost:8025"), ("[::1]:8025", "http://[::1]:8025"),
     ("localhost", "http://localhost:80"), ("LOCALHOST", "http://localhost")],
)  # fmt: skip
def test_our_own_pages_may_change_things(app: Flask, host: str, origin: str) -> None:
    answer = send(app, "DELETE", "/api/messages/99", Host=host, Origin=origin, **{"Sec-Fetch-Site": "same-origin"})
    assert said(answer) == 404


def test_behind_a_proxy_that_ends_tls_the_origin_is_https(app: Flask) -> None:
    proxied = {"Origin": "https://localhost", "X-Forwarded-Proto": "https"}
    assert said(send(app, "DELETE", "/api/messages/99", **proxied)) == 404


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
@pytest.mark.parametrize(
    "kind", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", ""]
)
def test_every_route_refuses_bodies_that_a_form_could_send(
    served: tuple[Sandbox, Flask], method: str, kind: str
) -> None:
    app = served[1]
    for rule in rules(app):
        answer = app.test_client().open(example(rule), method=method, data=b'{"seen":true}', content_type=kind or None)
        assert answer.status_code == 415, (rule, method)
        assert answer.get_json()["error"]["code"] == "unsupported_media_type"


def test_every_route_refuses_bodies_that_are_too_large(served: tuple[Sandbox, Flask]) -> None:
    app = served[1]
    for rule in rules(app):
        for method in ("GET", *CHANGES):
            status, _, body = _with_body(app, method, example(rule), str(10**9), "application/json", b"")
            assert (status, json.loads(body)["error"]["code"]) == (413, "too_large"), rule


def test_a_body_without_a_length_is_counted_while_it_is_read() -> None:
    with running_sandbox(max_body=3_000_000, max_message_size=10_000_000) as (sandbox, _, app):
        for method, path, kind in (
            ("POST", "/api/messages", "message/rfc822"),
            ("PATCH", "/api/messages", "application/json"),
        ):
            endless = _Endless()
            status, _, body = _with_body(app, method, path, "", kind, endless)
            assert (status, json.loads(body)["error"]["code"]) == (413, "too_large")
            assert endless.given < 4_000_000
        assert sandbox.store.counters().messages == 0


def test_the_message_size_is_a_limit_by_http_too() -> None:
    with running_sandbox(max_message_size=2_000_000) as (sandbox, _, app):
        answer = app.test_client().post("/api/messages", data=b"x" * 2_000_001, content_type="message/rfc822")
        assert answer.status_code == 413
        assert (
            app.test_client().post("/api/messages", data=b"x" * 2_000_000, content_type="message/rfc822").status_code
            == 201
        )
        assert sandbox.store.counters().messages == 1


@pytest.mark.parametrize(
    "body",
    [b"[" * 100_000, b'{"tags":' * 100_000, b'{"tags":[' + b"[" * 100_000, b'{"x":' + b"[" * 100_000, b"{", b"\xff",
     b'"\xed\xa0\x80"',
     b"[" + b"1," * 400_000 + b"1]", b'{"seen":"yes"}', b'{"unknown":1}', b"null", b'{"tags":[""]}', b'{"tags":null}'],
)  # fmt: skip
def test_json_bombs_and_nonsense_are_refused(client: FlaskClient, sandbox: Sandbox, body: bytes) -> None:
    capture(sandbox)
    for path in ("/api/messages", "/api/messages/1"):
        answer = client.patch(path, data=body, content_type="application/json")
        assert answer.status_code == 400, body[:30]
        assert answer.get_json()["error"]["message"]


def test_compressed_bodies_are_not_taken(client: FlaskClient) -> None:
    for path, kind in (("/api/messages", "message/rfc822"),):
        answer = client.post(path, data=b"\x1f\x8b", content_type=kind, headers={"Content-Encoding": "gzip"})
        assert answer.status_code == 415


@pytest.mark.parametrize(
    "path", ["/api/../api/messages", "/./livez", "/api/%2e%2e/livez", "/livez%00", "/api/messages/%0d%0a"]
)
def test_odd_paths_are_refused(app: Flask, path: str) -> None:
    assert said(send(app, "GET", path)) == 400


def test_no_read_changes_the_database(tmp_path: Path) -> None:
    with running_sandbox(database=str(tmp_path / "mail.db")) as (sandbox, settings, app):
        capture(sandbox, MIXED)
        assert sandbox.store.catch_up()
        before = content_of(settings.database)
        client = app.test_client()
        for rule in rules(app):
            for method in ("GET", "HEAD", "OPTIONS"):
                for query in ("", "?query=Mixed&all=true&seen=true", "?after=0"):
                    with client.open(example(rule) + query, method=method) as answer:
                        assert answer.status_code < 500, (rule, answer.text)
        assert content_of(settings.database) == before


def content_of(database: str) -> str:
    """A digest of every row of every table."""
    digest = hashlib.sha256()
    with sqlite3.connect(f"file:{database}?mode=ro", uri=True) as connection:
        for line in connection.iterdump():
            digest.update(line.encode("utf-8", "surrogateescape"))
    connection.close()
    return digest.hexdigest()


def test_every_answer_carries_the_security_headers(app: Flask) -> None:
    answers = [send(app, "GET", example(rule)) for rule in rules(app)]
    answers += [send(app, "GET", "/nope"), send(app, "POST", "/livez"), send(app, "GET", "/livez", Host="evil.test")]
    for status, headers, _ in answers:
        names = {name.lower(): value for name, value in headers.items()}
        assert names["x-content-type-options"] == "nosniff", status
        assert names["cross-origin-resource-policy"] == "same-origin"
        assert names["cross-origin-opener-policy"] == "same-origin"
        assert "default-src 'none'" in names["content-security-policy"]
        assert "referrer-policy" in names
        assert not [name for name in names if name.startswith("access-control-")]


def test_pages_may_run_only_our_own_scripts_and_api_answers_none(app: Flask) -> None:
    page = send(app, "GET", "/", Accept="text/html")[1]["Content-Security-Policy"]
    assert "script-src 'self';" in page
    assert "unsafe" not in page
    assert "frame-ancestors 'none'" in page
    api = send(app, "GET", "/api/messages")[1]
    assert "sandbox" in api["Content-Security-Policy"]
    assert api["Cache-Control"] == "no-store"


def test_people_get_pages_and_programs_get_json(client: FlaskClient) -> None:
    page = client.get("/nope", headers={"Accept": "text/html,*/*"})
    assert (page.status_code, page.mimetype) == (404, "text/html")
    assert client.get("/nope", headers={"Accept": "*/*"}).mimetype == "application/json"
    assert client.get("/api/nope", headers={"Accept": "text/html"}).mimetype == "application/json"
    assert client.get("/", headers={"Accept": "text/html", "Host": "evil.test"}).mimetype == "text/html"


def test_our_failures_show_nothing_of_the_inside(
    client: FlaskClient, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise RuntimeError("the secret path /var/lib/x")

    monkeypatch.setattr(sandbox.store, "page", fail)
    answer = client.get("/api/messages")
    assert answer.status_code == 500
    assert answer.get_json()["error"]["code"] == "internal"
    assert b"secret" not in answer.data
    assert "the secret path" in caplog.text


@pytest.fixture
def guarded() -> Iterator[Flask]:
    with running_sandbox(web_user="ann", web_password="päss", api_token="tok") as (_, _, app):
        yield app


#: What needs no credentials, and what it answers: nobody has asked for signatures as SNS makes them.
PUBLIC = {"/livez": 200, "/readyz": 200, CERTIFICATE: 404, CONFIRMATION: 200}


def test_every_route_but_the_public_ones_wants_credentials(guarded: Flask) -> None:
    assert set(PUBLIC) == EXEMPT
    basic = {"Authorization": "Basic " + b64encode("ann:päss".encode()).decode()}
    wrong = (
        {}, {"Authorization": "Basic " + b64encode(b"ann:x").decode()}, {"Authorization": "Basic !"},
        {"Authorization": "Bearer tok2"}, {"Authorization": "Bearer "}, {"Authorization": "tok"},
        {"Authorization": "Basic " + b64encode(b"tok").decode()},
    )  # fmt: skip
    for rule in rules(guarded):
        for path in spellings(example(rule)):
            for headers in wrong:
                status, sent, _ = send(guarded, "GET", path, **headers)
                if rule.rule in PUBLIC:
                    assert status == PUBLIC[rule.rule]
                else:
                    assert status == 401, path
                    assert sent["WWW-Authenticate"].startswith("Basic ")
                upgraded = send(guarded, "GET", path, Upgrade="websocket", **headers)[0]
                assert upgraded == 401 or rule.rule in PUBLIC
        for headers in (basic, {"Authorization": "Bearer tok"}, {"Authorization": "bearer tok"}):
            assert send(guarded, "GET", example(rule), **headers)[0] != 401


def test_a_browser_gets_in_with_the_token_as_password() -> None:
    """With a token alone it would ask for a password that nothing satisfies."""
    with running_sandbox(api_token="t:k") as (_, _, app):
        client = app.test_client()
        for credentials, status in {b"any:t:k": 200, b":t:k": 200, b"t:k": 401, b"any:t": 401, b"any:": 401}.items():
            headers = {"Authorization": f"Basic {b64encode(credentials).decode()}"}
            assert client.get("/", headers=headers).status_code == status, credentials
        assert client.get("/", headers={"Authorization": "basic password t:k"}).status_code == 401
        assert client.get("/api/info").get_json()["error"]["message"] == "Credentials are needed"
        wrong = client.get("/api/info", headers={"Authorization": "Bearer wrong"}).get_json()["error"]
        assert wrong["message"] == "These credentials open nothing"


def test_under_a_base_path_everything_is_below_it() -> None:
    with running_sandbox(base_path="/mail/") as (_, _, app):
        client = app.test_client()
        assert client.get("/mail/api/messages").status_code == 200
        assert client.get("/mail//api//messages").status_code == 200
        assert client.get("/mail").status_code == 200
        assert client.get("/api/messages").status_code == 404
        assert client.get("/mailx/api/messages").status_code == 404
        assert client.get("/livez").status_code == 200
        assert client.delete("/mail/api/messages/1", headers={"Origin": "http://evil.test"}).status_code == 403
        assert client.get("/mail/api/openapi.json").get_json()["servers"] == [{"url": "/mail"}]


def test_names_and_addresses_can_be_added() -> None:
    with running_sandbox(allowed_hosts=("mail.dev.test",)) as (_, _, app):
        assert send(app, "GET", "/livez", Host="Mail.Dev.test:80")[0] == 200
        assert send(app, "GET", "/livez", Host="dev.test")[0] == 421
    with running_sandbox(host="0.0.0.0", insecure=True) as (_, _, app):
        assert send(app, "GET", "/livez", Host="192.168.1.7:8025")[0] == 200
        assert send(app, "GET", "/livez", Host="evil.test")[0] == 421


def test_listening_beyond_this_machine_has_to_be_meant() -> None:
    for host in ("0.0.0.0", "::", "192.168.1.7", "example.test", ""):
        with pytest.raises(SettingsError):
            check_exposure(Settings(host=host))
        check_exposure(Settings(host=host, insecure=True))
        check_exposure(Settings(host=host, api_token="t"))
        check_exposure(Settings(host=host, web_user="u", web_password="p"))
    for host in ("127.0.0.1", "::1", "localhost"):
        check_exposure(Settings(host=host))
    with pytest.raises(SettingsError):
        check_exposure(Settings(web_user="u"))


class _Endless:
    def __init__(self) -> None:
        self.given = 0

    def read(self, size: int = -1) -> bytes:
        self.given += size
        return b'"' if self.given == size else b"x" * size


def _with_body(
    app: Flask, method: str, path: str, length: str, kind: str, body: bytes | _Endless
) -> tuple[int, dict[str, str], bytes]:
    environ = EnvironBuilder(method=method, path=path, headers={"Host": "localhost"}).get_environ()
    environ |= {"CONTENT_TYPE": kind, "CONTENT_LENGTH": length, "wsgi.input_terminated": True}
    if isinstance(body, _Endless):
        environ |= {"wsgi.input": body, "HTTP_TRANSFER_ENCODING": "chunked"}
    answer: list[tuple[int, dict[str, str]]] = []
    pieces = app.wsgi_app(environ, lambda s, h, e=None: answer.append((int(s[:3]), dict(h))) or (lambda octets: None))
    return (*answer[-1], b"".join(pieces))
