"""One table of settings; three places that may set one."""

from __future__ import annotations

from pathlib import Path

import pytest
from msgspec.structs import replace

from mailtrap.errors import SettingsError
from mailtrap.imap import policy as imap
from mailtrap.pop3 import protocol as pop3
from mailtrap.settings import HIDEABLE, TABLE, Settings, load, markdown
from mailtrap.smtp import protocol as smtp


def test_a_flag_beats_the_environment_which_beats_the_file(tmp_path: Path) -> None:
    file = tmp_path / "mailtrap.toml"
    file.write_text("smtp-port = 1\nsmtps-port = 1\nweb-port = 1\n")
    settings = load({"web_port": "3"}, {"MAILTRAP_WEB_PORT": "2", "MAILTRAP_SMTPS_PORT": "2"}, file)
    assert (settings.smtp_port, settings.smtps_port, settings.web_port) == (1, 2, 3)


def test_pop3_and_imap_have_ports_of_their_own_or_free_ones_beside_smtp() -> None:
    assert (Settings().pop3_port, Settings().pop3s_port) == (1110, 1995)
    assert (Settings().imap_port, Settings().imaps_port) == (1143, 1993)
    assert (Settings(smtp_port=0).imap_port, Settings(smtp_port=0).imaps_port) == (0, 0)
    assert (Settings(smtp_port=0).pop3_port, Settings(smtp_port=0).pop3s_port) == (0, 0)
    assert replace(Settings(), smtp_port=0).pop3_port == 0
    assert load({"smtp_port": "0", "pop3_port": "1110"}, {}).pop3_port == 1110


def test_unknown_variables_are_ignored_but_unknown_keys_in_the_file_are_not(tmp_path: Path) -> None:
    assert load({}, {"MAILTRAP_API_KEY": "of somebody else"}) == Settings()
    file = tmp_path / "mailtrap.toml"
    file.write_text("smtp-prot = 2525\n")
    with pytest.raises(SettingsError, match="no setting 'smtp-prot'") as caught:
        load({}, {}, file)
    assert caught.value.hint == "did you mean smtp-port?"


@pytest.mark.parametrize(
    ("name", "text", "value"),
    [
        ("max_message_size", "10MB", 10 * 1024 * 1024),
        ("max_message_size", "1.5 kb", 1536),
        ("max_age", "3d", 259_200.0),
        ("idle_timeout", "500ms", 0.5),
        ("hide_extensions", "SIZE, DSN", ("SIZE", "DSN")),
        ("require_tls", "yes", True),
        ("base_path", "mail/", "/mail"),
        ("base_path", "/", ""),
    ],
)
def test_values_are_written_as_people_write_them(name: str, text: str, value: object) -> None:
    assert getattr(load({name: text}, {}), name) == value


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("smtp_port", "70000"),
        ("smtp_port", "-1"),
        ("max_age", "soon"),
        ("require_tls", "maybe"),
        ("auth", "never"),
        ("base_path", "a b"),
        ("base_path", "/x/../y"),
        ("base_path", "/x?y"),
        ("smtp_hostname", ""),
        ("smtp_hostname", "mail example"),
        ("smtp_hostname", "x\r\n250 y"),
        ("allowed_hosts", "a.test,http://b.test/"),
        ("allowed_hosts", "a.test:8025"),
        ("visit_hosts", "https://a.test"),
        ("web_user", "ana:secret"),
        ("api_token", "two words"),
        ("max_body", "0"),
        ("max_web_threads", "0"),
        ("webhook_tries", "0"),
        ("webhook_timeout", "0"),
        ("retry_schedule", "0"),
        ("retry_schedule", "5m,500ms"),
        ("retry_schedule", "5m,0.5"),
        ("retry_schedule", []),
        ("tls_key", "key.pem"),
    ],
)
def test_a_value_that_makes_no_sense_is_named_with_what_to_do(name: str, text: object) -> None:
    with pytest.raises(SettingsError, match=name.replace("_", "-")) as caught:
        load({name: text}, {})
    assert caught.value.hint


def test_a_secret_is_not_repeated() -> None:
    with pytest.raises(SettingsError) as caught:
        load({"api_token": "hush hush"}, {})
    assert "hush" not in str(caught.value) + caught.value.hint


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("base_path", "/a/b-c/d.e"),
        ("smtp_hostname", "[127.0.0.1]"),
        ("smtp_hostname", "mail_1.example.test"),
        ("allowed_hosts", "a.test,[::1],192.0.2.1"),
        ("visit_hosts", ""),
        ("web_user", "Ana María"),
        ("max_live", "0"),
        ("max_errors", "0"),
    ],
)
def test_what_can_be_meant_is_taken(name: str, text: str) -> None:
    [row] = [row for row in TABLE if row.name == name]
    assert row.write(getattr(load({name: text}, {}), name)) == text


def test_an_extension_to_hide_is_one_that_is_offered() -> None:
    of_imap = {*imap.CAPABILITIES, *(f"AUTH={name}" for name in imap.MECHANISMS), *imap.BELONGS.values()}
    assert set(HIDEABLE) == {*smtp.EXTENSIONS, *pop3.CAPABILITIES, "APOP", *of_imap}
    assert load({"hide_extensions": "size, uidPlus"}, {}).hide_extensions == ("size", "uidPlus")
    with pytest.raises(SettingsError, match="no extension 'SISE'") as caught:
        load({"hide_extensions": "DSN,SISE"}, {})
    assert "SIZE, 8BITMIME" in caught.value.hint


def test_a_file_that_is_not_there_or_not_toml_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="No such file"):
        load({}, {}, tmp_path / "absent.toml")
    broken = tmp_path / "broken.toml"
    broken.write_text("smtp-port 2525")
    with pytest.raises(SettingsError, match=r"broken\.toml"):
        load({}, {}, broken)
    for text in ("smtp-port = " + "9" * 5000, "a = " + "[" * 100_000):
        (tmp_path / "long.toml").write_text(text)
        with pytest.raises(SettingsError, match=r"long\.toml"):
            load({}, {}, tmp_path / "long.toml")


def test_defaults_can_be_written_and_read_back() -> None:
    for row in TABLE:
        assert row.read(row.write(row.default), "test") == row.default or row.name == "base_path"


@pytest.mark.parametrize(
    ("seconds", "text"), [(0.0, "0"), (0.5, "0.5"), (90.0, "90"), (300.0, "5m"), (432_000.0, "5d"), (5400.0, "90m")]
)
def test_durations_are_written_in_the_unit_that_fits(seconds: float, text: str) -> None:
    [row] = [row for row in TABLE if row.name == "idle_timeout"]
    assert (row.write(seconds), row.read(text, "test")) == (text, seconds)


def test_the_printed_table_has_every_setting() -> None:
    page = markdown()
    assert all(f"`{row.flag}`" in page and f"`{row.variable}`" in page for row in TABLE)
