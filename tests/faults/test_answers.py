"""What rules say where mail is collected."""

from __future__ import annotations

import pytest

from mailtrap.faults.answers import Spoken, belated, spoken
from mailtrap.faults.rule import Step


@pytest.mark.parametrize(
    ("answer", "before", "later", "said"),
    [
        ("NO no", Step.IMAP_STARTTLS, Step.IMAP_GREETING, Spoken("BYE", "no")),
        ("[UNAVAILABLE] Later", Step.IMAP_STARTTLS, Step.IMAP_GREETING, Spoken("BYE", "[UNAVAILABLE] Later")),
        ("BYE Enough", Step.IMAP_CONNECT, Step.IMAP_GREETING, Spoken("BYE", "Enough")),
        ("-ERR [SYS/TEMP] Later", Step.POP3_STLS, Step.POP3_GREETING, Spoken("-ERR", "[SYS/TEMP] Later")),
    ],
)
def test_what_waits_for_tls_is_said_as_greetings_are(answer: str, before: Step, later: Step, said: Spoken) -> None:
    assert spoken(answer, before).text == said.text
    assert belated(answer, before, later) == said
