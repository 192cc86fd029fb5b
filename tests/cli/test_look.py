"""`list`, `show`, `delete` and what is printed of a mail."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from mailtrap.cli import look, program
from mailtrap.cli.sessions import OUTCOMES
from mailtrap.cli.terminal import block, cut, line, size
from mailtrap.errors import SettingsError
from mailtrap.net.sasl import Credentials
from mailtrap.web import ui
from tests.cli.sandbox_stand_in import StandIn, error, summary

EVIL = "\x1b]0;owned\x07\x1b[31mred\r\n\x9b2J\u202egpj.exe\ud800"


def run(stand_in: StandIn | None, *arguments: str, **more: object) -> Result:
    environ = {"MAILTRAP_URL": stand_in.url} if stand_in else {}
    return CliRunner(env=environ).invoke(program, arguments, **more)  # type: ignore[arg-type]


def test_a_line_of_mail_cannot_steer_a_terminal() -> None:
    assert line(EVIL) == "\\x1b]0;owned\\x07\\x1b[31mred\\x0d\\x0a\\x9b2J\\u202egpj.exe\\ud800"
    assert line("Grüße, 日本 🎉") == "Grüße, 日本 🎉"
    assert block("a\r\n\tb\rc\x1b") == "a\n\tb\\x0dc\\x1b"


@pytest.mark.parametrize(
    ("octets", "said"), [(0, "0 octets"), (1023, "1023 octets"), (9400, "9.2 KB"), (3 << 30, "3.0 GB")]
)
def test_sizes_are_written_for_people(octets: int, said: str) -> None:
    assert size(octets) == said


@pytest.mark.parametrize(
    ("text", "columns", "shown"),
    [
        ("abc", 5, "abc  "),
        ("abcdef", 5, "abcd…"),
        ("日本語", 6, "日本語"),
        ("日本語", 5, "日本…"),
        ("日本語", 4, "日… "),
        ("e\u0301e\u0301e\u0301", 3, "e\u0301e\u0301e\u0301"),
        ("\x1b[31m", 4, "\\x1…"),
        ("", 2, "  "),
    ],
)
def test_columns_are_kept_in_any_script(text: str, columns: int, shown: str) -> None:
    assert cut(text, columns) == shown


def test_on_a_terminal_a_message_takes_one_line_of_its_width(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    row = look._columns(summary(7, subject="日本" * 50 + EVIL, to=[{"name": "", "address": "x" * 500}]))
    assert row.startswith("     7  2026-01-02 03:04:05  Ann <ann@a")
    assert 70 <= sum(2 if character in "日本" else 1 for character in row) <= 80


def test_list_prints_a_message_a_line_newest_first(stand_in: StandIn) -> None:
    stand_in.messages = {1: b"x", 2: b"y"}
    result = run(stand_in, "list")
    assert result.stdout.splitlines() == [
        f"{id}\t2026-01-02T03:04:05.000006Z\tann@a.test\tbob@b.test\thello" for id in (2, 1)
    ]
    assert (result.exit_code, result.stderr) == (0, "")


def test_list_prints_what_the_api_has_as_json(stand_in: StandIn) -> None:
    stand_in.messages = {id: b"x" for id in range(1, 61)}
    shown = json.loads(run(stand_in, "list", "--json", "-n", "3").stdout)
    assert ([message["id"] for message in shown["messages"]], shown["total"]) == (["60", "59", "58"], 60)
    assert len(json.loads(run(stand_in, "list", "--json", "--all").stdout)["messages"]) == 60


def test_words_of_a_query_are_joined(stand_in: StandIn) -> None:
    run(stand_in, "list", "--", "-x", "subject:y")
    assert stand_in.asked[0][1]["query"] == "-x subject:y"


@pytest.mark.parametrize("arguments", [["list"], ["list", "--json"], ["show", "1"], ["show", "1", "--json"]])
def test_nothing_from_a_mail_steers_the_terminal(arguments: list[str], stand_in: StandIn) -> None:
    stand_in.messages = {1: b"x"}
    mailbox = {"name": EVIL, "address": EVIL}
    part = {"path": "1", "type": EVIL, "filename": EVIL, "size": 1, "disposition": "attachment"}
    stand_in.more[1] = {
        "subject": EVIL,
        "from": mailbox,
        "to": [mailbox],
        "envelope": {"from": EVIL, "to": [EVIL]},
        "text": EVIL,
        "tags": [EVIL],
        "parts": [part],
        "header": [{"name": EVIL, "value": EVIL}],
    }
    shown = run(stand_in, *arguments).stdout
    assert "gpj.exe" in shown
    assert [character for character in "\x1b\x07\x9b\u202e\ud800\r" if character in shown] == []


def test_raw_is_exactly_the_octets(stand_in: StandIn) -> None:
    stand_in.messages = {3: b"\x00\x1b[31m\r\n\xff"}
    assert run(stand_in, "show", "3", "--raw").stdout_bytes == b"\x00\x1b[31m\r\n\xff"
    assert run(stand_in, "show", "latest", "--raw").stdout_bytes == b"\x00\x1b[31m\r\n\xff"


def test_show_prints_who_what_and_the_text(stand_in: StandIn) -> None:
    stand_in.messages = {1: b"x"}
    stand_in.more[1] = {"text": "Hello\r\nthere\r\n", "defects": ["bare LF"]}
    shown = run(stand_in, "show", "1").stdout
    for wanted in ("Ann <ann@a.test>", "<ann@a.test> → bob@b.test", "bare LF", "\n\nHello\nthere\n"):
        assert wanted in shown


def test_show_begins_with_codes_and_with_links_that_do_something(stand_in: StandIn) -> None:
    stand_in.messages = {1: b"x"}
    stand_in.more[1] = {
        "codes": [{"code": "482913", "reason": "after “code”", "confidence": 0.96}],
        "links": [
            {"href": "https://a.test/v?x=\x1b", "kind": "verify"},
            {"href": "https://a.test/", "kind": "link"},
            {"href": "https://a.test/u", "kind": "unsubscribe"},
        ],
        "calendar": [{"events": [{"summary": "Plan", "starts_at": "2026-11-24T14:30:00", "zone": "Europe/Berlin"}]}],
        "preheader": "A look inside",
    }
    shown = run(stand_in, "show", "1").stdout
    for wanted in (
        "Code:       482913 (after “code”)\n",
        "Verify:     https://a.test/v?x=\\x1b\n",
        "Unsubscribe: https://a.test/u\n",
        "Event:      Plan, 2026-11-24T14:30:00 Europe/Berlin\n",
        "Preview:    A look inside\n",
    ):
        assert wanted in shown
    assert "https://a.test/\n" not in shown


def test_long_texts_are_fetched_whole(stand_in: StandIn) -> None:
    stand_in.messages = {1: b"x"}
    stand_in.more[1] = {"text": "Hello", "html": "", "truncated": ["text"]}
    stand_in.answers["GET /api/messages/1/text"] = 200, b"Hello, all of it"
    assert "\nHello, all of it\n" in run(stand_in, "show", "1").stdout


def test_headers_html_and_transcript_are_shown(stand_in: StandIn) -> None:
    stand_in.messages = {1: b"x"}
    stand_in.more[1] = {"header": [{"name": "X-A", "value": "b"}], "html": "<b>hi</b>"}
    lines = [{"at": "2026-01-02T03:04:05.678901Z", "side": "C", "text": "EHLO \x1b", "fault": None}]
    stand_in.answers["GET /api/messages/1/transcript"] = 200, json.dumps({"lines": lines}).encode()
    assert run(stand_in, "show", "1", "--headers").stdout == "X-A: b\n"
    assert run(stand_in, "show", "1", "--html").stdout == "<b>hi</b>\n"
    assert run(stand_in, "show", "1", "--transcript").stdout == "03:04:05.678 C: EHLO \\x1b\n"
    stand_in.answers["GET /api/messages/1/transcript"] = 200, b'{"lines": []}'
    told = run(stand_in, "show", "1", "--transcript")
    assert (told.exit_code, told.stdout, told.stderr[:23]) == (0, "", "No dialogue is kept: it")


def test_delete_asks_for_what_was_said(stand_in: StandIn) -> None:
    stand_in.answers["DELETE /api/messages"] = 200, b'{"count": 2, "ids": ["1", "2"]}'
    assert run(stand_in, "delete", "1", "2").stderr == "Deleted 2.\n"
    run(stand_in, "delete", "--query", "subject:x")
    run(stand_in, "delete", "--all")
    assert [asked for _, asked in stand_in.asked] == [{"ids": "1,2"}, {"query": "subject:x"}, {"all": "true"}]


@pytest.mark.parametrize("arguments", [[], ["--query", "  "], ["--all", "1"], ["--all", "--query", "x"]])
def test_delete_refuses_what_could_mean_everything(arguments: list[str], stand_in: StandIn) -> None:
    assert run(stand_in, "delete", *arguments).exit_code == 2
    assert stand_in.asked == []


def test_a_missing_message_is_a_failure(stand_in: StandIn) -> None:
    result = run(stand_in, "show", "9")
    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr.startswith("mailtrap: There is no such thing\n")


@pytest.mark.parametrize("id_", ["abc", "1x", "٣"])
def test_what_is_no_id_is_wrong_usage(id_: str, stand_in: StandIn) -> None:
    result = run(stand_in, "show", id_)
    assert (result.exit_code, stand_in.asked) == (2, [])
    assert "is no id: give a number from `mailtrap list`, or `latest`." in result.stderr


def test_hints_name_commands_not_routes(stand_in: StandIn) -> None:
    hint = "it may have been removed; GET /api/faults lists them"
    stand_in.answers["DELETE /api/faults/9"] = 404, error(404, "not_found", "There is no rule 9", hint)
    result = run(stand_in, "faults", "remove", "9")
    assert result.stderr.endswith("it may have been removed; `mailtrap faults list` lists them\n")


def test_what_no_session_can_end_as_is_wrong_usage(stand_in: StandIn) -> None:
    assert tuple([key for key, _ in ui.OUTCOMES]) == OUTCOMES
    result = run(stand_in, "sessions", "--outcome", "quitted")
    assert (result.exit_code, stand_in.asked) == (2, [])
    assert "'shutdown'" in result.stderr


def test_scenarios_that_are_not_there_say_which_may_be_meant() -> None:
    assert "Did you mean gmail-rate-ip" in run(None, "faults", "scenarios", "gmial-rate-ip").stderr
    assert run(None, "faults", "scenarios", "xyzzy").stderr == "No scenario begins so.\n"


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ("sesions", "No such command 'sesions'. Did you mean 'sessions'"),
        ("IMPORT", "No such command 'IMPORT'. Did you mean 'import'"),
        ("xyzzy", "No such command 'xyzzy'. There are serve, run, send, list, "),
        ("faults scenario", "No such command 'scenario'. Did you mean 'scenarios'"),
        ("inboxes show", "No such command 'show'. There are add, list, remove.\n"),
        ("webhooks tset", "No such command 'tset'. Did you mean 'test'"),
        ("db vacum", "No such command 'vacum'. Did you mean 'vacuum'"),
    ],
)
def test_a_command_that_is_not_there_says_what_may_be_meant(typed: str, said: str) -> None:
    result = run(None, *typed.split())
    assert result.exit_code == 2
    assert said in result.stderr


@pytest.mark.parametrize("group", ["faults", "inboxes", "webhooks"])
def test_a_group_without_a_command_lists_what_there_is(group: str, stand_in: StandIn) -> None:
    empty = {"faults": {"faults": [], "on": False}, "inboxes": {"inboxes": []}, "webhooks": {"webhooks": [], "lost": 7}}
    stand_in.answers[f"GET /api/{group}"] = 200, json.dumps(empty[group]).encode()
    alone, listed = run(stand_in, group), run(stand_in, group, "list")
    assert (alone.exit_code, alone.output) == (0, listed.output)
    assert run(stand_in, group, "--help").stdout.startswith("Usage: ")


def test_every_command_is_told_in_one_line_that_is_not_cut() -> None:
    for group in ((), ("faults",), ("inboxes",), ("webhooks",), ("db",), ("clock",)):
        told = run(None, *group, "--help").stdout
        assert "..." not in told.partition("\n")[2], told


def test_a_query_that_cannot_be_read_is_wrong_usage(stand_in: StandIn) -> None:
    stand_in.answers["GET /api/messages"] = 400, error(400, "query", "what is (?\n(\n^", "close it")
    result = run(stand_in, "list", "(")
    assert (result.exit_code, result.stderr) == (2, "mailtrap: what is (?\n(\n^\n  close it\n")


@pytest.mark.parametrize(
    "url", ["sandbox:8025", "http://my box/", "http://[::1", "http://x:99999", "http://", "http://x/ü", "http://x/\n"]
)
def test_what_is_no_url_is_wrong_usage(url: str) -> None:
    result = run(None, "list", "--url", url)
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr.startswith(f"mailtrap: {url!r} is not the URL of a sandbox\n  give one like http://")


def test_where_there_is_no_tls_it_is_said(stand_in: StandIn) -> None:
    address = stand_in.url.replace("http://", "https://")
    result = run(None, "list", "--url", address)
    assert result.exit_code == 3
    assert result.stderr.startswith(f"mailtrap: TLS with {address} failed: ")
    assert "say http://" in result.stderr


def test_nobody_there_has_its_own_exit_code() -> None:
    result = run(None, "list", "--url", "http://127.0.0.1:1")
    assert result.exit_code == 3
    assert "mailtrap serve" in result.stderr


def test_the_settings_say_where_the_sandbox_is(stand_in: StandIn, monkeypatch: pytest.MonkeyPatch) -> None:
    port = stand_in.url.rpartition(":")[2]
    for name, value in {"WEB_PORT": port, "HOST": "0.0.0.0", "WEB_USER": "u", "WEB_PASSWORD": "p/@"}.items():
        monkeypatch.setenv(f"MAILTRAP_{name}", value)
    assert run(None, "list").exit_code == 0
    assert stand_in.headers[0]["Authorization"] == "Basic dTpwL0A="


def test_a_bad_setting_is_wrong_usage_with_a_hint(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MAILTRAP_WEB_PORT", "http")
    result = run(None, "list")
    assert result.exit_code == 2
    assert (
        result.stderr
        == "mailtrap: MAILTRAP_WEB_PORT: 'http' is not a value for web-port\n  give port, 0 picks a free one\n"
    )


def test_healthcheck_knows_only_yes_and_no(stand_in: StandIn) -> None:
    assert run(None, "healthcheck", "--url", "http://127.0.0.1:1").exit_code == 1
    stand_in.answers["GET /readyz"] = 503, b"{}"
    assert run(stand_in, "healthcheck").exit_code == 1
    stand_in.answers["GET /readyz"] = 200, b"{}"
    assert run(stand_in, "healthcheck").exit_code == 0


def test_settings_are_printed_without_secrets(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MAILTRAP_API_TOKEN", "hush")
    monkeypatch.setenv("MAILTRAP_SMTP_PORT", "2525")
    for arguments in (["settings"], ["settings", "--json"]):
        shown = run(None, *arguments).stdout
        assert "hush" not in shown
        assert "***" in shown
        assert "2525" in shown


def test_a_line_for_the_auth_file_is_printed() -> None:
    result = run(None, "password", "ann", "--stdin", input="secret\n")
    assert result.stdout.startswith("ann:$scrypt$")
    assert "secret" not in result.output
    assert run(None, "password", "ann", "--stdin", input="\n").exit_code == 1
    assert run(None, "password", "a:b", "--stdin", input="x\n").exit_code == 2


def test_an_auth_file_that_is_missing_is_told_with_how_to_make_one(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"cannot be read: No such file or directory$") as missing:
        Credentials.load(tmp_path / "nothing")
    assert "mailtrap password" in missing.value.hint
    (tmp_path / "latin").write_bytes(b"j\xf6rg:x")
    with pytest.raises(SettingsError, match="it is not UTF-8"):
        Credentials.load(tmp_path / "latin")
