"""The running attempt of a task as plain values: its ids, its times and its state store, as Airflow knows them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from airflow_provider_dysms.triggers.send import read_instant

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

#: ``map_index`` of a task that is not mapped.
NOT_MAPPED = -1


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskAttempt:
    """One attempt of a task instance.

    :param map_index: position of a mapped task; -1 if the task is not mapped
    :param number: number of the attempt, from 1
    :param began: when the attempt began, also if it has waited in the triggerer since
    :param run_after: when the run was due; ``None`` outside of a run
    :param run_started: when the run began; a run that was cleared begins again
    :param was_cleared: whether the run was cleared
    :param state_store: Airflow's state of the task instance, with ``get`` and ``set``; ``None`` before Airflow 3.3
    :param count_positions: asks Airflow how many positions the mapped task has
    """

    dag_id: str
    run_id: str
    task_id: str
    map_index: int = NOT_MAPPED
    number: int = 1
    began: datetime
    run_after: datetime | None = None
    run_started: datetime | None = None
    was_cleared: bool = False
    state_store: Any = None
    count_positions: Callable[[], int] | None = None

    @classmethod
    def from_context(cls, context: Mapping[str, Any], began: datetime | None = None) -> TaskAttempt:
        """Return the attempt that runs with a context.

        :param context: the task's context
        :param began: when the attempt began, if it has waited in the triggerer since; default: now
        """
        ti, run = context["ti"], context.get("dag_run")
        return cls(
            dag_id=ti.dag_id,
            run_id=ti.run_id,
            task_id=ti.task_id,
            map_index=NOT_MAPPED if ti.map_index is None else ti.map_index,
            number=ti.try_number,
            began=began or datetime.now(UTC),
            run_after=run.run_after if run is not None else None,
            run_started=run.start_date if run is not None else None,
            was_cleared=run is not None and run.clear_number != 0,
            state_store=context.get("task_state_store"),
            count_positions=lambda: ti.get_ti_count(dag_id=ti.dag_id, task_ids=[ti.task_id], run_ids=[ti.run_id]),
        )

    @property
    def is_mapped(self) -> bool:
        """Whether it is of one position of a mapped task."""
        return self.map_index >= 0


def began_at(event: object) -> datetime | None:
    """Return when the attempt began that has waited in the triggerer; ``None`` if the event does not tell.

    :param event: of :class:`~airflow_provider_dysms.triggers.send.DysmsSendTrigger`
    """
    began = read_instant(event.get("began")) if isinstance(event, dict) else None
    return began if began is not None and began <= datetime.now(UTC) else None
