"""One walk through a log: what is known is taken over, the rest is asked, and all of it becomes rows in one order."""

from __future__ import annotations

import asyncio
import time
from contextlib import aclosing
from typing import TYPE_CHECKING, Any

import msgspec

from airflow_provider_dysms.audit.matching.detail_queries import AuditScope, first_queries
from airflow_provider_dysms.audit.missing_reasons import MissingReasons
from airflow_provider_dysms.audit.previous_audit import PreviousAudit
from airflow_provider_dysms.audit.results import GroupResult, HiddenCounts, Source
from airflow_provider_dysms.audit.run import audit
from airflow_provider_dysms.audit.tally import Tally
from airflow_provider_dysms.storage import checkpoints
from airflow_provider_dysms.storage.object_store.store_errors import safe_reason
from airflow_provider_dysms.transfers.previous_rows import Packing
from airflow_provider_dysms.transfers.progress import Progress

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from airflow_provider_dysms.api.client import DysmsClient
    from airflow_provider_dysms.audit.send_log.lines import Line
    from airflow_provider_dysms.audit.send_log.log import SendLog
    from airflow_provider_dysms.audit.verdict import Verdict
    from airflow_provider_dysms.storage.checkpoints import Checkpoints
    from airflow_provider_dysms.storage.disk_index import DiskIndex
    from airflow_provider_dysms.storage.row_spool import RowSpool
    from airflow_provider_dysms.transfers.previous_rows import PreviousRows
    from airflow_provider_dysms.transfers.row_codec import RowCodec

#: Whose rows are made anew, and whose numbers stand as they are shown.
_NEW, _KEPT = (Source.ASKED, Source.RESUMED), (Source.RESUMED, Source.COMMITTED)
_NOTHING = HiddenCounts()


class Pipeline:
    """Walks once through a log, and knows afterwards what there is to say of it.

    :param scope: what the audit is about, as of the begin of the try that asked first
    :param spool: takes the rows
    :param resumed: what earlier tries of the same task asked, by the number of the case
    :param saved: takes what is asked now, for later tries
    :param committed: what the partition holds, if it can be compared
    :param take_over: whether what is final there is not asked again
    :param columns: our name -> the log's column, if it was given
    """

    def __init__(
        self,
        sent: SendLog,
        scope: AuditScope,
        rows: RowCodec,
        spool: RowSpool,
        *,
        resumed: DiskIndex,
        saved: Checkpoints,
        committed: PreviousRows | None,
        take_over: bool,
        to_csv: bool,
        columns: Mapping[str, str] | None = None,
        log: Any,
    ) -> None:
        self.tally = Tally()
        #: How many cases came from where.
        self.cases = dict.fromkeys(Source, 0)
        #: How many lines had a record in the committed partition and now have none, and the first of them.
        self.lost = 0
        self.first_lost: Line | None = None
        #: What cannot be seen of cases, where it is not nothing.
        self.unseen = Packing()
        #: What the lines without a record have in common.
        self.absences = MissingReasons(scope, columns)
        self._sent = sent
        self._scope = scope
        self._rows = rows
        self._spool = spool
        self._resumed = resumed
        self._saved = saved
        self._committed = committed
        self._take_over = take_over
        self._log = log
        blank_is_nothing = to_csv and committed is not None and committed.is_csv
        #: Hashed the committed rows, if its secret has been replaced since.
        self._replaced = committed.hashed_by if committed else None
        shown = self._replaced.phone_hash if self._replaced else rows.shown
        self._earlier = PreviousAudit(scope, shown, blank_is_nothing)
        self._pending: list[checkpoints.Entry] = []
        self._questions = 0
        self._upload: asyncio.Task[None] | None = None

    @property
    def causes(self) -> str:
        """Why lines may have no record, the likelier cause first."""
        tally = self.tally
        return self.absences.causes(self._sent.lines, has_found=bool(tally.recorded or tally.unlogged or tally.edge))

    @property
    def oldest_answer(self) -> datetime:
        """When the oldest of the answers behind the rows was asked for, at the earliest."""
        if self._committed is None or not self.cases[Source.COMMITTED]:
            return self._scope.as_of
        return min(self._scope.as_of, self._committed.oldest_answer)

    async def run(self, client: DysmsClient) -> None:
        """Walk."""
        scope = self._scope
        self._last_saved = time.monotonic()
        cases = audit(
            self._sent,
            client,
            send_date=scope.send_date,
            as_of=scope.as_of,
            match=scope.match,
            tally=self.tally,
            known_result=self._known,
        )
        try:
            with Progress(self._log, f"Audit of {scope.send_date}", len(self._sent.lines), self.tally, client.counters):
                async with aclosing(cases):
                    async for outcome in cases:
                        self._take(outcome)
                        if self._pending and self._is_due():
                            await self._save()
        finally:
            await self._wait_for_upload()

    def _known(self, number: int, lines: list[Line]) -> GroupResult | None:
        for packed in self._resumed.get(number):
            unseen, verdicts = self._rows.unpack(packed)
            if self._earlier.fits_rules(lines, verdicts, unseen.repeated):  # an earlier release had others
                return self._outcome(number, lines, verdicts, Source.RESUMED, unseen)
        if self._take_over and (found := self._find(lines)):
            unseen, verdicts = found
            is_same = self._earlier.matches(lines, verdicts, unseen.repeated)
            if is_same and (ours := self._hashed_anew(lines[0], verdicts)):
                return self._outcome(number, lines, ours, Source.COMMITTED, unseen)
        return None

    def _hashed_anew(self, line: Line, verdicts: list[Verdict]) -> list[Verdict]:
        """Return verdicts with the number hashed by the secret of now; none if the log does not have the number."""
        if self._replaced is None:
            return verdicts
        if line.message_id is not None or line.phone is None:
            return []  # the number of such a row is known from the service alone: it is asked again
        phone_number = self._rows.shown(line.phone.digits)
        return [msgspec.structs.replace(verdict, phone_number=phone_number) for verdict in verdicts]

    def _find(self, lines: list[Line]) -> tuple[HiddenCounts, list[Verdict]] | None:
        return self._committed.find(self._earlier.key(lines)) if self._committed else None

    def _outcome(
        self, number: int, lines: list[Line], verdicts: list[Verdict], source: Source, unseen: HiddenCounts
    ) -> GroupResult:
        first = 1 if lines[0].message_id is not None else len(first_queries(lines, self._scope))
        return GroupResult(number, lines, verdicts, source, first + unseen.further_queries, unseen)

    def _take(self, outcome: GroupResult) -> None:
        kept = outcome.source in _KEPT
        rows = self._rows.of(outcome.verdicts, kept=kept)
        self.cases[outcome.source] += 1
        if outcome.source in _NEW and self._scope.has_match_keys:
            self.absences.add(outcome)
        if outcome.hidden != _NOTHING:
            self.unseen.add(self.tally.rows - len(rows), outcome.hidden)
        if self._committed and outcome.source in _NEW and (found := self._find(outcome.lines)):
            unseen, verdicts = found
            lost = self._earlier.lost_lines(outcome, verdicts, unseen.repeated)
            if lost and self.first_lost is None:
                self.first_lost = lost[0]
            self.lost += len(lost)
        self._spool.write(rows)
        if outcome.source is Source.ASKED and self._saved.is_enabled:
            self._pending.append((outcome.index, self._rows.pack(outcome.hidden, rows)))
            self._questions += outcome.asked

    def _is_due(self) -> bool:
        is_late = time.monotonic() - self._last_saved >= checkpoints.MAX_SECONDS
        return is_late or self._questions >= checkpoints.MAX_QUERIES

    async def _save(self) -> None:
        """Send a segment on its way, one at a time: who is faster than the store waits for it."""
        await self._wait_for_upload()
        self._upload = asyncio.create_task(asyncio.to_thread(self._saved.write, self._pending))
        self._pending, self._questions, self._last_saved = [], 0, time.monotonic()

    async def _wait_for_upload(self) -> None:
        if self._upload is not None:
            upload, self._upload = self._upload, None
            try:
                await upload
            except Exception as error:  # every store has its own; the export does not depend on it
                self._log.warning("What was asked so far could not be kept for a retry: %s", safe_reason(error))
