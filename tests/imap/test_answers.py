"""What clients ask in odd ways, and what they are answered, in whole sessions (RFC 9051 and its extensions)."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterator

import pytest

from tests.imap.played import Played, Stage


@pytest.fixture(scope="module")
def stage() -> Iterator[Stage]:
    with contextlib.closing(Stage()) as made:
        yield made


@pytest.fixture
def played(stage: Stage) -> Played:
    """A client that has three messages before it."""
    played = Played(stage)
    played.send(b"a LOGIN default any\r\nb SELECT INBOX\r\n")
    return played


def say(played: Played, text: str) -> list[str]:
    return played.send(text.encode() + b"\r\n").decode().split("\r\n")[:-1]


def found(played: Played, program: str) -> str:
    """What SEARCH answers, the tagged response left out."""
    return say(played, f"s SEARCH {program}")[0].removeprefix("* SEARCH").strip()


def test_a_search_that_is_refused_leaves_nothing_saved(played: Played) -> None:
    assert say(played, "c SEARCH RETURN (SAVE) 2:3") == ["c OK Done"]
    assert found(played, "$") == "2 3"
    # BAD changes nothing, NO empties it (RFC 5182 §2.1).
    assert say(played, "d SEARCH RETURN (SAVE) NOTHING")[0].startswith("d BAD ")
    assert found(played, "$") == "2 3"
    refused = ["NO [BADCHARSET (US-ASCII UTF-8)] Searches here are in US-ASCII or UTF-8"]
    assert [line[2:] for line in say(played, "e SEARCH CHARSET X-NONE SUBJECT one")] == refused
    assert found(played, "$") == "2 3"
    assert [line[2:] for line in say(played, "f SEARCH RETURN (SAVE) CHARSET X-NONE SUBJECT one")] == refused
    assert found(played, "$") == ""


def test_the_charset_matters_only_where_there_is_something_to_search(stage: Stage) -> None:
    played = Played(stage)
    played.send(b"a LOGIN default any\r\n")
    assert say(played, "b SEARCH CHARSET X-NONE SUBJECT one") == ["b BAD Open a folder first"]


UIDS = ["* 1 FETCH (UID 1)", "* 2 FETCH (UID 2)", "* 3 FETCH (UID 3)"]
#: Commands, and what is answered to them: whole lines, and OK, NO or BAD.
CASES: dict[str, list[str]] = {
    # Sets of messages, in any order, and `*` wherever it stands (RFC 9051 §9, sequence-set).
    "FETCH 3:1 UID": [*UIDS, "OK"],
    "FETCH 3,1:2,2 UID": [*UIDS, "OK"],
    "FETCH *:2 UID": [*UIDS[1:], "OK"],
    "FETCH * UID": [UIDS[2], "OK"],
    "FETCH 4 UID": ["BAD"],
    "FETCH 2:4 UID": ["BAD"],
    "FETCH 4:* UID": ["BAD"],
    "FETCH 0 UID": ["BAD"],
    "FETCH 4294967296 UID": ["BAD"],
    "FETCH 1,,2 UID": ["BAD"],
    "UID FETCH 9 FLAGS": ["OK"],
    "UID FETCH 9:* UID": [UIDS[2], "OK"],
    "UID FETCH *:9 UID": [UIDS[2], "OK"],
    "UID FETCH 2:1,9 (UID)": [*UIDS[:2], "OK"],
    # Macros stand alone; each attribute once.
    "FETCH 3 FAST": ['* 3 FETCH (FLAGS () INTERNALDATE "…" RFC822.SIZE 27)', "OK"],
    "FETCH 1 (FAST)": ["BAD"],
    "FETCH 1 ()": ["BAD"],
    "FETCH 1 (UID uid)": [UIDS[0], "OK"],
    # Parts of parts: beyond the end there is nothing, and of nothing nobody may ask.
    "FETCH 3 BODY[TEXT]<3.4>": ["* 3 FETCH (BODY[TEXT]<3> {4}", "more)", "OK"],
    "FETCH 3 BODY[]<27.1>": ['* 3 FETCH (BODY[]<27> "")', "OK"],
    "FETCH 3 BODY[]<4294967296.1>": ['* 3 FETCH (BODY[]<4294967296> "")', "OK"],
    "FETCH 3 BODY[]<0.0>": ["BAD"],
    "FETCH 3 BODY[]<0>": ["BAD"],
    "FETCH 3 BODY[HEADER]<9.5>": ["* 3 FETCH (BODY[HEADER]<9> {5}", "three)", "OK"],
    # Sections; what is no message has no header section (RFC 9051 §6.4.5.1), what is not there is NIL.
    "FETCH 3 BODY[1]": ["* 3 FETCH (BODY[1] {9}", "no more", ")", "OK"],
    "FETCH 3 BODY[1.MIME]": ["* 3 FETCH (BODY[1.MIME] {18}", "Subject: three", "", ")", "OK"],
    "FETCH 3 (BODY[1.HEADER] BODY[1.TEXT] BODY[2] BODY[1.1])": [
        "* 3 FETCH (BODY[1.HEADER] NIL BODY[1.TEXT] NIL BODY[2] NIL BODY[1.1] NIL)",
        "OK",
    ],
    "FETCH 3 BODY[0]": ["BAD"],
    "FETCH 3 BODY[MIME]": ["BAD"],
    "FETCH 3 BODY[TEXT.1]": ["BAD"],
    "FETCH 3 BODY[HEADER.FIELDS ()]": ["BAD"],
    'FETCH 3 BODY[header.fields ("X" subject)]': [
        "* 3 FETCH (BODY[HEADER.FIELDS (X SUBJECT)] {18}", "Subject: three", "", ")", "OK",
    ],
    "FETCH 3 BODY[HEADER.FIELDS.NOT (SUBJECT)]": ["* 3 FETCH (BODY[HEADER.FIELDS.NOT (SUBJECT)] {2}", "", ")", "OK"],
    "FETCH 3 (BINARY[1] BINARY.SIZE[1] BINARY.SIZE[9])": [
        "* 3 FETCH (BINARY[1] {9}", "no more", " BINARY.SIZE[1] 9 BINARY.SIZE[9] 0)", "OK",
    ],
    "FETCH 3 BINARY[1.MIME]": ["BAD"],
    "FETCH 3 RFC822.TEXT": ["* 3 FETCH (RFC822.TEXT {9}", "no more", ")", "OK"],
    # Who is not named is NIL; Sender and Reply-To are From.
    "FETCH 2:3 ENVELOPE": [
        '* 2 FETCH (ENVELOPE (NIL "two" ((NIL NIL "ben" "b.test")) ((NIL NIL "ben" "b.test"))'
        ' ((NIL NIL "ben" "b.test")) NIL NIL NIL NIL NIL))',
        '* 3 FETCH (ENVELOPE (NIL "three" NIL NIL NIL NIL NIL NIL NIL NIL))',
        "OK",
    ],
    # Searches.
    "SEARCH 3:1": ["* SEARCH 1 2 3", "OK"],
    "SEARCH UID 9": ["* SEARCH", "OK"],
    "SEARCH UID 9:*": ["* SEARCH 3", "OK"],
    "SEARCH 1:9": ["* SEARCH 1 2 3", "OK"],
    "SEARCH OR OR 1 2 NOT NOT 3": ["* SEARCH 1 2 3", "OK"],
    "SEARCH (1:2 (NOT 1))": ["* SEARCH 2", "OK"],
    "SEARCH ()": ["BAD"],
    "SEARCH OR 1": ["BAD"],
    'SEARCH HEADER FROM ""': ["* SEARCH 1 2", "OK"],
    'SEARCH NOT HEADER From ""': ["* SEARCH 3", "OK"],
    'SEARCH SUBJECT "" TEXT ""': ["* SEARCH 1 2 3", "OK"],
    "SEARCH SUBJECT NIL": ["* SEARCH", "OK"],
    "SEARCH SUBJECT (one)": ["BAD"],
    "SEARCH LARGER 26 SMALLER 28": ["* SEARCH 3", "OK"],
    "SEARCH SENTSINCE 1-Jan-1970": ["* SEARCH", "OK"],
    'SEARCH SINCE "01-Jan-1970" BEFORE 1-jan-9999': ["* SEARCH 1 2 3", "OK"],
    "SEARCH SINCE 31-Feb-2026": ["BAD"],
    "SEARCH KEYWORD \\Seen": ["BAD"],
    "SEARCH RETURN (COUNT MIN MAX) ALL": ['* ESEARCH (TAG "t") MIN 1 MAX 3 COUNT 3', "OK"],
    "SEARCH RETURN () UID 9": ['* ESEARCH (TAG "t")', "OK"],
    "UID SEARCH RETURN (MAX) CHARSET utf-8 ALL": ['* ESEARCH (TAG "t") UID MAX 3', "OK"],
    "SEARCH CHARSET UTF-8 RETURN (MAX) ALL": ["BAD"],
    "SEARCH $": ["* SEARCH", "OK"],
    # Nothing can be changed.
    "STORE 1 +FLAGS (x)": ["NO"],
    "MOVE 1 INBOX": ["NO"],
    "EXPUNGE": ["NO"],
}  # fmt: skip


@pytest.mark.parametrize("command", CASES)
def test_what_is_answered(command: str, stage: Stage) -> None:
    played = Played(stage)
    played.send(b"a LOGIN default any\r\nb EXAMINE INBOX\r\n")
    *said, last = say(played, f"t {command}")
    said = [re.sub('INTERNALDATE "[^"]*"', 'INTERNALDATE "…"', line) for line in said]
    assert [*said, last.split()[1]] == CASES[command]


@pytest.mark.parametrize("command", ["FETCH * UID", "FETCH 1:* UID", "STORE * FLAGS ()", "COPY * All", "MOVE 1 All"])
def test_no_number_is_that_of_a_message_where_there_is_none(command: str, stage: Stage) -> None:
    played = Played(stage)
    played.send(b"a LOGIN default any\r\nb SELECT Bounces\r\n")
    assert say(played, f"t {command}")[-1].startswith("t BAD ")
    assert say(played, f"t UID {command}")[-1].startswith("t OK ")
    assert say(played, "t SEARCH *")[0] == "* SEARCH"


def test_what_was_found_goes_with_the_messages() -> None:
    with contextlib.closing(Stage()) as stage:
        played = Played(stage)
        played.send(b"a LOGIN default any\r\nb SELECT INBOX\r\nc CREATE Kept\r\nd SEARCH RETURN (SAVE) 1:2\r\n")
        assert say(played, "e UID STORE $ +FLAGS.SILENT (\\Deleted)") == ["e OK Flags are set"]
        assert say(played, "f UID EXPUNGE 1")[:-1] == ["* 1 EXPUNGE"]
        assert say(played, "g FETCH $ UID") == ["* 1 FETCH (UID 2)", "g OK Fetched"]
        assert say(played, "h SEARCH $ SEEN") == ["* SEARCH", "h OK Done"]
        assert say(played, "i EXPUNGE")[:-1] == ["* 1 EXPUNGE"]
        for command in ("FETCH $ UID", "UID FETCH $ UID", "COPY $ Kept", "MOVE $ Kept", "STORE $ FLAGS (x)"):
            assert say(played, f"j {command}")[0].startswith("j OK "), command
        say(played, "k SEARCH RETURN (SAVE) ALL")
        say(played, "l SELECT Kept")
        # Of another folder nothing was found yet (RFC 5182 §2.1).
        assert say(played, "m SEARCH $")[0] == "* SEARCH"


def test_subscriptions_are_to_names() -> None:
    with contextlib.closing(Stage()) as stage:
        played = Played(stage)
        played.send(b"a LOGIN default any\r\nb CREATE Work/now\r\nc SUBSCRIBE Work/now\r\nd RENAME Work Done\r\n")
        assert say(played, 'e LIST (SUBSCRIBED) "" W*')[0] == (
            '* LIST (\\NonExistent \\HasNoChildren \\Subscribed) "/" Work/now'
        )
        assert say(played, 'f LIST "" Done/* RETURN (SUBSCRIBED)')[0] == '* LIST (\\HasNoChildren) "/" Done/now'
        assert say(played, 'g LSUB "" W%') == ['* LSUB (\\Noselect) "/" Work', "g OK Done"]
        assert say(played, "h UNSUBSCRIBE Work/now") == ["h OK Done"]
        assert say(played, 'i LSUB "" W*') == ["i OK Done"]
