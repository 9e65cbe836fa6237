"""Other writers between the steps of a commit, and stores that refuse one: one file is left, and its manifest."""

from __future__ import annotations

import contextlib
import errno
import hashlib
import json
import uuid

import pytest

from airflow_provider_dysms.model.errors import DysmsInputError, DysmsStorageError
from airflow_provider_dysms.storage import partition as partitions
from airflow_provider_dysms.storage.object_store.store_errors import FileReplaced
from airflow_provider_dysms.storage.partition import MAX_ATTEMPTS

DAY = "send_date=2025-06-01"
DATA, MANIFEST = f"{DAY}/part-0.jsonl", f"_manifests/{DAY}.json"
SCHEMA = {"name": str, "count": int}
ROWS = [("甲", 1), ("b", None)]
WRITTEN = '{"name":"甲","count":1}\n{"name":"b","count":null}\n'.encode()


#: What an error says that a verb could not do.
TOLD = {
    "upload": f"written: {{}}/{DATA}",
    "write": f"written: {{}}/{MANIFEST}",
    "read": f"read: {{}}/{MANIFEST}",
    "keys": f"listed: {{}}/{DAY}",
    "matches": f"read: {{}}/{DATA}",
    "remove": f"removed: {{}}/{DAY}/part-0.csv",
    "probe": "written: {}",
}


def other(light_place, *, rows=(("other", 2),), extension="jsonl"):
    """Another writer, who is refused where he finds the data of a change of format that has no manifest yet."""

    def write() -> None:
        with contextlib.suppress(DysmsInputError):
            light_place.commit(rows, extension=extension, result={"writer": "other"})

    return write


def once(action, verb, count=1):
    """Do something at the n-th time that the verb is met."""
    met = 0

    def meet(met_verb: str, key: str) -> None:
        nonlocal met
        met += met_verb == verb
        if met_verb == verb and met == count:
            action()

    return meet


def fits(light_place):
    files = light_place.files()
    result = json.loads(files.pop(MANIFEST))["result"]
    (data,) = files.items()
    return data == (result["data"], data[1]) and hashlib.sha256(data[1]).hexdigest() == result["sha256"]


@pytest.mark.parametrize("extension", ["jsonl", "csv"])
@pytest.mark.parametrize(
    ("verb", "count"),
    [("upload", 1), ("write", 1), ("remove", 1), ("matches", 1), ("keys", 1), ("keys", 2), ("read", 1), ("read", 2)],
)
@pytest.mark.parametrize("moment", ["before", "after"])
def test_whenever_another_writer_comes_between_one_file_is_left_and_the_manifest_fits_it(
    light_place, naps, extension, verb, count, moment
):
    light_place.commit(extension="csv")
    steps = light_place.steps()
    write = other(light_place, extension=extension)
    came: list[None] = []
    setattr(steps, moment, once(lambda: came.append(write()), verb, count))
    light_place.commit(store=steps)
    assert len(came) == 1
    assert fits(light_place)


def test_where_the_other_came_last_and_is_whole_the_manifest_that_is_told_is_the_others(light_place):
    steps = light_place.steps()
    steps.after = once(other(light_place), "write")
    assert light_place.commit(store=steps)["result"]["writer"] == "other"
    assert light_place.files()[DATA] == b'{"name":"other","count":2}\n'


def test_data_of_another_under_our_manifest_is_noticed_and_both_are_written_once_more(light_place, naps):
    steps = light_place.steps()
    steps.after = once(lambda: light_place.put(DATA, b'{"name":"x","count":3}\n'), "write")
    light_place.commit(store=steps)
    assert fits(light_place)
    assert light_place.files()[DATA] == WRITTEN
    assert steps.taken == [f"upload {DATA}", f"write {MANIFEST}"] * 2
    assert len(naps) == 1


def test_our_data_under_the_manifest_of_another_are_noticed_although_they_are_as_long(light_place, naps):
    theirs = light_place.commit([("c", 3), ("乙", None)])
    manifest = light_place.files()[MANIFEST]
    assert theirs["result"]["bytes"] == len(WRITTEN)
    steps = light_place.steps()
    steps.after = once(lambda: light_place.put(MANIFEST, manifest), "write")
    light_place.commit(store=steps)
    assert fits(light_place)
    assert light_place.files()[DATA] == WRITTEN
    assert len(naps) == 1


def test_data_of_the_same_length_is_noticed_too_and_a_missing_file(light_place, naps):
    for meddle in (
        lambda: light_place.put(DATA, bytes(len(WRITTEN))),
        lambda: light_place.store.remove(DATA),
        lambda: light_place.store.remove(MANIFEST),
    ):
        steps = light_place.steps()
        steps.after = once(meddle, "write")
        light_place.commit(store=steps)
        assert fits(light_place)
    assert len(naps) == 3


def test_a_writer_gives_up_on_others_that_never_rest_after_pauses_that_grow(light_place, naps, monkeypatch):
    drawn: list[tuple[float, float]] = []

    class Highest:
        def uniform(self, lowest: float, highest: float) -> float:
            drawn.append((lowest, highest))
            return highest

    monkeypatch.setattr(partitions.secrets, "SystemRandom", Highest)
    steps = light_place.steps()
    steps.after = lambda verb, key: light_place.put(DATA, uuid.uuid4().bytes) if verb == "write" else None
    with pytest.raises(DysmsStorageError) as gave_up:
        light_place.commit(store=steps)
    assert gave_up.value.message == (
        f"{light_place.root.protocol}://{light_place.root.path}/{DATA}: data and manifest do not fit after 10 "
        "attempts, because other tasks keep writing this partition; "
        "let one task at a time write it (max_active_tis_per_dag=1)"
    )
    assert drawn == [(0, 0.05 * 2**attempt) for attempt in range(MAX_ATTEMPTS)]
    assert naps == [highest for _, highest in drawn]


@pytest.mark.parametrize(
    ("error", "kind", "told"),
    [
        (
            PermissionError(errno.EACCES, "Permission denied"),
            DysmsInputError,
            "(Permission denied); the task lists, reads,",
        ),
        (
            OSError(errno.ENOSPC, "No space left on device"),
            DysmsStorageError,
            "(No space left on device); the store may be",
        ),
        (
            RuntimeError("secret"),
            DysmsInputError,
            "(RuntimeError); the task lists, reads, writes and deletes there: check",
        ),
    ],
)
@pytest.mark.parametrize("verb", ["upload", "write", "read", "keys", "matches", "remove", "probe"])
def test_what_a_store_refuses_is_an_error_of_ours_and_the_old_file_or_the_new_is_there(
    light_place, error, kind, told, verb
):
    light_place.commit(extension="csv")
    before = light_place.files()
    steps = light_place.steps()

    def refuse(met: str, key: str) -> None:
        if met == verb:
            raise error

    steps.before = refuse
    target = light_place.partition(store=steps)
    with pytest.raises(kind) as refused, target.open_spool(SCHEMA) as spool:  # noqa: PT012
        target.probe()
        spool.write(ROWS)
        target.commit(spool, {}, {})
    uri = f"{light_place.root.protocol}://{light_place.root.path}"
    assert str(refused.value).startswith(f"output_uri cannot be {TOLD[verb].format(uri)} {told}")
    assert "secret" not in str(refused.value)
    assert type(refused.value.__cause__) is type(error)
    after = light_place.files()
    assert after[MANIFEST] == before[MANIFEST] or after[DATA] == WRITTEN
    light_place.commit()
    assert fits(light_place)


def test_an_error_of_ours_stays_what_it_is(light_place):
    steps = light_place.steps()
    ours = DysmsStorageError("as it was")

    def refuse(met: str, key: str) -> None:
        raise ours

    steps.before = refuse
    with pytest.raises(DysmsStorageError) as refused:
        light_place.commit(store=steps)
    assert refused.value is ours


def test_rows_that_come_from_a_manifest_do_not_replace_another(light_place):
    read = light_place.commit()
    light_place.commit([("other", 2)])
    before = light_place.files()
    target = light_place.partition()
    with target.open_spool(SCHEMA) as spool:
        spool.write(ROWS[:1])
        with pytest.raises(FileReplaced, match="another task has written this partition"):
            target.commit(spool, {}, {}, replaces=read)
        assert light_place.files() == before
        target.commit(spool, {}, {}, replaces=target.read_manifest())
    assert len(light_place.files()[DATA].splitlines()) == 1


def test_rows_that_come_from_a_manifest_are_not_put_where_it_is_gone(light_place):
    read = light_place.commit()
    light_place.store.remove(MANIFEST)
    light_place.store.remove(DATA)
    with light_place.partition().open_spool(SCHEMA) as spool, pytest.raises(FileReplaced):
        light_place.partition().commit(spool, {}, {}, replaces=read)
    assert light_place.files() == {}


def test_rows_that_come_from_a_manifest_may_be_committed_again_after_they_were(light_place):
    read = light_place.commit()
    target = light_place.partition()
    with target.open_spool(SCHEMA) as spool:
        spool.write(ROWS[:1])
        first = target.commit(spool, {}, {}, replaces=read)
        assert target.commit(spool, {}, {}, replaces=read) == first != read
