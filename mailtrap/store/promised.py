"""A change that somebody waits for, and is refused where it makes no sense."""

from __future__ import annotations

from concurrent.futures import Future, InvalidStateError
from contextlib import suppress
from functools import partial
from typing import Generic, TypeVar

from mailtrap.errors import MailtrapError
from mailtrap.store.transaction import Change, Transaction

Result = TypeVar("Result")


class Promised(Change, Generic[Result]):
    """Resolves `future` once the last slice is committed."""

    __slots__ = ("future",)

    def __init__(self) -> None:
        super().__init__()
        self.future: Future[Result] = Future()

    def keep(self, transaction: Transaction, result: Result) -> None:
        """This slice is the last."""
        transaction.committed.append(partial(self._settle, result))

    def refuse(self, transaction: Transaction, error: MailtrapError) -> None:
        """It cannot be, and nothing was written: a failure would be taken for one of the database."""
        transaction.committed.append(partial(self.failed, error))

    def failed(self, error: MailtrapError) -> None:
        """Tell whoever waits; slices that were committed stay so."""
        self.finished = True
        with suppress(InvalidStateError):
            self.future.set_exception(error)

    def _settle(self, result: Result) -> None:
        self.finished = True
        with suppress(InvalidStateError):
            self.future.set_result(result)
