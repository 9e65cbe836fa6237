"""The counts for the manifest, and the rule that settles a day."""

import json
from datetime import timedelta

import pytest

from airflow_provider_dysms.model.records import MessageReport


@pytest.fixture
def counted(world):
    world.line("12:00:00").record("12:00:00", template_code="SMS_2", content="【S】" + "x" * 70)
    world.line("13:00:00").record("13:00:00", status=2, code="MOBILE_IN_BLACK")
    world.line("14:00:00").record("14:00:00", status=1, code=None, took=None)
    world.line("15:00:00").record("16:00:00", status=2, code="MK:0001", template_code=None, content=None)
    world.rejected().rejected("reads_as_mainland")
    world.line(phone="85261234567", message_id="1").line(phone="85261234567", message_id="1")
    world.reports["1"] = MessageReport(message_id="1", status="1", error_code="DELIVERED", content="hello")
    world.run()
    return world.tally


def test_everything_is_counted_once(counted):
    assert counted.as_dict() == {
        "lines": 8,
        "asked": 2,
        "rows": 8,
        "by_state": {"delivered": 2, "failed": 1, "missing": 1, "rejected": 2, "unlogged": 1, "waiting": 1},
        "by_category": {"blacklist": 1, "delivered": 2, "invalid_number": 1},
        "by_template": {
            "": {"unlogged": 1},
            "SMS_1": {"failed": 1, "waiting": 1},
            "SMS_2": {"delivered": 1},
        },
        "missing": 1,
        "unlogged": 1,
        "ambiguous": 0,
        "edge": 0,
        "off_day": 0,
        "repeated": 1,
        "rejected": {"invalid_number": 1, "reads_as_mainland": 1},
        "open": 2,
        "segments": {"mainland": 3, "international": 1},
        "failed_by_category": {"blacklist": 1},
        "delivery_seconds": {"p50": 5, "p95": 5},
        "by_country": {
            "CN": {"delivered": 1, "failed": 1, "missing": 1, "unlogged": 1, "waiting": 1},
            "HK": {"delivered": 1},
        },
        "by_sign_name": {
            "": {"delivered": 1, "unlogged": 1},
            "S": {"delivered": 1},
            "Sign": {"failed": 1, "waiting": 1},
        },
        "failed_by_code": {"MOBILE_IN_BLACK": 1},
        "failed_by_fault": {"recipient": 1},
        "waiting_by_hour": {"2025-06-01T14": 1},
        "latency": {"by_template": {"SMS_2": {"5": 1}}, "by_country": {"CN": {"5": 1}}},
    }
    assert json.loads(json.dumps(counted.as_dict())) == counted.as_dict()


def test_the_missing_rate_is_a_share_of_the_messages_that_could_be_queried(counted, new_world):
    assert counted.missing_rate == 1 / 5
    assert new_world().tally.missing_rate == 0


@pytest.mark.parametrize(
    ("age", "state", "has_match_keys", "settled"),
    [
        (timedelta(hours=2), "delivered", True, True),
        (timedelta(hours=1, minutes=59), "delivered", True, False),
        (timedelta(hours=2), "delivered", False, False),
        (timedelta(hours=2), "waiting", True, False),
        (timedelta(hours=2), "missing", True, False),
        (timedelta(hours=71, minutes=59), "missing", True, False),
        (timedelta(hours=72), "missing", True, True),
        (timedelta(hours=72), "delivered", False, True),
    ],
)
def test_a_day_is_settled_when_nothing_can_change_any_more(world, age, state, has_match_keys, settled):
    world.as_of = world.at("+1 00:00:00") + age
    world.line("12:00:00")
    if state == "delivered":
        world.record("12:00:00")
    if state == "waiting":
        world.record("12:00:00", status=1, code=None, took=None)
    world.run()
    assert world.tally.settled(world.day, world.as_of, has_match_keys=has_match_keys) is settled


def test_the_time_to_a_receipt_is_reported_by_the_share_that_had_it(world):
    for second in range(100):
        world.line("12:00:00", out_id=str(second)).record("12:00:00", out_id=str(second), took=second + 1)
    world.run()
    assert [world.tally.percentile(share) for share in (0.01, 0.5, 0.95, 1)] == [1, 50, 95, 100]


def test_the_largest_of_many_codes_are_named_and_the_others_are_counted(world):
    for place in range(70):
        for copy in range(1 + (place < 3)):
            ids = {"out_id": f"{place}-{copy}"}
            world.line("12:00:00", **ids).record("12:00:00", **ids, status=2, code=f"E:{place:03}")
    world.run()
    codes = world.tally.as_dict()["failed_by_code"]
    assert (len(codes), codes["(others)"], sum(codes.values())) == (51, 20, 73)
    assert [codes[f"E:00{place}"] for place in range(4)] == [2, 2, 2, 1]


def test_the_buckets_of_delivery_times_hold_every_delivery_in_the_order_of_time(world):
    for took in (0, 1, 2, 61, 90, 91, 300_000):
        world.line("12:00:00", out_id=str(took)).record("12:00:00", out_id=str(took), took=took)
    world.run()
    buckets = world.tally.latency["by_template"]["SMS_1"]
    assert list(buckets.items()) == [("1", 2), ("2", 1), ("90", 2), ("120", 1), ("inf", 1)]
