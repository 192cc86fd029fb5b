"""A session that does what rules say, played without a socket: every effect at every step where it makes sense."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from mailtrap.delivery.told import Told
from mailtrap.errors import StorageFull
from mailtrap.faults.aftermath import Deed
from mailtrap.faults.rule import Effect, Ehlo, Fault, Said, Step
from mailtrap.net.actions import Delay
from tests.smtp.stand_ins import ENVELOPE, OPENING, Played, Rules, codes

CONTENT = b"Subject: x\r\nMessage-ID: <1@b.test>\r\n\r\nbody\r\n"
MESSAGE = ENVELOPE + b"DATA\r\n" + CONTENT + b".\r\n"
#: What brings a session to each step, and the code that is said there where nothing goes wrong.
PATHS: dict[Step, tuple[bytes, bytes, int]] = {
    Step.EHLO: (b"", b"EHLO x\r\n", 250),
    Step.STARTTLS: (OPENING, b"STARTTLS\r\n", 220),
    Step.AUTH: (OPENING, b"AUTH PLAIN AHUAcA==\r\n", 235),
    Step.MAIL: (OPENING, b"MAIL FROM:<a@b.test>\r\n", 250),
    Step.RCPT: (OPENING + b"MAIL FROM:<a@b.test>\r\n", b"RCPT TO:<c@d.test>\r\n", 250),
    Step.DATA: (OPENING + ENVELOPE, b"DATA\r\n", 354),
    Step.END_OF_DATA: (OPENING + ENVELOPE + b"DATA\r\n", CONTENT + b".\r\n", 250),
    Step.RSET: (OPENING + ENVELOPE, b"RSET\r\n", 250),
    Step.QUIT: (OPENING, b"QUIT\r\n", 221),
}
NO = Said(451, "4.7.1", "Not now,\nperhaps later")
ON_WIRE = b"451-4.7.1 Not now,\r\n451 4.7.1 perhaps later\r\n"


def played(*rules: Fault, **options: Any) -> Played:
    one = Played(rules=rules, **options)
    one.deeds: list[Deed] = []  # type: ignore[misc]
    one.told: list[Told] = []  # type: ignore[misc]
    one.sandbox.history.note = one.deeds.append  # type: ignore[method-assign]
    one.sandbox.tell = one.told.append
    return one


def at(step: Step, effect: Effect, **options: Any) -> Played:
    """Played up to the step, with one rule there."""
    one = played(Fault(step, effect), **options)
    before, command, _ = PATHS[step]
    one.send(before)
    one.send(command)
    return one


def said_at(step: Step, effect: Effect) -> tuple[Played, bytes]:
    one = played(Fault(step, effect))
    before, command, _ = PATHS[step]
    one.send(before)
    return one, one.send(command)


@pytest.mark.parametrize("step", PATHS)
def test_a_reply_is_said_instead_octet_for_octet(step: Step) -> None:
    one, said = said_at(step, Effect(reply=NO))
    assert said == ON_WIRE
    assert not one.closed
    assert one.store.kept == []
    assert one.faults == [("S 451-4.7.1 Not now,\n451 4.7.1 perhaps later", 1)]


@pytest.mark.parametrize("step", PATHS)
def test_a_reply_of_the_right_class_only_changes_the_words(step: Step) -> None:
    code = PATHS[step][2]
    one, said = said_at(step, Effect(reply=Said(code, "", "As you like")))
    assert said == b"%d As you like\r\n" % code
    if step is Step.EHLO:
        assert codes(one.send(ENVELOPE)) == [250, 250]
    elif step is Step.END_OF_DATA:
        assert len(one.store.kept) == 1
    elif step is Step.STARTTLS:
        assert one.troubles == [""]
    assert one.closed is (step is Step.QUIT)


@pytest.mark.parametrize(("step", "code"), [(Step.STARTTLS, 250), (Step.DATA, 399), (Step.RCPT, 252)])
def test_another_code_of_the_right_class_is_a_yes_as_well(step: Step, code: int) -> None:
    one, said = said_at(step, Effect(reply=Said(code, "", "As you like")))
    assert said == b"%d As you like\r\n" % code
    if step is Step.STARTTLS:
        assert one.troubles == [""]  # the handshake begins
    else:
        one.send((b"" if step is Step.DATA else b"DATA\r\n") + CONTENT + b".\r\n")
        assert len(one.store.kept) == 1


@pytest.mark.parametrize(("step", "code"), [(Step.STARTTLS, 354), (Step.DATA, 250), (Step.RCPT, 354)])
def test_a_code_of_a_class_that_means_nothing_there_is_a_no(step: Step, code: int) -> None:
    one, said = said_at(step, Effect(reply=Said(code, "", "As you like")))
    assert said == b"%d As you like\r\n" % code
    assert one.troubles == []
    assert codes(one.send({Step.STARTTLS: b"MAIL FROM:<a@b.test>\r\n"}.get(step, b"DATA\r\n"))) == [
        {Step.STARTTLS: 250, Step.DATA: 250, Step.RCPT: 503}[step]
    ]


@pytest.mark.parametrize("step", PATHS)
def test_a_421_closes(step: Step) -> None:
    one, said = said_at(step, Effect(reply=Said(421, "4.3.2", "Good night")))
    assert said == b"421 4.3.2 Good night\r\n"
    assert one.closed
    assert not one.reset
    assert one.session.transcript.outcome == "fault"
    assert one.faults[-1] == ("- Connection closed", 1)


@pytest.mark.parametrize("reset", [False, True])
@pytest.mark.parametrize("step", PATHS)
def test_disconnected_before_the_reply(step: Step, reset: bool) -> None:
    one, said = said_at(step, Effect(disconnect="before-reply", reset=reset))
    assert said == b""
    assert one.closed
    assert one.reset is reset
    assert one.store.kept == []
    assert one.faults == [("- Connection reset" if reset else "- Connection closed", 1)]


@pytest.mark.parametrize("step", PATHS)
def test_disconnected_after_the_reply(step: Step) -> None:
    one, said = said_at(step, Effect(disconnect="after-reply", reset=True))
    assert codes(said) == [PATHS[step][2]]
    assert one.closed
    assert one.reset
    assert len(one.store.kept) == (step is Step.END_OF_DATA)


@pytest.mark.parametrize("step", PATHS)
def test_a_delay_comes_before_the_reply_and_is_noted(step: Step) -> None:
    one, said = said_at(step, Effect(delay=5.0))
    assert codes(said) == [PATHS[step][2]]
    assert one.delays == [5.0]
    assert one.faults == [("- 5 s pass before the reply", 1)]


@pytest.mark.parametrize("step", [Step.RCPT, Step.END_OF_DATA])
def test_a_wait_that_is_cut_short_is_noted(step: Step) -> None:
    one = played(Fault(step, Effect(delay=600.0)), hold=True)
    before, command, _ = PATHS[step]
    one.send(before)
    assert one.send(command) == b""
    while not isinstance(one.waiting[0], Delay):
        one.answer(one.waiting.pop(0))
    one.lost()
    notes = [text for text, _ in one.faults]
    assert notes == ["- 600 s pass before the reply", "- The client sends no more: the wait is cut short"]


@pytest.mark.parametrize("step", PATHS)
def test_a_stall_says_nothing_more_until_the_client_goes(step: Step) -> None:
    one, said = said_at(step, Effect(stall=True))
    assert said == b""
    assert one.delays == [None]
    assert one.send(b"NOOP\r\n") == b""
    one.lost()
    assert one.take() == b""
    assert one.session.transcript.ended_at is not None
    assert one.sandbox.faults.over == [1]


@pytest.mark.parametrize("step", PATHS)
def test_a_stall_ends_with_the_server(step: Step) -> None:
    one, _ = said_at(step, Effect(stall=True))
    one.perform(one.session.shutdown())
    one.perform(one.session.resume(None))
    assert codes(one.take()) == [421]
    assert one.closed


@pytest.mark.parametrize("step", PATHS)
def test_a_reply_may_be_followed_by_a_stall(step: Step) -> None:
    one, said = said_at(step, Effect(reply=NO, stall=True))
    assert said == ON_WIRE
    assert one.delays == [None]


@pytest.mark.parametrize("step", PATHS)
def test_a_garbled_reply_says_yes_all_the_same(step: Step) -> None:
    one, said = said_at(step, Effect(malformed="bare-lf"))
    assert said.startswith(b"%d" % PATHS[step][2])
    assert b"\r" not in said
    assert one.faults[0][1] == 1
    assert len(one.store.kept) == (step is Step.END_OF_DATA)


def test_a_garbled_refusal_refuses() -> None:
    _, said = said_at(Step.RCPT, Effect(reply=Said(550, "5.1.1", "No"), malformed="wrong-code"))
    assert said == b"999 5.1.1 No\r\n"


def test_a_throttle_begins_and_takes_what_came_already() -> None:
    one = played(Fault(Step.MAIL, Effect(throttle=100)))
    assert codes(one.send(OPENING + ENVELOPE)) == [220, 250, 250, 250]
    assert one.rates == [100]
    assert one.faults == [("- 100 octets a second from here on, both ways", 1)]


def test_a_throttled_client_is_not_called_slow() -> None:
    one = played(Fault(Step.DATA, Effect(throttle=10)))
    one.send(OPENING + ENVELOPE + b"DATA\r\n")
    for _ in range(20):
        one.time += 60
        one.send(b"x")
        one.perform(one.session.tick())
    assert not one.closed
    one.time += 301
    one.perform(one.session.tick())
    one.time += 301
    one.perform(one.session.tick())
    assert codes(one.take()) == [421]


# The beginning.


@pytest.mark.parametrize("step", [Step.CONNECT, Step.GREETING])
def test_a_greeting_that_refuses_leaves_only_quit(step: Step) -> None:
    one = played(Fault(step, Effect(reply=Said(554, "5.3.2", "No SMTP service here"))))
    assert one.take() == b"554 5.3.2 No SMTP service here\r\n"
    assert codes(one.send(b"EHLO x\r\nMAIL FROM:<a@b.test>\r\nQUIT\r\n")) == [503, 503, 221]
    assert one.closed


def test_dropped_before_the_greeting() -> None:
    one = played(Fault(Step.CONNECT, Effect(disconnect="before-reply", reset=True)))
    assert (one.take(), one.closed, one.reset) == (b"", True, True)


def test_what_is_refused_at_a_connection_that_begins_with_tls_is_said_after_the_handshake() -> None:
    one = played(Fault(Step.CONNECT, Effect(reply=Said(554, "5.3.2", "No"), disconnect="after-reply")), tls_first=True)
    assert one.troubles == [""]
    assert one.take() == b"554 5.3.2 No\r\n"
    assert one.closed


@pytest.mark.parametrize("talks", [False, True])
def test_who_talks_before_the_greeting_is_complete_is_refused(talks: bool) -> None:
    one = played(Fault(Step.GREETING, Effect(early_talker=2.0)), hold=True)
    assert one.take() == b"220-localhost ESMTP mailtrap\r\n"
    assert one.waiting == [Delay(2.0)]
    if talks:
        one.send(OPENING)
    one.release()
    if talks:
        assert one.take() == b"554 5.5.0 You talk before it is your turn\r\n"
        assert one.closed
    else:
        assert one.take() == b"220 localhost ESMTP mailtrap\r\n"
        assert codes(one.send(OPENING)) == [250]


# EHLO and TLS.


def test_hidden_extensions_are_neither_offered_nor_honoured_in_this_session() -> None:
    one = played(Fault(Step.EHLO, Effect(ehlo=Ehlo(hide=("starttls", "SIZE"), add=("XTHING one two",))), first=1))
    said = one.send(OPENING)
    assert b"STARTTLS" not in said
    assert b"SIZE" not in said
    assert said.endswith(b"250 XTHING one two\r\n")
    assert codes(one.send(b"STARTTLS\r\nMAIL FROM:<a@b.test> SIZE=99999999999\r\nRSET\r\n")) == [502, 250, 250]
    assert b"STARTTLS" in one.send(OPENING)
    assert codes(one.send(b"STARTTLS\r\n")) == [220]


def test_without_enhanced_codes_replies_have_none() -> None:
    one = played(
        Fault(Step.EHLO, Effect(ehlo=Ehlo(hide=("ENHANCEDSTATUSCODES",)))),
        Fault(Step.RCPT, Effect(reply=Said(550, "5.1.1", "No"))),
    )
    one.send(OPENING)
    assert one.send(ENVELOPE) == b"250 Sender OK\r\n550 No\r\n"


@pytest.mark.parametrize("trouble", ["expired", "wrong-host", "abort", "garbage", "old-version"])
@pytest.mark.parametrize("tls_first", [False, True])
def test_a_handshake_goes_wrong(trouble: str, tls_first: bool) -> None:
    one = played(Fault(Step.STARTTLS, Effect(tls=trouble)), tls_first=tls_first)  # type: ignore[arg-type]
    if not tls_first:
        assert codes(one.send(OPENING + b"STARTTLS\r\n")) == [220, 250, 220]
    assert one.troubles == [trouble]
    assert one.faults == [(f"- The TLS handshake goes wrong: {trouble}", 1)]


def test_starttls_is_offered_then_refused() -> None:
    one, said = said_at(Step.STARTTLS, Effect(tls="refuse"))
    assert said == b"454 4.7.0 TLS not available due to temporary reason\r\n"
    assert codes(one.send(ENVELOPE)) == [250, 250]


def test_a_port_that_begins_with_tls_refuses_by_an_alert() -> None:
    assert played(Fault(Step.STARTTLS, Effect(tls="refuse")), tls_first=True).troubles == ["refuse"]


# The content.


@pytest.mark.parametrize("size", [0, 1, 7])
@pytest.mark.parametrize("step", [Step.IN_DATA, Step.DATA, Step.RCPT])
def test_broken_off_after_exactly_so_many_octets(step: Step, size: int) -> None:
    one = played(Fault(step, Effect(disconnect="mid-data", after=20, reset=True)))
    one.send(OPENING + ENVELOPE + b"DATA\r\n")
    one.send(CONTENT[:19], size)
    assert not one.closed
    one.send(CONTENT[19:] + b".\r\n", size)
    assert (one.closed, one.reset, one.store.kept) == (True, True, [])
    assert ("- After 20 octets of content", 1) in one.faults


def test_content_shorter_than_that_is_taken() -> None:
    one = played(Fault(Step.IN_DATA, Effect(disconnect="mid-data", after=1000)))
    assert codes(one.send(OPENING + MESSAGE + MESSAGE)) == [220, 250] + [250, 250, 354, 250] * 2
    assert len(one.store.kept) == 2


@pytest.mark.parametrize("size", [0, 1, 5])
def test_content_in_chunks_is_counted_across_them(size: int) -> None:
    one = played(Fault(Step.IN_DATA, Effect(disconnect="mid-data", after=25)))
    one.send(OPENING + ENVELOPE)
    assert codes(one.send(b"BDAT 10\r\n0123456789BDAT 10\r\n0123456789", size)) == [250, 250]
    one.send(b"BDAT 10 LAST\r\n01234", size)
    assert one.closed
    assert one.store.kept == []


@pytest.mark.parametrize("chunked", [False, True])
def test_a_reply_before_the_end_is_the_only_one(chunked: bool) -> None:
    one = played(Fault(Step.IN_DATA, Effect(reply=Said(550, "5.7.1", "Enough"), after=5)))
    one.send(OPENING + ENVELOPE + (b"BDAT 40 LAST\r\n" if chunked else b"DATA\r\n"))
    assert one.send(b"x" * 10) == b"550 5.7.1 Enough\r\n"
    assert one.send(b"y" * 28 + b"\r\n" if chunked else b"y\r\n.\r\n") == b""
    assert codes(one.send(b"NOOP\r\n")) == [250]
    assert one.store.kept == []
    assert not one.session.in_transaction


def test_nothing_is_read_after_an_early_reply_with_a_stall() -> None:
    one = played(Fault(Step.IN_DATA, Effect(reply=Said(550, "5.7.1", "Enough"), after=5, stall=True)))
    one.send(OPENING + ENVELOPE + b"DATA\r\n")
    assert one.send(b"x" * 20_000) == b"550 5.7.1 Enough\r\n"
    assert one.session.holding


def test_content_is_read_slowly_from_an_octet_on() -> None:
    one = played(Fault(Step.IN_DATA, Effect(throttle=50, after=10)))
    assert codes(one.send(OPENING + MESSAGE)) == [220, 250, 250, 250, 354, 250]
    assert one.rates == [50]
    assert one.store.content() == CONTENT


def test_early_replies_for_chunks_that_data_refuses() -> None:
    one = played(Fault(Step.DATA, Effect(reply=NO)))
    one.send(OPENING + ENVELOPE)
    assert one.send(b"BDAT 6 LAST\r\nRSET\r\n") == ON_WIRE
    assert one.store.kept == []


# The end of the content.


def test_kept_then_closed_without_a_reply() -> None:
    one, said = said_at(Step.END_OF_DATA, Effect(disconnect="after-store"))
    assert said == b""
    assert one.closed
    assert one.store.content() == CONTENT
    assert one.deeds[0].message == 1
    assert one.deeds[0].code == 0
    assert one.deeds[0].message_id == "<1@b.test>"


def test_a_delay_at_the_end_comes_when_the_message_is_kept() -> None:
    one = at(Step.END_OF_DATA, Effect(delay=600.0), hold=True)
    while one.waiting and not isinstance(one.waiting[0], Delay):
        one.answer(one.waiting.pop(0))
    assert one.waiting == [Delay(600.0)]
    assert len(one.store.kept) == 1
    one.take()
    one.release()
    assert codes(one.take()) == [250]


@pytest.mark.parametrize("step", [Step.END_OF_DATA, Step.RCPT, Step.MAIL, Step.DATA])
def test_discarded_mail_gets_its_250(step: Step) -> None:
    one = played(Fault(step, Effect(discard=True)))
    assert codes(one.send(OPENING + MESSAGE)) == [220, 250, 250, 250, 354, 250]
    assert one.store.kept == []
    assert one.faults


@pytest.mark.parametrize("step", [Step.RCPT, Step.MAIL, Step.DATA])
@pytest.mark.parametrize(
    ("effect", "replies"),
    [
        (Effect(disconnect="mid-data", after=4), [220, 250, 250, 250, 354]),
        (Effect(disconnect="after-store"), [220, 250, 250, 250, 354]),
        (Effect(discard=True), [220, 250, 250, 250, 354, 250]),
    ],
)
def test_what_comes_later_comes_without_the_words_and_the_wait_of_its_step(
    step: Step, effect: Effect, replies: list[int]
) -> None:
    said = Said(354 if step is Step.DATA else 250, "", "As a rule says")
    one = played(Fault(step, msgspec.structs.replace(effect, reply=said, delay=5.0)))
    heard = one.send(OPENING + MESSAGE)
    assert codes(heard) == replies
    assert heard.count(b"As a rule says") == 1
    assert one.delays == [5.0]


def test_one_recipient_is_discarded_and_the_other_kept() -> None:
    one = played(Fault(Step.RCPT, Effect(discard=True), when="c@d.test"))
    one.send(OPENING + MESSAGE.replace(b"DATA", b"RCPT TO:<e@f.test>\r\nDATA"))
    assert one.store.kept[0].envelope.addresses == ("e@f.test",)


def test_one_of_three_recipients_is_refused() -> None:
    one = played(Fault(Step.RCPT, Effect(reply=Said(550, "5.1.1", "No such mailbox")), when="two@d.test"))
    one.send(OPENING + b"MAIL FROM:<a@b.test>\r\n")
    said = one.send(b"RCPT TO:<one@d.test>\r\nRCPT TO:<two@d.test>\r\nRCPT TO:<three@d.test>\r\n")
    assert codes(said) == [250, 550, 250]
    one.send(b"DATA\r\n" + CONTENT + b".\r\n")
    assert one.store.kept[0].envelope.addresses == ("one@d.test", "three@d.test")
    (deed,) = one.deeds
    assert (deed.step, deed.code, deed.message, deed.faults) == ("end-of-data", 250, 1, (1,))
    assert [(one.recipient, one.code) for one in deed.answered] == [
        ("two@d.test", 550),
        ("one@d.test", 250),
        ("three@d.test", 250),
    ]
    assert [(told.kind, told.recipient, told.code, told.status) for told in one.told] == [
        ("refused", "two@d.test", 550, "5.1.1")
    ]


def test_the_content_is_known_at_its_end_and_only_read_if_asked_for() -> None:
    one = at(Step.END_OF_DATA, Effect(passes=True))
    book: Any = one.sandbox.faults
    occasion = book.asked[-1]
    assert occasion.content().message.heading.subject == "x"
    assert occasion.content() is occasion.content()
    assert occasion.size == len(CONTENT)
    assert (occasion.sender, occasion.recipients, occasion.helo) == ("a@b.test", ("c@d.test",), "client.test")
    assert (occasion.peer, occasion.session, occasion.transaction) == ("127.0.0.1", 1, 1)


def test_big_content_is_understood_elsewhere() -> None:
    one = played(Fault(Step.END_OF_DATA, Effect(reply=NO)))
    big = b"Subject: big\r\n\r\n" + b"x" * 70_000 + b"\r\n.\r\n"
    assert one.send(OPENING + ENVELOPE + b"DATA\r\n" + big).endswith(ON_WIRE)
    huge = b"Subject: huge\r\n\r\n" + b"x\r\n" * 400_000 + b".\r\n"
    assert one.send(ENVELOPE + b"DATA\r\n" + huge).endswith(ON_WIRE)
    assert one.store.spools[0].discarded
    assert one.told[-1].subject == "huge"


# LMTP.


LMTP = b"LHLO x\r\nMAIL FROM:<a@b.test>\r\nRCPT TO:<one@d.test>\r\nRCPT TO:<two@d.test>\r\nRCPT TO:<two@d.test>\r\n"


def test_lmtp_has_a_reply_for_each_recipient() -> None:
    one = Played()
    one.take()
    assert codes(one.send(LMTP + b"DATA\r\n")) == [250, 250, 250, 250, 250, 354]
    assert codes(one.send(CONTENT + b".\r\n")) == [250, 250, 250]
    assert one.store.kept[0].envelope.addresses == ("one@d.test", "two@d.test", "two@d.test")
    assert one.store.kept[0].arrival.protocol == "LMTP"
    assert codes(one.send(LMTP + b"BDAT 3 LAST\r\nx\r\n")) == [250, 250, 250, 250, 250, 250, 250, 250]
    one.store.failure = StorageFull("full")
    one.send(LMTP)
    assert codes(one.send(b"DATA\r\nx\r\n.\r\n")) == [354, 452, 452, 452]


def test_lmtp_faults_are_per_recipient() -> None:
    one = played(
        Fault(Step.END_OF_DATA, Effect(reply=Said(452, "4.2.2", "<{recipient}> is full")), when="two@d.test", first=1),
        Fault(Step.END_OF_DATA, Effect(delay=3.0), when="one@d.test"),
    )
    one.send(LMTP + b"DATA\r\n")
    said = one.send(CONTENT + b".\r\n")
    assert codes(said) == [250, 452, 250]
    assert b"452 4.2.2 <two@d.test> is full\r\n" in said
    assert one.delays == [3.0]
    assert one.store.kept[0].envelope.addresses == ("one@d.test", "two@d.test")
    assert [one.code for one in one.deeds[0].answered] == [250, 452, 250]


def test_lmtp_may_end_in_the_midst_of_its_replies() -> None:
    one = played(Fault(Step.END_OF_DATA, Effect(disconnect="after-store"), when="two@d.test"))
    one.send(LMTP + b"DATA\r\n")
    assert codes(one.send(CONTENT + b".\r\n")) == [250]
    assert one.closed
    assert [one.code for one in one.deeds[0].answered] == [250, 0, 0]


# Deeds.


def deed(one: Played) -> tuple[str, int, int]:
    (only,) = one.deeds
    return only.step, only.code, only.message


@pytest.mark.parametrize(
    ("step", "effect", "expected"),
    [
        (Step.EHLO, Effect(reply=Said(502, "5.5.1", "No")), ("ehlo", 502, 0)),
        (Step.EHLO, Effect(disconnect="before-reply"), ("ehlo", 0, 0)),
        (Step.STARTTLS, Effect(tls="refuse"), ("starttls", 454, 0)),
        (Step.STARTTLS, Effect(tls="expired"), ("starttls", 220, 0)),
        (Step.AUTH, Effect(reply=Said(535, "5.7.8", "No")), ("auth", 535, 0)),
        (Step.MAIL, Effect(reply=Said(421, "4.7.0", "No")), ("mail", 421, 0)),
        (Step.MAIL, Effect(stall=True), ("mail", 0, 0)),
        (Step.RCPT, Effect(disconnect="before-reply"), ("rcpt", 0, 0)),
        (Step.RCPT, Effect(reply=Said(421, "4.7.0", "No")), ("rcpt", 421, 0)),
        (Step.DATA, Effect(stall=True), ("data", 0, 0)),
        (Step.END_OF_DATA, Effect(reply=NO), ("end-of-data", 451, 0)),
        (Step.END_OF_DATA, Effect(stall=True), ("end-of-data", 0, 1)),
        (Step.END_OF_DATA, Effect(delay=1.0), ("end-of-data", 250, 1)),
        (Step.END_OF_DATA, Effect(discard=True), ("end-of-data", 250, 0)),
    ],
)
def test_the_history_hears_where_it_ended(step: Step, effect: Effect, expected: tuple[str, int, int]) -> None:
    one = at(step, effect)
    one.lost()
    assert deed(one) == expected
    assert one.deeds[0].faults == (1,)
    assert one.deeds[0].peer == "127.0.0.1"


def test_a_client_that_resets_after_a_refusal_is_noted_once() -> None:
    one = at(Step.RCPT, Effect(reply=NO))
    one.send(b"RSET\r\nQUIT\r\n")
    one.lost()
    assert deed(one) == ("rset", 250, 0)
    assert [answered.code for answered in one.deeds[0].answered] == [451]


def test_where_nothing_goes_wrong_nothing_is_noted() -> None:
    one = played(Fault(Step.AUTH, Effect(stall=True)))
    one.send(OPENING + MESSAGE + b"QUIT\r\n")
    one.lost()
    assert one.deeds == []
    assert one.told == []


def test_rules_are_only_asked_where_they_may_answer() -> None:
    one = at(Step.RCPT, Effect(passes=True))
    book: Any = one.sandbox.faults
    assert [occasion.step for occasion in book.asked] == [Step.RCPT]
    assert isinstance(book, Rules)


@pytest.mark.parametrize(
    ("step", "effect", "expected"),
    [
        (Step.EHLO, Effect(delay=1.0), ("ehlo", 250, 0)),
        (Step.EHLO, Effect(ehlo=Ehlo(hide=("STARTTLS",))), ("ehlo", 250, 0)),
        (Step.AUTH, Effect(delay=1.0), ("auth", 235, 0)),
        (Step.QUIT, Effect(delay=1.0), ("quit", 221, 0)),
        (Step.QUIT, Effect(reply=NO), ("quit", 451, 0)),
        (Step.QUIT, Effect(stall=True), ("quit", 0, 0)),
        (Step.STARTTLS, Effect(delay=1.0), ("starttls", 220, 0)),
    ],
)
def test_a_session_without_mail_is_noted_by_what_was_said(
    step: Step, effect: Effect, expected: tuple[str, int, int]
) -> None:
    one = at(step, effect)
    one.send(b"EHLO x\r\nQUIT\r\n" if step is Step.STARTTLS else b"QUIT\r\n")
    one.lost()
    assert deed(one) == expected


@pytest.mark.parametrize("step", [Step.MAIL, Step.RCPT, Step.DATA])
def test_closed_after_a_yes_is_no_end_of_a_transaction(step: Step) -> None:
    one = at(step, Effect(disconnect="after-reply"))
    one.lost()
    assert deed(one) == (step.value, 0, 0)


@pytest.mark.parametrize("effect", [Effect(disconnect="before-reply"), Effect(stall=True)])
def test_a_recipient_that_got_no_reply_is_noted(effect: Effect) -> None:
    one = at(Step.RCPT, effect)
    one.lost()
    assert [(answered.recipient, answered.code) for answered in one.deeds[0].answered] == [("c@d.test", 0)]


@pytest.mark.parametrize("then", [b"RSET\r\n", b"QUIT\r\n", b"EHLO x\r\n", b""])
def test_refused_at_data_is_refused_for_those_who_were_accepted(then: bytes) -> None:
    one = at(Step.DATA, Effect(reply=NO))
    one.send(then)
    one.lost()
    assert deed(one) == ("data", 451, 0)
    assert [(answered.recipient, answered.code) for answered in one.deeds[0].answered] == [("c@d.test", 451)]


def test_a_second_data_makes_up_for_a_refused_one() -> None:
    one = played(Fault(Step.DATA, Effect(reply=NO), first=1))
    one.send(OPENING + ENVELOPE + b"DATA\r\n")
    one.sandbox.faults = Rules()  # type: ignore[assignment]
    one.send(b"DATA\r\n")
    one.send(CONTENT + b".\r\n")
    assert deed(one) == ("end-of-data", 250, 1)


def test_a_rule_that_waits_for_octets_that_never_come_has_not_spoken() -> None:
    one = played(Fault(Step.IN_DATA, Effect(reset=True, disconnect="mid-data", after=1000)))
    one.send(OPENING + MESSAGE + b"QUIT\r\n")
    one.lost()
    assert len(one.store.kept) == 1
    assert one.deeds == []


def test_content_too_short_does_not_use_up_the_first_time() -> None:
    one = played(Fault(Step.IN_DATA, Effect(after=1000, disconnect="mid-data"), first=1))
    one.send(OPENING)
    for _ in range(2):
        assert codes(one.send(MESSAGE)) == [250, 250, 354, 250]
    one.send(ENVELOPE + b"DATA\r\n" + b"x" * 1000)
    assert one.closed


def findings(one: Played) -> str:
    verdict = one.sandbox.history.verdict(one.session.transcript.session, one.sandbox.clock.now())
    assert verdict is not None
    return "; ".join(verdict.findings)


@pytest.mark.parametrize("step", [Step.AUTH, Step.MAIL, Step.RCPT, Step.DATA, Step.END_OF_DATA])
@pytest.mark.parametrize("leaves", ["at once", "with QUIT"])
def test_who_leaves_after_a_refusal_without_quit_is_told_of(step: Step, leaves: str) -> None:
    one = Played(rules=[Fault(step, Effect(reply=NO))])
    before, command, _ = PATHS[step]
    one.send(before)
    assert codes(one.send(command)) == [451]
    if leaves == "with QUIT":
        one.send(b"QUIT\r\n")
    one.lost()
    assert ("closed without QUIT after 451" in findings(one)) is (leaves == "at once")


@pytest.mark.parametrize("step", [Step.MAIL, Step.RCPT, Step.DATA])
def test_who_will_not_wait_any_longer_owes_no_quit(step: Step) -> None:
    one = Played(rules=[Fault(step, Effect(reply=NO, delay=600.0))], hold=True)
    before, command, _ = PATHS[step]
    one.send(before)
    one.send(command)
    one.lost()
    assert "QUIT" not in findings(one)


@pytest.mark.parametrize("refused", [1, 2])
def test_a_login_after_a_refused_one_is_told_of_though_nothing_is_sent(refused: int) -> None:
    one = Played(rules=[Fault(Step.AUTH, Effect(reply=Said(535, "5.7.8", "No")), first=refused)])
    before, command, _ = PATHS[Step.AUTH]
    one.send(before)
    assert codes(one.send(command)) == [535]
    if refused == 1:
        one.sandbox.faults = Rules()  # type: ignore[assignment]
    one.send(command)
    one.send(b"QUIT\r\n")
    one.lost()
    assert ("tried to log in again" in findings(one)) is (refused == 2)
    assert any([said.startswith("logged in ") for said in findings(one).split("; ")]) is (refused == 1)
