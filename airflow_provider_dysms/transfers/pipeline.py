"""Takes the lines of a send log group by group, reuses known results, queries the others, and writes rows in order.

A group is the lines of one message id or of one phone number: the unit in which the service is queried.
"""

from __future__ import annotations

import asyncio
import time
from contextlib import aclosing
from typing import TYPE_CHECKING, Any

import msgspec

from airflow_provider_dysms.audit.matching.detail_queries import AuditScope, first_queries
from airflow_provider_dysms.audit.missing_reasons import MissingReasons
from airflow_provider_dysms.audit.previous_audit import PreviousAudit
from airflow_provider_dysms.audit.results import NOTHING_HIDDEN, GroupResult, HiddenCounts, HiddenCountsPacker, Source
from airflow_provider_dysms.audit.run import audit, known_results
from airflow_provider_dysms.audit.tally import Tally
from airflow_provider_dysms.model.delivery import State
from airflow_provider_dysms.retention.erased_texts import ErasedTexts
from airflow_provider_dysms.storage import checkpoints as checkpoint_storage
from airflow_provider_dysms.storage.object_store.store_errors import safe_reason
from airflow_provider_dysms.transfers.from_receipts.known_receipts import KnownReceipts, is_reported, keep_known
from airflow_provider_dysms.transfers.known_rows.erased_groups import ErasedGroups
from airflow_provider_dysms.transfers.known_rows.lost_lines import LostLines
from airflow_provider_dysms.transfers.reporting.progress import Progress

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import datetime

    from airflow_provider_dysms.api.client import DysmsClient
    from airflow_provider_dysms.audit.send_log.lines import Line
    from airflow_provider_dysms.audit.send_log.log import SendLog
    from airflow_provider_dysms.audit.verdict import Verdict
    from airflow_provider_dysms.retention.erasure_records import ErasedPeople
    from airflow_provider_dysms.storage.checkpoints import Checkpoints
    from airflow_provider_dysms.storage.disk_index import DiskIndex
    from airflow_provider_dysms.storage.row_spool import RowSpool
    from airflow_provider_dysms.transfers.known_rows.previous_rows import PreviousRows
    from airflow_provider_dysms.transfers.known_rows.row_codec import RowCodec

#: Sources of groups that this audit has judged; the partition's own were judged by the audit before.
_JUDGED_HERE = frozenset({Source.ASKED, Source.RESUMED})

#: Sources of groups whose verdicts were read from rows, so that their numbers are hashed already.
_FROM_ROWS = frozenset({Source.RESUMED, Source.COMMITTED, Source.ERASED})


class Pipeline:
    """Goes through a send log once; afterwards its attributes hold the findings.

    :param send_log: the lines, in their order
    :param scope: what the audit is about, as of the start of the first attempt whose responses are used
    :param codec: makes the rows
    :param spool: takes the rows
    :param resumed: results that earlier attempts of the same task have saved, by the number of the group
    :param checkpoints: take the results of this attempt, for later ones
    :param previous_rows: the rows of the partition, if they can be compared
    :param take_over: whether a group whose previous rows are final is not asked again
    :param may_lose: whether the previous rows have no records, so that none can be lost
    :param erased_people: people who are left out; ``None`` if nobody is
    :param to_csv: whether the rows are written as CSV, in which an empty text reads as nothing
    :param columns: our name -> the log's column, if the user named them
    :param log: the task's logger
    :param progress: shows the progress of the queries
    :param receipts: what the receipts of vendors say about the lines; default: nothing
    """

    def __init__(
        self,
        send_log: SendLog,
        scope: AuditScope,
        codec: RowCodec,
        spool: RowSpool,
        *,
        resumed: DiskIndex,
        checkpoints: Checkpoints,
        previous_rows: PreviousRows | None,
        take_over: bool,
        may_lose: bool = False,
        to_csv: bool,
        erased_people: ErasedPeople | None = None,
        columns: Mapping[str, str] | None = None,
        log: Any,
        progress: type[Progress] = Progress,
        receipts: KnownReceipts | None = None,
    ) -> None:
        self.tally = Tally()
        #: Number of groups per source.
        self.groups = dict.fromkeys(Source, 0)
        #: Counts that the rows do not show, for the groups that have any.
        self.hidden_counts = HiddenCountsPacker()
        #: What the lines without a record have in common.
        self.missing_reasons = MissingReasons(scope, columns)
        self._send_log = send_log
        self._scope = scope
        self._codec = codec
        self._spool = spool
        self._resumed = resumed
        self._checkpoints = checkpoints
        self._previous_rows = previous_rows
        self._take_over = take_over
        self._may_lose = may_lose
        self._has_kept_verdicts = False
        self._erased_people = erased_people
        self._log = log
        self._progress = progress
        self._receipts = receipts or KnownReceipts()
        empty_is_null = to_csv and previous_rows is not None and previous_rows.is_csv
        #: The previous privacy key, if the previous rows are hashed with it.
        self._previous_key = previous_rows.hashed_by if previous_rows else None
        display_number = self._previous_key.phone_hash if self._previous_key else codec.display_number
        self._previous_audit = PreviousAudit(scope, display_number, empty_is_null)
        self.lost = LostLines(self._previous_audit)
        self._erased = ErasedGroups(erased_people, previous_rows, self._previous_audit)
        self._erased_texts = ErasedTexts(erased_people, codec.columns)
        self._unsaved: list[checkpoint_storage.Entry] = []
        self._unsaved_queries = 0
        self._upload: asyncio.Task[None] | None = None

    @property
    def has_previous_rows(self) -> bool:
        """Whether the partition has rows that can be compared."""
        return self._previous_rows is not None

    @property
    def causes(self) -> str:
        """Why lines may have no record, the most likely cause first."""
        tally = self.tally
        has_found = bool(tally.recorded or tally.unlogged or tally.edge)
        return self.missing_reasons.causes(self._send_log.lines, has_found=has_found)

    @property
    def oldest_answer(self) -> datetime:
        """The earliest instant at which a response behind the rows may have been asked for."""
        takes_over = self.groups[Source.COMMITTED] or self.groups[Source.ERASED] or self._has_kept_verdicts
        if self._previous_rows is None or not takes_over:
            return self._scope.as_of
        return min(self._scope.as_of, self._previous_rows.oldest_answer)

    async def run(self, client: DysmsClient) -> None:
        """Audit every line, and write the rows to the spool."""
        scope = self._scope
        self._last_saved = time.monotonic()
        self._receipts.arrange(self._send_log.lines)
        results = audit(
            self._send_log,
            client,
            send_date=scope.send_date,
            as_of=scope.as_of,
            match=scope.match,
            tally=self.tally,
            known_result=self._find_known_result,
            known_verdicts=self._receipts.known_verdicts,
            leave_out=self._erased.leave_out if self._erased_people else None,
        )
        title, lines = f"Audit of {scope.send_date}", len(self._send_log.lines)
        try:
            with self._progress(self._log, title, lines, self.tally, client.counters):
                async with aclosing(results):
                    async for result in results:
                        self._write_group(result)
                        if self._unsaved and self._is_checkpoint_due():
                            await self._save()
        finally:
            await self._wait_for_upload()

    def run_without_queries(self) -> None:
        """Write the rows of every line as its receipts, or the rows of the partition, have it."""
        self._receipts.arrange(self._send_log.lines)
        leave_out = self._erased.leave_out if self._erased_people else None
        results = known_results(self._send_log, self._find_best_result, self.tally, leave_out)
        for result in results:
            self._write_group(result)

    def write_unlogged(self, verdicts: Iterable[Verdict]) -> None:
        """Write the rows of messages without a line, after those of all lines."""
        for verdict in verdicts:
            if self._erased.contains(verdict):
                self.tally.erased += 1
                continue
            self.tally.add([verdict])
            self._spool.write(self._erased_texts.remove(self._codec.rows([verdict])))

    def _find_best_result(self, number: int, lines: list[Line]) -> GroupResult:
        """Return what receipts say of a group; the partition's rows if these say more."""
        found = self._receipts.find(number, lines)
        if erased := self._erased.find(number, lines):
            return erased
        assert found is not None
        has_all = not found.hidden_counts.repeated and all(map(is_reported, found.verdicts))
        if self._take_over and self._previous_rows is not None and not has_all:
            return self._with_previous_verdicts(found)
        return found

    def _with_previous_verdicts(self, found: GroupResult) -> GroupResult:
        """Return what receipts say of a group; what is known of the lines of which they say nothing stays known."""
        if not any(map(is_reported, found.verdicts)) and (known := self._find_committed(found.index, found.lines)):
            # Messages without a line are judged by today's receipts alone, and written after all lines.
            known.verdicts = [verdict for verdict in known.verdicts if verdict.state != State.UNLOGGED]
            return known
        if found.lines[0].message_id is None and (previous := self._find_previous(found.lines)):
            hidden_counts, verdicts = previous
            previous_verdicts = self._previous_audit.verdicts_by_line(found.lines, verdicts, hidden_counts.repeated)
            self._has_kept_verdicts |= keep_known(found, previous_verdicts)
        return found

    def _find_known_result(self, number: int, lines: list[Line]) -> GroupResult | None:
        """Return the result of a group that need not be queried; ``None`` if it must be."""
        # Also for erased people: their receipts are not those of messages without a line.
        by_receipts = self._receipts.find(number, lines)
        if erased := self._erased.find(number, lines):
            return erased
        for packed in self._resumed.get(number):
            hidden_counts, verdicts = self._codec.unpack(packed)
            # An earlier release had other rules about repeated lines.
            if self._previous_audit.fits_rules(lines, verdicts, hidden_counts.repeated):
                return self._result(number, lines, verdicts, Source.RESUMED, hidden_counts)
        return (self._find_committed(number, lines) if self._take_over else None) or (
            by_receipts and self._erased.leave_out(by_receipts)
        )

    def _find_committed(self, number: int, lines: list[Line]) -> GroupResult | None:
        """Return the result of a group from the partition's rows, if they are final and its lines are the same."""
        if found := self._find_previous(lines):
            hidden_counts, verdicts = found
            is_valid = self._previous_audit.matches(lines, verdicts, hidden_counts.repeated)
            if is_valid and (ours := self._with_current_hash(lines[0], verdicts)):
                return self._result(number, lines, ours, Source.COMMITTED, hidden_counts)
        return None

    def _with_current_hash(self, line: Line, verdicts: list[Verdict]) -> list[Verdict]:
        """Return verdicts with the number hashed by the current key; none if the log does not have the number."""
        if self._previous_key is None:
            return verdicts
        if line.message_id is not None or line.phone is None:
            return []  # only the service knows the number of such a row: the group is asked again
        phone_number = self._codec.display_number(line.phone.digits)
        return [msgspec.structs.replace(verdict, phone_number=phone_number) for verdict in verdicts]

    def _find_previous(self, lines: list[Line]) -> tuple[HiddenCounts, list[Verdict]] | None:
        return self._previous_rows.find(self._previous_audit.key(lines)) if self._previous_rows else None

    def _result(
        self, number: int, lines: list[Line], verdicts: list[Verdict], source: Source, hidden_counts: HiddenCounts
    ) -> GroupResult:
        first = 1 if lines[0].message_id is not None else len(first_queries(lines, self._scope))
        return GroupResult(number, lines, verdicts, source, first + hidden_counts.further_queries, hidden_counts)

    def _write_group(self, result: GroupResult) -> None:
        """Write the rows of a group, and count it."""
        rows = self._erased_texts.remove(self._codec.rows(result.verdicts, from_rows=result.source in _FROM_ROWS))
        self.groups[result.source] += 1
        is_judged_here = result.source in _JUDGED_HERE
        if is_judged_here and self._scope.has_match_keys and not result.erased:
            self.missing_reasons.add(result)
        if result.hidden_counts is not NOTHING_HIDDEN and result.hidden_counts != NOTHING_HIDDEN:
            self.hidden_counts.add(self.tally.rows - len(rows), result.hidden_counts)
        if self._previous_rows is not None and not self._may_lose:
            is_new = is_judged_here or result.source is Source.RECEIPTS
            if is_new and not result.erased and (found := self._find_previous(result.lines)):
                self.lost.add(result, *found)
        self._receipts.compare(result)
        self._spool.write(rows)
        if result.source is Source.ASKED and self._checkpoints.is_enabled:
            self._unsaved.append((result.index, self._codec.pack(result.hidden_counts, rows)))
            self._unsaved_queries += result.asked

    def _is_checkpoint_due(self) -> bool:
        is_late = time.monotonic() - self._last_saved >= checkpoint_storage.MAX_SECONDS
        return is_late or self._unsaved_queries >= checkpoint_storage.MAX_QUERIES

    async def _save(self) -> None:
        """Upload a checkpoint in the background, one at a time: an audit faster than the store waits for it."""
        await self._wait_for_upload()
        self._upload = asyncio.create_task(asyncio.to_thread(self._checkpoints.write, self._unsaved))
        self._unsaved, self._unsaved_queries, self._last_saved = [], 0, time.monotonic()

    async def _wait_for_upload(self) -> None:
        if self._upload is not None:
            upload, self._upload = self._upload, None
            try:
                await upload
            except Exception as error:  # every store has its own; the export does not depend on it
                self._log.warning("A checkpoint for a retry could not be written: %s", safe_reason(error))
