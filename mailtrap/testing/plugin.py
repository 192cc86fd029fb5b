"""The pytest plugin: a sandbox for a session, an inbox for a test, and what mail there was where a test fails.

Every pytest run loads this module, so it imports next to nothing until one of its fixtures is used.
"""

from __future__ import annotations

import gc
import os
import sys
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest
from _pytest.assertion.rewrite import AssertionRewritingHook

if TYPE_CHECKING:
    from mailtrap.client.clock import Clock
    from mailtrap.client.faults import Faults
    from mailtrap.testing.boxes import Case, MailInbox, MailSandbox
    from mailtrap.testing.snapshot import Snapshots


#: What a failing test's report is made from.
_CASE: pytest.StashKey[Case] = pytest.StashKey()


def pytest_addoption(parser: pytest.Parser) -> None:
    """Options and ini values."""
    group = parser.getgroup("mailtrap", "mail")
    group.addoption(
        "--mail-artifacts",
        metavar="DIR",
        help="where a test fails, write its mail there: .eml files and a page that needs no server",
    )
    group.addoption("--mail-snapshot-update", action="store_true", help="take mail as it is now for the snapshots")
    parser.addini(
        "mail_settings",
        "settings of the sandbox in this process, such as auth=required; those of `mailtrap serve`",
        type="linelist",
        default=[],
    )


@pytest.fixture(scope="session")
def mail_sandbox(pytestconfig: pytest.Config) -> Iterator[MailSandbox]:
    """A running mail sandbox: the one at MAILTRAP_URL, else one in this process, on free ports, for this session."""
    if url := os.environ.get("MAILTRAP_URL"):
        with _at_once():
            from mailtrap.testing.boxes import MailSandbox
            from mailtrap.testing.wiring import MAPPED

        mapped = {name: address for name, variable in MAPPED.items() if (address := os.environ.get(variable))}
        with MailSandbox.at(url, mapped) as sandbox:
            yield sandbox
        return
    with _at_once():
        from mailtrap.testing.inprocess import InProcess, read_settings

        running = InProcess(**read_settings(pytestconfig.getini("mail_settings")))
    with running, running.sandbox() as made:
        yield made


@pytest.fixture
def inbox(request: pytest.FixtureRequest, mail_sandbox: MailSandbox) -> Iterator[MailInbox]:
    """An inbox of this test alone: whoever logs in with its `user` and `password` sends into it.

    It has `smtp_url`, `env`, `django_settings`, `flask_config` and `fastapi_config` for the application under test,
    `imap_url` and `pop3_url` for one that reads mail, and goes with its mail and its faults when the test is over.
    """
    from mailtrap.testing.boxes import Case

    with mail_sandbox.inbox_for(request.node.name) as (box, began):
        request.node.stash[_CASE] = Case(mail_sandbox, box, request.node.nodeid, began)
        yield box


@pytest.fixture
def faults(inbox: MailInbox) -> Faults:
    """Failures on demand for mail into this test's inbox, and nobody else's."""
    return inbox.faults


@pytest.fixture
def clock(mail_sandbox: MailSandbox) -> Clock:
    """The sandbox's virtual time. It is one for all inboxes, and never goes back."""
    return mail_sandbox.clock


@pytest.fixture
def assert_mail_snapshot(request: pytest.FixtureRequest, inbox: MailInbox) -> Snapshots:
    """`assert_mail_snapshot(name)`: the inbox's newest message is, but for what always differs, as it was.

    `message=` says which one is meant, `mask=` patterns of what else differs.
    """
    from mailtrap.testing.snapshot import Snapshots

    return Snapshots(request.path, inbox, update=request.config.getoption("--mail-snapshot-update"))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Add what mail there was to the report of a test that failed."""
    report = yield
    case = item.stash.get(_CASE, None)
    if case is None or report.when == "teardown" or not report.failed:
        return report
    from mailtrap.testing.report import describe

    report.sections.append(describe(case, call.excinfo and call.excinfo.value, _artifacts(item), report.longreprtext))
    return report


@contextmanager
def _at_once() -> Iterator[None]:
    """Import without what would take as long again.

    pytest compiles every module of a package that has a plugin anew, to explain assertions in it; ours has none to
    explain, neither now nor in what is imported later. Asking it about each of them, and looking for garbage among
    what is imported, which is none, costs a sixth of it.
    """
    was_enabled = gc.isenabled()
    gc.disable()
    hooks = [finder for finder in sys.meta_path if isinstance(finder, AssertionRewritingHook)]
    for hook in hooks:
        sys.meta_path.remove(hook)
        # Where pytest calls these otherwise one day, it takes longer, and that is all.
        getattr(hook, "_must_rewrite", set()).discard("mailtrap")
        getattr(hook, "_marked_for_rewrite_cache", {}).clear()
    try:
        yield
    finally:
        sys.meta_path[:0] = hooks
        if was_enabled:
            gc.enable()


def _artifacts(item: pytest.Item) -> str:
    return str(item.config.getoption("--mail-artifacts") or "")
