"""A scheduler, a worker and a triggerer in miniature, around Airflow's own task runner and metadata database.

``dag.test()`` differs from them where sensors are concerned: it loses what a deferral says beyond the trigger, has no
timeouts of triggers, and knows no failing trigger.
"""

import asyncio
import functools
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest

from airflow_provider_dysms.emulator import Emulator

#: What may become of a trigger, see :meth:`SmallAirflow.play`.
RUN, DEAD = object(), object()


@dataclass
class End:
    """How a task ended.

    :param state: Airflow's, ``up_for_retry`` included
    :param error: what the last hop raised
    :param result: what the task returned
    :param reports: what it pushed to XCom under ``reports``
    :param path: the state after each hop on a worker
    """

    state: str
    error: BaseException | None
    result: Any
    reports: Any
    path: list[str] = field(default_factory=list)


class SmallAirflow:
    """Runs the tasks of a DAG hop by hop, all of them independent of each other."""

    def play(
        self,
        dag: Any,
        on_deferred: Callable[[Any, Any], Any] = lambda ti, row: RUN,
        *,
        tries: int = 1,
        cleared: bool = False,
    ) -> dict[str, End]:
        """Run a DAG until every task has ended; return how.

        :param on_deferred: says what becomes of a trigger, from its task and its row in the database: ``RUN``;
            ``DEAD``, no triggerer runs it until the scheduler gives up; an exception in which it ends; or the payload
            of the event that it gives
        :param tries: a task is not retried after this number of attempts
        :param cleared: run the last run again, as if a user had cleared its tasks
        """
        from airflow.utils.session import create_session

        run_id = self._run_id = self._clear(dag, self._run_id) if cleared else self._begin(dag)
        ends: dict[str, End] = {}
        paths: dict[str, list[str]] = {task_id: [] for task_id in dag.task_ids}
        while len(ends) < len(dag.task_ids):
            for ti in self._tis(dag, run_id):
                if ti.task_id in ends or ti.state not in (None, "scheduled", "up_for_reschedule", "up_for_retry"):
                    continue
                self._wait_for_reschedule(ti)
                ended = self._work(ti, dag.get_task(ti.task_id))
                paths[ti.task_id].append(ended.state.value)
                is_last = ended.state == "up_for_retry" and paths[ti.task_id].count("up_for_retry") == tries
                if is_last or ended.state in ("success", "failed", "skipped"):
                    ends[ti.task_id] = End(
                        ended.state.value,
                        ended.error,
                        self._xcom(ti, "return_value"),
                        self._xcom(ti, "reports"),
                        paths[ti.task_id],
                    )
            with create_session() as session:
                deferred = [ti for ti in self._tis(dag, run_id, session) if ti.state == "deferred"]
                self._triggers(deferred, on_deferred, session)
        return ends

    def _clear(self, dag: Any, run_id: str) -> str:
        from airflow.models.taskinstance import TaskInstance
        from airflow.utils.session import create_session
        from sqlalchemy import update

        ours = (TaskInstance.dag_id == dag.dag_id, TaskInstance.run_id == run_id)
        with create_session() as session:
            session.execute(update(TaskInstance).where(*ours).values(state=None))
        return run_id

    def _begin(self, dag: Any) -> str:
        from airflow.models.dagbundle import DagBundleModel
        from airflow.models.serialized_dag import SerializedDagModel
        from airflow.serialization.definitions.dag import SerializedDAG
        from airflow.serialization.serialized_objects import DagSerialization, LazyDeserializedDAG
        from airflow.utils.session import create_session
        from airflow.utils.state import DagRunState
        from airflow.utils.types import DagRunTriggeredByType, DagRunType

        now = datetime.now(UTC)
        run_id = f"test__{now.isoformat()}"
        with create_session() as session:
            session.merge(DagBundleModel(name="testing"))
            session.flush()
            SerializedDAG.bulk_write_to_db("testing", None, [dag], session=session)
            data = DagSerialization.to_dict(dag)
            SerializedDagModel.write_dag(LazyDeserializedDAG(data=data), "testing", session=session)
        with create_session() as session:
            DagSerialization.from_dict(data).create_dagrun(
                run_id=run_id,
                logical_date=now,
                data_interval=(now, now),
                run_after=now,
                run_type=DagRunType.MANUAL,
                triggered_by=DagRunTriggeredByType.TEST,
                state=DagRunState.RUNNING,
                start_date=now,
                session=session,
            )
        return run_id

    def _tis(self, dag: Any, run_id: str, session: Any = None) -> list[Any]:
        from airflow.models.taskinstance import TaskInstance
        from airflow.utils.session import create_session
        from sqlalchemy import select

        query = select(TaskInstance).where(TaskInstance.dag_id == dag.dag_id, TaskInstance.run_id == run_id)
        if session is not None:
            return list(session.scalars(query))
        with create_session() as own:
            found = list(own.scalars(query))
            own.expunge_all()
        return sorted(found, key=lambda ti: ti.task_id)

    def _wait_for_reschedule(self, ti: Any) -> None:
        from airflow.models.taskreschedule import TaskReschedule
        from airflow.utils.session import create_session
        from sqlalchemy import select

        if ti.state == "up_for_reschedule":
            with create_session() as session:
                query = select(TaskReschedule.reschedule_date).where(TaskReschedule.ti_id == ti.id)
                due = max(session.scalars(query))
            time.sleep(max(0, due.timestamp() - time.time()))

    def _work(self, ti: Any, task: Any) -> Any:
        """One hop on a worker."""
        from airflow.models.taskinstance import TaskInstance as Row
        from airflow.sdk.api.datamodels._generated import TaskInstance
        from airflow.sdk.execution_time.supervisor import run_task_in_process
        from airflow.utils.session import create_session
        from sqlalchemy import update

        try_number = ti.try_number + (ti.state in (None, "up_for_retry"))
        with create_session() as session:
            session.execute(update(Row).where(Row.id == ti.id).values(state="queued", try_number=try_number))
        what = TaskInstance(
            id=UUID(str(ti.id)),
            task_id=ti.task_id,
            dag_id=ti.dag_id,
            run_id=ti.run_id,
            try_number=try_number,
            map_index=ti.map_index,
            dag_version_id=UUID(str(ti.dag_version_id)),
        )
        return run_task_in_process(ti=what, task=task)

    def _triggers(self, tis: list[Any], on_deferred: Callable[[Any], Any], session: Any) -> None:
        """Everything that is deferred, in one event loop, from how the database has it."""
        from airflow.models.trigger import Trigger
        from airflow.sdk._shared.module_loading import import_string
        from airflow.triggers.base import TriggerEvent

        running = []
        for ti in tis:
            row = session.get(Trigger, ti.trigger_id)
            fate = on_deferred(ti, row)
            if fate is RUN:
                running.append((ti.trigger_id, import_string(row.classpath)(**row.kwargs)))
            elif fate is DEAD:
                ti.next_method, ti.next_kwargs = "__fail__", {"error": "Trigger timeout"}
                ti.trigger_id, ti.state = None, "scheduled"
            elif isinstance(fate, Exception):
                Trigger.submit_failure(ti.trigger_id, fate, session=session)
            else:
                Trigger.submit_event(ti.trigger_id, TriggerEvent(fate), session=session)
        session.commit()

        async def run(trigger: Any) -> Any:
            try:
                return await anext(trigger.run())
            finally:
                await trigger.cleanup()

        async def run_all() -> list[Any]:
            return await asyncio.gather(*(run(trigger) for _, trigger in running))

        if running:
            for (trigger_id, _), event in zip(running, asyncio.run(run_all()), strict=True):
                Trigger.submit_event(trigger_id, event, session=session)

    def _xcom(self, ti: Any, key: str) -> Any:
        from airflow.models.xcom import XComModel
        from airflow.utils.session import create_session
        from sqlalchemy import select

        with create_session() as session:
            query = select(XComModel).where(
                XComModel.dag_id == ti.dag_id,
                XComModel.task_id == ti.task_id,
                XComModel.run_id == ti.run_id,
                XComModel.key == key,
            )
            row = session.scalars(query).one_or_none()
            return None if row is None else XComModel.deserialize_value(row)


@pytest.fixture
def run() -> Any:
    return RUN


@pytest.fixture
def dead() -> Any:
    return DEAD


@pytest.fixture
def airflow(_warm: None) -> SmallAirflow:
    return SmallAirflow()


@pytest.fixture(scope="session")
def _warm(_airflow_database: None, _as_on_a_worker: None, dysms_process: Emulator) -> None:
    """The first task of a process imports for seconds, and tests have timeouts of less."""
    from airflow.sdk import DAG

    from airflow_provider_dysms.sensors.dysms import DysmsMessageSensor

    with pytest.MonkeyPatch.context() as patch, DAG("warm") as dag:
        patch.setenv("AIRFLOW_CONN_WARM", dysms_process.connection_json())
        DysmsMessageSensor(task_id="wait", message_ids="1", timeout=60, dysms_conn_id="warm", deferrable=True)
        SmallAirflow().play(dag, lambda ti, row: DEAD)


@pytest.fixture(scope="session")
def _as_on_a_worker() -> Iterator[None]:
    """Make Airflow's own runner of tasks in this process do as a worker does."""
    from airflow.sdk.execution_time import supervisor
    from airflow.sdk.execution_time.task_runner import RuntimeTaskInstance

    construct = RuntimeTaskInstance.model_construct

    def resumed(*, start_date: datetime, _ti_context_from_server: Any, **fields: Any) -> Any:
        """A task that was deferred started when it did first."""
        first = _ti_context_from_server.start_date or start_date
        return construct(start_date=first, _ti_context_from_server=_ti_context_from_server, **fields)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(RuntimeTaskInstance, "model_construct", staticmethod(resumed))
        # Airflow 3.2 builds the server that tasks talk to anew for every task, which takes seconds.
        patch.setattr(supervisor, "in_process_api_server", functools.cache(supervisor.in_process_api_server))
        yield


@pytest.fixture(autouse=True)
def _connection(emulator: Emulator, monkeypatch: pytest.MonkeyPatch) -> None:
    extra = {"quota_share": 1, "privacy_secret": "k" * 32, "timeout": 2}
    monkeypatch.setenv("AIRFLOW_CONN_DYSMS_DEFAULT", emulator.connection_json(**extra))
