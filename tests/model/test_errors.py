from __future__ import annotations

import copy
import pickle
import re

import pytest

from airflow_provider_dysms.model import errors
from airflow_provider_dysms.model.errors import DysmsError

UUID = "819BE656-D2E0-4858-8B21-B2E477085AAF"


def test_an_error_says_what_happened_with_which_code_and_what_to_do() -> None:
    error = errors.DysmsClockError(
        "QuerySendDetails: too far off", code="InvalidTimeStamp.Expired", request_id=UUID, http_status=400
    )
    assert str(error) == (
        "QuerySendDetails: too far off "
        f"(code InvalidTimeStamp.Expired, HTTP 400, request id {UUID}). "
        "Synchronise the clock of this machine (NTP); requests are dated in UTC."
    )


def everything(root: type[DysmsError] = DysmsError) -> list[type[DysmsError]]:
    return [root, *(kind for child in root.__subclasses__() for kind in everything(child))]


@pytest.mark.parametrize("again", [lambda error: pickle.loads(pickle.dumps(error)), copy.copy, copy.deepcopy])
@pytest.mark.parametrize("kind", [kind for kind in everything() if kind.__module__ == errors.__name__])
def test_every_error_survives_a_process_boundary(kind: type[DysmsError], again: object) -> None:
    if issubclass(kind, errors.DysmsInputError):
        error: DysmsError = kind("page_size", "must be 1 to 50")
    else:
        error = kind("it failed", code="X", request_id=UUID, http_status=400)
    error.retry_after = 1.5  # type: ignore[attr-defined]
    copied = again(error)  # type: ignore[operator]
    assert type(copied) is kind
    assert (str(copied), copied.args, vars(copied)) == (str(error), error.args, vars(error))


def test_an_input_error_is_a_value_error_and_names_its_argument() -> None:
    error = errors.DysmsInputError("page_size", "must be 1 to 50")
    assert isinstance(error, ValueError)
    assert (error.argument, error.problem, str(error)) == (
        "page_size",
        "must be 1 to 50",
        "page_size must be 1 to 50.",
    )


def test_a_subject_goes_before_the_message() -> None:
    error = errors.DysmsServerError("QuerySendDetails: failed", http_status=503)
    error.prefix_message("line 7")
    assert str(error) == "line 7: QuerySendDetails: failed (HTTP 503)."


def test_an_error_can_be_taken_apart() -> None:
    error = DysmsError("it failed", code="X", request_id=UUID, http_status=400)
    assert error.args == ("it failed", "X", UUID, 400)
    assert str(DysmsError("it failed")) == "it failed."


def test_the_drawn_tree_is_the_real_tree() -> None:
    drawn = {}
    ancestors: list[str] = []
    for line in (errors.__doc__ or "").splitlines():
        found = re.match(r"    ([│├└─ ]*)(Dysms\w+)", line)
        if found:
            level = len(found[1]) // 4
            ancestors[level:] = [found[2]]
            drawn[found[2]] = ancestors[level - 1] if level else "Exception"
    real = {kind.__name__: kind.__bases__[0].__name__ for kind in everything() if kind.__module__ == errors.__name__}
    assert drawn == real


def test_what_may_have_been_carried_out_all_the_same() -> None:
    unsent = errors.DysmsTransportError("x")
    unsent.request_sent = False
    for uncertain in (
        errors.DysmsTransportError("x"),
        errors.DysmsServerError("x"),
        errors.DysmsUnreadable("x"),
        errors.DysmsNonceUsed("x"),
    ):
        assert errors.may_have_executed(uncertain)
    for certain in (
        unsent,
        errors.DysmsThrottled("x"),
        errors.DysmsBusinessLimit("x"),
        errors.DysmsRefused("x"),
        errors.DysmsConfigError("x"),
        errors.DysmsInputError("argument", "is wrong"),
    ):
        assert not errors.may_have_executed(certain)


@pytest.mark.parametrize("outside", ["a\nERROR: forged", "\x1b[2J", "\r", "\u2028", "\u202e", "\x00", "\x9b31m"])
def test_what_comes_from_outside_begins_no_line_and_has_no_escape_codes(outside: str) -> None:
    for error in (
        errors.DysmsInputError("columns", f"names {outside}"),
        errors.DysmsRefused("x", code=outside, request_id=outside),
        errors.DysmsThrottled(outside),
    ):
        assert str(error).isprintable()
        assert str(pickle.loads(pickle.dumps(error))) == str(error)


def test_messages_are_bounded() -> None:
    long = errors.DysmsRefused("\n" * 1_000_000, code="\x1b" * 1_000_000)
    assert len(str(long)) < 40_000
    assert str(DysmsError("x" * errors.MAX_MESSAGE)) == "x" * errors.MAX_MESSAGE + "."
    assert str(DysmsError("x" * (errors.MAX_MESSAGE + 1))) == "x" * errors.MAX_MESSAGE + "...."


@pytest.mark.parametrize("is_idempotent", [True, False])
@pytest.mark.parametrize("kind", [errors.DysmsTransportError, errors.DysmsThrottled])
def test_only_a_send_that_may_have_been_executed_is_uncertain(kind: type[DysmsError], is_idempotent: bool) -> None:
    error = kind("x")
    error.is_idempotent = is_idempotent
    assert errors.is_uncertain_send(error) is (errors.may_have_executed(error) and not is_idempotent)


def test_what_a_server_says_at_length_is_cut_off() -> None:
    error = DysmsError("m" * 10_000, code="c" * 10_000)
    assert len(str(error)) < errors.MAX_MESSAGE + errors.MAX_DETAIL_LENGTH + 50
