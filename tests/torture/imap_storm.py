"""Many clients of IMAP at once in one account, who do as chance has it; no two of them may be told different things.

python -m tests.torture imap, or python -m tests.torture.imap_storm CLIENTS STEPS SEED
"""

from __future__ import annotations

import json
import random
import sys
import threading
import urllib.request
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from tests.torture.imap_model import Conversation, Inconsistent, Known, check, numbers
from tests.torture.serving import Sender, Serving, message, sha256

FOLDERS = ("INBOX", "Work", "Work/Later")
FLAGS = ("\\Seen", "\\Answered", "\\Flagged", "\\Deleted", "\\Draft", "$Forwarded", "later")
#: Seconds that IDLE lasts where nothing happens.
IDLE = 0.05


class Truth:
    """What all clients must have in common: what a uid means, and numbers that never go back."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._digests: dict[tuple[int, int], str] = {}
        self._validity: dict[str, int] = {}
        self._claims: dict[tuple[int, int], object] = {}
        self.done: Counter[str] = Counter()

    def content(self, validity: int, uid: int, octets: bytes) -> None:
        digest = sha256(octets)
        with self._lock:
            before = self._digests.setdefault((validity, uid), digest)
        check(before == digest, f"uid {uid} has another content than before")

    def validity(self, folder: str, value: int) -> None:
        with self._lock:
            before = self._validity.setdefault(folder, value)
        check(before == value, f"UIDVALIDITY of {folder} was {before} and is {value}")

    def recent(self, validity: int, uids: set[int], session: object) -> None:
        """Only one session hears that a message is recent, of those that may change it."""
        with self._lock:
            claims = [self._claims.setdefault((validity, uid), session) for uid in uids]
        check(all(claim is session for claim in claims), f"of {sorted(uids)} some are recent to somebody else, too")

    def count(self, what: str) -> None:
        with self._lock:
            self.done[what] += 1


class Client:
    """One that acts by chance. `qresync` says what it understands."""

    def __init__(self, number: int, port: int, seed: str, truth: Truth) -> None:
        self.name = f"c{number}"
        self.chance = random.Random(f"{seed}.{number}")
        self.truth = truth
        self.folder = ""
        self._port = port
        self._qresync = number % 3 == 0
        self._condstore = number % 3 == 1
        #: What was known of folders that were left, to come back to: uids, flags, validity, modseq.
        self._left: dict[str, tuple[list[int], dict[int, frozenset[bytes]], int, int]] = {}
        self.talk = self._connect()

    def _connect(self) -> Conversation:
        talk = Conversation(self._port, self.name)
        talk.command("LOGIN storm anything")
        if self._qresync:
            talk.command("ENABLE QRESYNC")
            talk.qresync = True
        elif self._condstore:
            talk.command("ENABLE CONDSTORE")
        return talk

    # Opening and leaving.

    def select(self, folder: str = "") -> None:
        self._remember()
        folder = folder or self.chance.choice(FOLDERS)
        talk, back = self.talk, self._left.get(folder)
        before = back[3] if back else 0
        talk.known = Known()
        examine = self.chance.random() < 0.1
        self.examined = examine
        verb = "EXAMINE" if examine else "SELECT"
        if back and self._qresync and self.chance.random() < 0.7:
            self._resync(verb, folder, *back)
        else:
            talk.command(f"{verb} {folder}")
        self.folder = folder
        self.truth.validity(folder, talk.known.uid_validity)
        check(talk.known.modseq >= before, f"HIGHESTMODSEQ of {folder} went back from {before}")
        self.learn()

    def _resync(
        self, verb: str, folder: str, uids: list[int], flags: dict[int, frozenset[bytes]], validity: int, modseq: int
    ) -> None:
        talk = self.talk
        match = ""
        if uids and self.chance.random() < 0.5:
            some = sorted(self.chance.sample(range(len(uids)), min(3, len(uids))))
            match = f" ({','.join(str(n + 1) for n in some)} {','.join(str(uids[n]) for n in some)})"
        known = f" 1:{uids[-1]}" if uids and (match or self.chance.random() < 0.5) else ""
        match = match if known else ""
        talk.command(f"{verb} {folder} (QRESYNC ({validity} {modseq}{known}{match}))")
        there = set(uids)
        for answer in list(talk.answers):
            if answer[0] == b"EARLIER":
                there -= set(answer[1:])
            elif isinstance(answer[0], int) and b"UID" in answer[1]:
                uid = int(answer[1][b"UID"])
                flags[uid] = frozenset(answer[1][b"FLAGS"])
        selected = talk.known.modseq
        talk.command("UID FETCH 1:* (FLAGS)")
        for answer in talk.answers:
            facts = answer[1] if isinstance(answer[0], int) else {}
            uid = int(facts.get(b"UID", 0))
            if uid in flags and uid in there and int(facts[b"MODSEQ"][0]) <= selected:
                now_has = frozenset(facts[b"FLAGS"])
                check(flags[uid] == now_has, f"back in {folder}: uid {uid} had {flags[uid]} and has {now_has}")
        top = max(uids, default=0)
        now = {uid for uid in talk.known.uids if uid is not None and uid <= top}
        # Since SELECT more may have gone, which was told after it.
        check(now <= there, f"back in {folder}: {sorted(now - there)} were to be there no more")
        unsaid = there - now - talk.known.gone
        check(not unsaid, f"back in {folder}: of {sorted(unsaid)}, which have gone, nothing was said")
        self.truth.count("resynchronised")

    def _remember(self) -> None:
        known = self.talk.known
        if self.folder and None not in known.uids and known.uid_validity and self._settled:
            uids = [uid for uid in known.uids if uid is not None]
            self._left[self.folder] = (uids, dict(known.flags), known.uid_validity, self._modseq)

    def learn(self) -> None:
        """Know the uid and flags of every message."""
        known = self.talk.known
        self._settled, self._modseq = True, known.modseq
        if known.uids:
            self.talk.command("UID FETCH 1:* (FLAGS)")
            self.fill()

    def fill(self) -> None:
        known = self.talk.known
        while None in known.uids:
            first = known.uids.index(None) + 1
            self.talk.command(f"FETCH {first}:{len(known.uids)} (UID FLAGS)", may_fail=True)
            if None in known.uids:
                self.talk.command("NOOP")

    # What one may do. All take what they need from what is known.

    def _numbers(self) -> str:
        count = len(self.talk.known.uids)
        first = self.chance.randint(1, count)
        last = min(count, first + self.chance.choice((0, 0, 1, 3, 10)))
        return f"{first}:{last}" if self.chance.random() < 0.8 or first == last else f"{first},{last}"

    def _uids(self) -> str:
        known = [uid for uid in self.talk.known.uids if uid is not None]
        some = self.chance.sample(known, min(len(known), self.chance.choice((1, 1, 2, 5))))
        return ",".join(map(str, sorted(some))) or "1"

    def fetch(self) -> None:
        what = self.chance.choice(("FLAGS", "(UID FLAGS)", "(FLAGS INTERNALDATE RFC822.SIZE)", "(UID ENVELOPE)", "ALL"))
        if self.chance.random() < 0.5:
            self.talk.command(f"FETCH {self._numbers()} {what}", may_fail=True)
        else:
            self.talk.command(f"UID FETCH {self._uids()} {what}")

    def read(self) -> None:
        peek = self.chance.choice(("BODY[]", "BODY.PEEK[]"))
        self.talk.command(f"UID FETCH {self._uids()} (UID {peek})")
        for answer in self.talk.answers:
            facts = answer[1] if isinstance(answer[0], int) else {}
            if b"BODY[]" in facts:
                self.truth.content(self.talk.known.uid_validity, int(facts[b"UID"]), facts[b"BODY[]"])

    def store(self) -> None:
        flags = self.chance.sample(FLAGS, self.chance.choice((1, 1, 2)))
        sign = self.chance.choice("+-")
        silent = self.chance.choice(("", ".SILENT"))
        by_uid = self.chance.random() < 0.5
        since = ""
        if (self._qresync or self._condstore) and self.chance.random() < 0.3:
            since = f" (UNCHANGEDSINCE {self.talk.known.modseq})"
        named = self._uids() if by_uid else self._numbers()
        which = f"{'UID ' if by_uid else ''}STORE {named}"
        chosen, wanted = set(numbers(named.encode())), {flag.encode() for flag in flags}
        known = self.talk.known
        uids = chosen if by_uid else {known.uids[number - 1] for number in chosen}
        text = self.talk.command(f"{which}{since} {sign}FLAGS{silent} ({' '.join(flags)})", may_fail=True)
        if not text.startswith(b"OK") or b"[MODIFIED " in text or self.examined:
            if known.uids:
                self.talk.command("UID FETCH 1:* (FLAGS)")
        elif silent:
            # What nobody says a client has to know by itself.
            for uid in uids & known.flags.keys() - known.fresh:
                if uid is not None:
                    flags_now = known.flags[uid]
                    known.flags[uid] = flags_now | wanted if sign == "+" else flags_now - wanted
        else:
            self._is_stored(chosen, by_uid, sign, wanted)

    def _is_stored(self, named: set[int], by_uid: bool, sign: str, wanted: set[bytes]) -> None:
        """The first word on each of the messages that were named is how it was left."""
        first: dict[int, frozenset[bytes]] = {}
        for answer in self.talk.answers:
            if isinstance(answer[0], int) and b"FLAGS" in answer[1]:
                one = int(answer[1][b"UID"]) if by_uid else answer[0]
                if one in named:
                    first.setdefault(one, frozenset(answer[1][b"FLAGS"]))
        good = [wanted <= found if sign == "+" else not wanted & found for found in first.values()]
        check(all(good), f"{sign}FLAGS {wanted}, and then {first}")

    def copy(self) -> None:
        verb = self.chance.choice(("COPY", "COPY", "MOVE"))
        if len(self.talk.known.uids) > 60:
            verb = "MOVE"
        to = self.chance.choice(FOLDERS)
        which = f"UID {verb} {self._uids()}" if self.chance.random() < 0.5 else f"{verb} {self._numbers()}"
        text = self.talk.command(f"{which} {to}", may_fail=True)
        if code := text if b"[COPYUID " in text else next((c for c in self.talk.codes if b"[COPYUID " in c), b""):
            _, sources, made = code.partition(b"[COPYUID ")[2].partition(b"]")[0].split()
            self._is_moved(verb, set(numbers(sources)), set(numbers(made)))

    def _is_moved(self, verb: str, sources: set[int], made: set[int]) -> None:
        check(len(sources) == len(made), f"COPYUID of {len(sources)} and {len(made)}")
        left = sources.intersection([uid for uid in self.talk.known.uids if uid is not None])
        check(verb == "COPY" or not left, f"MOVE of {sources} is done, and {left} are still there")

    def expunge(self) -> None:
        known = self.talk.known
        if not self.examined:
            self.talk.command(f"UID STORE {self._uids()} +FLAGS (\\Deleted)")
        chosen = self.chance.random()
        if chosen < 0.5:
            self.talk.command("EXPUNGE", may_fail=True)
        elif chosen < 0.9:
            self.talk.command(f"UID EXPUNGE {self._uids()}", may_fail=True)
        else:
            self._settled = False
            self.talk.command("CLOSE")
            self.talk.known = known
            self.folder = ""
            self.select()

    def append(self) -> None:
        name = f"{self.name}-{self.chance.randrange(10**9)}"
        to = self.chance.choice(FOLDERS)
        text = self.talk.append(to, message(name, 1000), self.chance.choice(("", "\\Seen", "\\Draft later")))
        check(b"[APPENDUID " in text, f"no APPENDUID: {text!r}")
        uid = int(text.partition(b"[APPENDUID ")[2].partition(b"]")[0].split()[1])
        if to == self.folder:
            self.fill()
            if uid not in self.talk.known.uids:
                # Somebody has deleted it already; else it was to be told before APPEND ended.
                self.noop()
                self.fill()
                check(uid not in self.talk.known.uids, f"uid {uid} was appended, and told of too late")

    def search(self) -> None:
        what = self.chance.choice(("ALL", "DELETED", "UNSEEN", "SUBJECT c", "1:*", "NOT KEYWORD later"))
        by_uid = self.chance.random() < 0.5
        self.talk.command(f"{'UID ' if by_uid else ''}SEARCH {what}")
        known = self.talk.known
        for answer in self.talk.answers:
            if answer[0] == b"SEARCH":
                found = [int(one) for one in answer[1:]]
                if by_uid:
                    # What went in the meantime was found, then told of.
                    check(all(one <= max(known.uid_next, one) for one in found), "a uid that is none")
                else:
                    check(all(0 < one <= len(known.uids) for one in found), f"{found} of {len(known.uids)}")

    def idle(self) -> None:
        tag = self.talk.begin("IDLE")
        self.talk.continued()
        for _ in range(3):
            if not self.talk.hear(IDLE):
                break
        self.talk.say(b"DONE\r\n")
        self.talk.end(tag)

    def several(self) -> None:
        """Commands that do not wait for each other: all by number, in which case nothing may move, or none."""
        chance, by_number = self.chance, self.chance.random() < 0.5
        uid, which = ("", self._numbers) if by_number else ("UID ", self._uids)
        texts = [
            chance.choice((f"{uid}FETCH {which()} FLAGS", f"{uid}SEARCH UNSEEN", f"{uid}FETCH {which()} (UID RFC822)"))
            for _ in range(chance.choice((2, 3, 8)))
        ]
        if not by_number:
            texts.insert(chance.randrange(len(texts)), chance.choice(("NOOP", "CHECK", "STATUS Work (MESSAGES)")))
        self.talk.several(*texts, expunge=not by_number)

    def noop(self) -> None:
        self.talk.command(self.chance.choice(("NOOP", "CHECK")))

    def again(self) -> None:
        self._remember()
        if self.chance.random() < 0.5:
            self.talk.command("LOGOUT")
            check(self.talk.known.told, "LOGOUT without BYE")
        self.talk.close()
        self.folder = ""
        self.talk = self._connect()
        self.select()

    def step(self) -> None:
        if not self.folder:
            self.select()
        act = self.chance.choices(*_ACTS)[0]
        needs_some = act not in (Client.append, Client.idle, Client.noop, Client.again, Client.select)
        if needs_some and not self.talk.known.uids:
            act = Client.append
        act(self)
        self.truth.count(act.__name__)
        self.fill()
        known = self.talk.known
        if not self.examined:
            self.truth.recent(known.uid_validity, known.recent, known)

    def believes(self) -> list[tuple[int | None, frozenset[bytes]]]:
        """What it knows when it has asked for nothing but what is new."""
        self.talk.command("NOOP")
        self.fill()
        known = self.talk.known
        return [(uid, known.flags.get(uid or 0, frozenset())) for uid in known.uids]


_ACTS: tuple[list[Callable[[Client], None]], list[int]] = (
    [
        *(Client.fetch, Client.read, Client.store, Client.copy, Client.expunge, Client.append, Client.search),
        *(Client.idle, Client.noop, Client.again, Client.select, Client.several),
    ],
    [12, 6, 14, 7, 8, 8, 5, 5, 5, 2, 4, 5],
)


def _others(server: Serving, seed: str, stop: threading.Event, failures: list[str]) -> None:
    """Mail comes by SMTP, and pages read and delete, until the clients are done."""
    chance = random.Random(f"{seed}.others")
    try:
        sender = Sender(server.smtp)
        number = 0
        while not stop.wait(0.02):
            number += 1
            content = b"X-Mail-Inbox: storm\r\n" + message(f"smtp-{number}", 1000)
            code, reply = sender.send(content)
            check(code == 250, reply)
            if number % 5 == 0:
                page = server.json("/api/messages?inbox=storm&limit=50")["messages"]
                some = [one["id"] for one in chance.sample(page, min(3, len(page)))]
                if not some:
                    continue
                if number % 10 == 0:
                    _ask(server, "DELETE", some)
                else:
                    _ask(server, "PATCH", some, {"seen": chance.random() < 0.5})
        sender.close()
    except Exception as error:
        failures.append(f"the others: {type(error).__name__} {error}")


def _ask(server: Serving, method: str, ids: list[str], body: dict[str, Any] | None = None) -> None:
    request = urllib.request.Request(
        f"http://127.0.0.1:{server.web}/api/messages?ids={','.join(ids)}",
        json.dumps(body).encode() if body else None,
        {"Content-Type": "application/json"},
        method=method,
    )
    with urllib.request.urlopen(request, timeout=60) as answer:
        answer.read()


def _run(client: Client, steps: int, failures: list[str]) -> None:
    try:
        for _ in range(steps):
            if failures:
                return
            client.step()
    except Exception as error:
        heard = "\n    ".join([line.decode("utf-8", "replace").rstrip()[:200] for line in client.talk.heard[-25:]])
        failures.append(f"{client.name} in {client.folder}: {type(error).__name__} {error}\n    {heard}")


def _agree(clients: list[Client], port: int) -> None:
    """Nothing happens any more: everybody knows the same, and what a new client is told."""
    for folder in FOLDERS:
        fresh = Conversation(port, "fresh")
        fresh.command("LOGIN storm anything")
        fresh.command(f"EXAMINE {folder}")
        if fresh.known.uids:
            fresh.command("FETCH 1:* (UID FLAGS)")
        truth = [(uid, fresh.known.flags.get(uid or 0, frozenset())) for uid in fresh.known.uids]
        for client in clients:
            if client.folder == folder:
                found = client.believes()
                differ = [(a, b) for a, b in zip(found, truth, strict=False) if a != b][:3]
                check(len(found) == len(truth), f"{client.name} knows {len(found)} in {folder}, not {len(truth)}")
                check(not differ, f"{client.name} in {folder} knows otherwise: {differ}")
        fresh.close()


def storm(clients: int = 20, steps: int = 400, seed: str = "1") -> list[str]:
    """So many clients take so many steps each."""
    failures: list[str] = []
    truth = Truth()
    with TemporaryDirectory(prefix="imap-") as directory:
        server = Serving(Path(directory, "mail.db"))
        made: list[Client] = []
        try:
            first = Conversation(server.imap, "first")
            first.command("LOGIN storm anything")
            for folder in FOLDERS[1:]:
                first.command(f"CREATE {folder}")
            first.close()
            made = [Client(number, server.imap, seed, truth) for number in range(clients)]
            stop = threading.Event()
            others = threading.Thread(target=_others, args=(server, seed, stop, failures))
            threads = [threading.Thread(target=_run, args=(client, steps, failures)) for client in made]
            for thread in (others, *threads):
                thread.start()
            for thread in threads:
                thread.join()
            stop.set()
            others.join()
            if not failures:
                _agree(made, server.imap)
            check(server.alive, "the server has ended")
        finally:
            for client in made:
                client.talk.close()
            server.kill()
    if failures:
        raise Inconsistent(f"seed {seed}: " + "\n".join(failures[:3]))
    acts = ", ".join([f"{count} {what}" for what, count in truth.done.most_common()])
    return [f"{clients} clients, {clients * steps} steps, seed {seed}: nobody was told what cannot be", acts]


if __name__ == "__main__":
    given = sys.argv[1:]
    print("\n".join(storm(*map(int, given[:2]), *given[2:3])))  # type: ignore[arg-type]
