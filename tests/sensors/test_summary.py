"""The end of a wait in a sentence, and in an error that survives a pickle."""

import pickle

from airflow_provider_dysms.model.delivery import State, describe
from airflow_provider_dysms.model.reports import MISSING, UNKNOWN, Report
from airflow_provider_dysms.sensors.dysms import DysmsDeliveryFailed
from airflow_provider_dysms.sensors.summary import CHECK_MISSING, MAX_CODES, summarize
from airflow_provider_dysms.waits.goal import Goal


def report(state: State, code: str | None = None) -> Report:
    return Report(describe(state, code), code)


ARRIVED = report(State.DELIVERED, "DELIVERED")


def test_a_sentence_says_how_many_of_how_many_and_why() -> None:
    barred = report(State.FAILED, "MB:1077")
    reports = [barred, MISSING, barred, UNKNOWN, UNKNOWN, *[ARRIVED] * 15]
    assert summarize(reports, Goal(20, 20), "all") == (
        "3 of 20 messages did not arrive (blacklist 2: MB:1077; missing 1), 15 arrived, 2 are open; "
        f"wait_for='all' needs 20. {CHECK_MISSING}"
    )


def test_states_without_a_code_are_named_by_the_state() -> None:
    reports = [report(State.FAILED), report(State.EXPIRED), report(State.EXPIRED, "EXPIRED")]
    said = summarize(reports, Goal(1, 3), "any")
    assert "(expired 2: EXPIRED; failed 1)" in said
    assert "missing" not in said


def test_nothing_lost_is_said_without_reasons() -> None:
    assert summarize([ARRIVED, UNKNOWN], Goal(2, 2), "all").startswith(
        "0 of 2 messages did not arrive, 1 arrived, 1 are"
    )


def test_of_many_codes_a_few_are_named() -> None:
    reports = [report(State.FAILED, f"MA:{place:04d}") for place in range(MAX_CODES + 2)]
    said = summarize(reports, Goal(1, len(reports)), "any")
    assert said.count("MA:") == MAX_CODES
    assert ", ..." in said


def test_the_error_carries_its_reports_through_a_pickle() -> None:
    error = DysmsDeliveryFailed("1 of 1", [{"message": 0}])
    again = pickle.loads(pickle.dumps(error))
    assert (str(again), again.reports) == ("1 of 1", [{"message": 0}])
