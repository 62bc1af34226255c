"""Refusals: what the engine says when it will not do something. Each is one plain sentence for the user."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager


class Refused(Exception):
    """The request cannot be carried out; nothing was changed. `str()` is the sentence the user reads."""

    status = 422


class StepRefused(Refused):
    """The record, its state or the person does not allow this step."""

    status = 409


class NotAllowed(Refused):
    """The person's roles do not give this right."""

    status = 403


class Stale(Refused):
    """Somebody else changed the record after it was opened."""

    status = 409


class Repeated(Refused):
    """A form key came back with other content than the first time."""

    status = 409


class Invalid(Refused):
    """Values that cannot be stored; `errors` holds the sentences by field, `""` for the record as a whole."""

    def __init__(self, errors: dict[str, list[str]]):
        self.errors = errors
        super().__init__(" ".join(sentence for sentences in errors.values() for sentence in sentences))


class Unconfirmed(Invalid):
    """Values that can be stored once somebody has read the warnings about them; `token` says which they read."""

    status = 409

    def __init__(self, errors: dict[str, list[str]], token: str):
        self.token = token
        super().__init__(errors)


@contextmanager
def on_the_form() -> Iterator[None]:
    """Steps that follow from storing a form: what they refuse is said on the form, about the record as a whole."""
    try:
        yield
    except StepRefused as refusal:
        raise Invalid({"": [str(refusal)]}) from None
