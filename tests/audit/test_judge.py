"""Verdicts in full: of a line and its record, of either alone, of a rejected line, and of a message id."""

from datetime import timedelta

import msgspec
import pytest

from airflow_provider_dysms.model.errors import DysmsIncomplete
from airflow_provider_dysms.model.records import MessageReport


class TestVerdicts:
    def test_a_delivered_message_in_full(self, world):
        world.line("12:00:00", biz_id="1^0", carried=("7",))
        world.record("12:00:01", biz_id="1^0", out_id="a", took=9, content="【Shop】" + "x" * 70, extra={"New": "139"})
        (verdict,) = world.run()
        assert msgspec.structs.asdict(verdict) == {
            "state": "delivered",
            "is_final": True,
            "phone_number": "13900000000",
            "country": "CN",
            "biz_id": "1^0",
            "message_id": None,
            "out_id": "a",
            "template_code": "SMS_1",
            "sign_name": "Shop",
            "category": "delivered",
            "fault": None,
            "error_code": "DELIVERED",
            "sent_at": world.at("12:00:01"),
            "received_at": world.at("12:00:10"),
            "delivery_seconds": 9,
            "segments": 2,
            "content": "【Shop】" + "x" * 70,
            "vendor": "aliyun",
            "vendor_extra": None,
            "carried": ("7",),
        }

    def test_an_unlogged_message_keeps_what_became_of_it(self, world):
        world.carry = ("user",)
        world.line("12:00:00", carried=("7",)).record("15:00:00", status=2, code="MOBILE_IN_BLACK")
        missing, unlogged = world.run()
        assert (missing.state, missing.sent_at, missing.is_final) == ("missing", world.at("12:00:00"), False)
        assert (unlogged.state, unlogged.category, unlogged.fault) == ("unlogged", "blacklist", "recipient")
        assert (unlogged.vendor_extra, unlogged.carried) == ('{"delivery": "failed"}', (None,))

    def test_missing_is_final_when_all_receipts_must_be_there(self, world):
        world.as_of = world.at("+4 00:00:00")
        assert world.line("12:00:00").run()[0].is_final
        world.as_of -= timedelta(seconds=1)
        assert not world.run()[0].is_final

    def test_a_rejected_line_says_why_and_where(self, world):
        (verdict,) = world.rejected(raw="1.39E+10").run()
        assert (verdict.state, verdict.category, verdict.fault, verdict.is_final) == (
            "rejected",
            "invalid_number",
            "sender",
            True,
        )
        assert verdict.phone_number == "1.39E+10"
        assert verdict.vendor_extra == '{"line": "log.csv:2", "reason": "phone_number is not a number"}'

    def test_a_message_abroad_is_billed_by_the_rules_abroad(self, world):
        phone = "85261234567"
        world.line("12:00:00", phone=phone).record("12:00:00", phone=phone, content="x" * 100)
        (verdict,) = world.run()
        assert (verdict.country, verdict.segments) == ("HK", 1)

    def test_no_number_and_no_text_is_in_a_repr(self, world):
        world.line("12:00:00").record("12:00:00")
        assert "139" not in repr(world.run()[0])
        assert "hello" not in repr(world.run()[0])


class TestMessageIds:
    def report(self, **fields):
        return MessageReport(**{"message_id": "1", "status": "1", "error_code": "DELIVERED"} | fields)

    def test_an_id_is_queried_once_and_is_one_message_with_the_values_of_its_first_line(self, world):
        world.carry = ("user",)
        world.line(phone=None, message_id="1", carried=("a",)).line("12:00:00", phone="13900000001")
        world.line(phone="+1 312 555 0123", message_id="1", carried=("b",))
        world.reports["1"] = self.report(
            phone_number="13125550123",
            content="x" * 100,
            sent_at=world.at("12:00:00"),
            received_at=world.at("12:00:07"),
            error_description="success",
            country="USA",
            region="Illinois",
            carrier="Any",
            extra={"Secret": "139"},
        )
        first, missing = world.run()
        assert (first.carried, missing.state) == (("a",), "missing")
        assert (first.phone_number, first.country, first.segments, first.delivery_seconds) == (
            "13125550123",
            "US",
            1,
            7,
        )
        assert first.vendor_extra == (
            '{"carrier": "Any", "country": "USA", "description": "success", "region": "Illinois", "status": "1"}'
        )
        assert world.queries["1"] == 1
        assert world.tally.repeated == 1

    @pytest.mark.parametrize(("at", "off_day"), [("12:00:00", 0), ("+1 00:00:01", 1), ("-1 23:59:59", 1)])
    def test_a_message_dated_one_day_off_is_kept_and_counted(self, world, at, off_day):
        world.line(phone=None, message_id="1")
        world.reports["1"] = self.report(sent_at=world.at(at))
        assert [verdict.state for verdict in world.run()] == ["delivered"]
        assert world.tally.off_day == off_day

    @pytest.mark.parametrize("at", ["+2 00:00:00", "-5 12:00:00"])
    def test_a_message_of_another_day_is_refused_by_line(self, world, at):
        world.line(phone=None, message_id="1")
        world.reports["1"] = self.report(sent_at=world.at(at))
        with pytest.raises(DysmsIncomplete, match=r"log\.csv:2 was sent on .* check send_date and the log"):
            world.run()

    def test_an_unknown_id_is_missing(self, world):
        world.line("12:00:00", phone=None, message_id="9")
        (verdict,) = world.run()
        assert (verdict.state, verdict.message_id, verdict.sent_at) == ("missing", "9", world.at("12:00:00"))

    def test_a_message_to_another_number_is_refused_by_line_and_without_the_number(self, world):
        world.line(phone=None, message_id="1").line(phone="+852 6123 4567", message_id="1")
        world.reports["1"] = self.report(phone_number="85261234568")
        with pytest.raises(DysmsIncomplete, match="another number") as error:
            world.run()
        assert "log.csv:3" in str(error.value)
        assert "6123" not in str(error.value)
