"""A refusal as a value: what was refused, with what words, by which rule; and what somebody may wish to be refused."""

from __future__ import annotations

from collections.abc import Callable

from msgspec import Struct
from msgspec.structs import replace

from mailtrap.errors import Invalid
from mailtrap.faults.conditions import in_question, known_at, searchable, terms
from mailtrap.faults.occasion import Occasion
from mailtrap.faults.rule import Said, Step
from mailtrap.inboxes import is_in, names_of
from mailtrap.mail.message import Heading
from mailtrap.query import Query, Searchable
from mailtrap.query.nearest import Miss, misses
from mailtrap.query.tree import Present

#: Recipients of one refusal that are remembered.
RECIPIENTS = 1000
#: Refusals that are handed out, where fewer were asked for.
MOST = 100
#: The step of a command that belongs to none.
COMMAND = "command"
#: What is known of the content once it has come, although it was refused then.
_HEADING = ("subject", "to", "cc", "message-id")
_UNKNOWN = Heading()


class Refusal(Struct, eq=False):
    """The client was told 4yz or 5yz, or (code 0) nothing more because the connection was ended on purpose.

    `occasion` has what was known then: whose mail it was, and the recipients it is about. `step` is that of the
    occasion, or `command`. `fault` is the rule that said so (0: an address that means something), None where it was
    the sandbox itself. `heading` is known where the content had come, `message` where it was kept all the same.
    """

    occasion: Occasion
    step: str
    code: int = 0
    status: str = ""
    text: str = ""
    fault: int | None = None
    heading: Heading = _UNKNOWN
    message: int = 0
    id: int = 0
    _record: Searchable | None = None

    @property
    def recipients(self) -> tuple[str, ...]:
        """Those it is about: one after RCPT, all who had been accepted after the content, none before."""
        return in_question(self.occasion)

    @property
    def inboxes(self) -> tuple[str, ...]:
        """Where the mail would have gone, as far as that was known."""
        return names_of(self.occasion.inbox)

    @property
    def record(self) -> Searchable:
        """As queries look at it; made when first asked for."""
        record = self._record
        if record is None:
            record = self._record = searchable(self.occasion, self.heading)
        return record


def refusal(
    occasion: Occasion,
    said: Said | None,
    fault: int | None = None,
    *,
    step: str = "",
    heading: Heading | None = None,
    message: int = 0,
) -> Refusal:
    """What was refused in these words, or (None) by a connection that was ended. Holds on to no content."""
    # Of thousands that one client is refused, each would otherwise name all that it was not.
    most = 0 if occasion.recipient else RECIPIENTS
    if occasion.content is not None or len(occasion.recipients) > most:
        occasion = replace(occasion, content=None, recipients=occasion.recipients[:most])
    code, status, text = (said.code, said.status, said.text) if said is not None else (0, "", "")
    return Refusal(occasion, step or occasion.step, code, status, text, fault, heading or _UNKNOWN, message)


class RefusalWish(Struct, frozen=True):
    """`count` refusals that match `query`, newer than the one with the id `after`; with `none`, that there is none.

    `inbox` is where the mail would have gone, empty for anywhere. `step`, `code` (`550`, `4yz`, `5yz`, or `0` where the
    connection was ended), `status` and `fault` (a rule) narrow it further; empty ones do not.
    """

    query: Query
    inbox: str = ""
    count: int = 1
    after: int = 0
    none: bool = False
    step: str = ""
    code: str = ""
    status: str = ""
    fault: int | None = None

    @property
    def condition(self) -> Query:
        """The query, in that inbox only."""
        return self.query.within(self.inbox) if self.inbox else self.query

    def matches(self, refusal: Refusal) -> bool:
        """Whether this is one of those."""
        # What costs least first: with an inbox for each test most of what is remembered is somebody else's.
        return (
            refusal.id > self.after
            and (not self.inbox or is_in(self.inbox, refusal.occasion.inbox))
            and all([holds(refusal) for _, _, holds in self._others()])
            and self.query.matches(refusal.record)
        )

    def misses(self, refusal: Refusal) -> tuple[Miss, ...]:
        """What would have to be otherwise, but for `after`; empty if it matches."""
        shown = {"code": str(refusal.code), "status": refusal.status, "step": refusal.step}
        shown["fault"] = "" if refusal.fault is None else str(refusal.fault)
        failed = [
            Miss(f"{name}={wanted}", "is", wanted, shown[name])
            for name, wanted, holds in self._others()
            if not holds(refusal)
        ]
        return (*misses(self.condition, refusal.record), *failed)

    def _others(self) -> list[tuple[str, str, Callable[[Refusal], bool]]]:
        """What is asked beside the query: its name, its value, and whether it holds."""
        found: list[tuple[str, str, Callable[[Refusal], bool]]] = []
        if self.step:
            found.append(("step", self.step, lambda refusal: refusal.step == self.step))
        if self.code:
            # "4yz" and "5yz" are how RFC 5321 §4.2.1 names the classes of replies.
            digits = self.code.removesuffix("yz")
            found.append(
                (
                    "code",
                    self.code,
                    lambda refusal: (
                        str(refusal.code) == self.code or (digits != self.code and str(refusal.code).startswith(digits))
                    ),
                )
            )
        if self.status:
            found.append(("status", self.status, lambda refusal: refusal.status == self.status))
        if self.fault is not None:
            found.append(("fault", str(self.fault), lambda refusal: refusal.fault == self.fault))
        return found


def checked(query: Query) -> Query:
    """The same query. Raises Invalid where it asks for what is not known of mail that was refused."""
    for term in terms(query.root):
        # Whatever is known before the content comes is known at RCPT.
        if Step.RCPT not in known_at(term) and (isinstance(term, Present) or term.field not in _HEADING):
            raise Invalid(
                f"`{str(term)[:200]}` cannot be known of what was refused: nothing of it was kept",
                "ask for from:, rcpt:, domain:, login:, peer:, helo:, listener:, inbox:, session:, is:tls …, and for "
                "subject:, to:, cc:, message-id: where the content had come",
            )
    return query
