"""Readers while a partition is replaced, and several writers of one partition; each next to a null control."""

from __future__ import annotations

import threading
import time

DAY = "send_date=2025-06-01"
DATA = f"{DAY}/part-0.jsonl"
WRITERS = 8


def rounds(place) -> int:
    """moto answers some fifty requests per second here, and writing a partition takes eighteen."""
    return 40 if place.uri.startswith("file") else 12


class Reader(threading.Thread):
    """Reads a file again and again, and keeps every state that it saw."""

    def __init__(self, place) -> None:
        super().__init__()
        self._place = place
        self._end = threading.Event()
        self.seen: set[bytes] = set()
        self.reads = 0

    def run(self) -> None:
        while not self._end.is_set():
            self.seen.add(self._place.get(DATA))
            self.reads += 1
            time.sleep(self._place.pause)

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *_):
        self._end.set()
        self.join()


def test_a_reader_sees_only_whole_files_while_they_are_replaced(place, writer):
    whole = set()
    for number in (0, 1):
        assert writer(place, writer=number, rows=5000)["exit"] == [0]
        whole.add(place.get(DATA))
    with Reader(place) as reader:
        assert writer(place, writers=1, rounds=rounds(place), in_turn=True, rows=5000)["exit"] == [0]
    assert len(whole) == 2
    assert reader.seen == whole
    assert reader.reads > rounds(place)


def test_null_control_the_same_reader_sees_torn_files_of_a_writer_in_place(folder, writer):
    folder.put(DATA, b"")
    with Reader(folder) as reader:
        for _ in range(20):
            with (folder.path / DATA).open("wb") as file:
                for _ in range(100):
                    file.write(b"x" * 10_000)
    assert len(reader.seen) > 2


def test_eight_writers_of_one_partition_end_with_a_pair_that_fits(place, writer):
    ended = writer(place, writers=WRITERS, rounds=rounds(place) // 4, rows=2000)
    assert ended == {"exit": [0] * WRITERS, "answers": [True] * (rounds(place) // 4)}


def test_null_control_eight_writers_without_a_second_look_end_with_pairs_that_do_not_fit(folder, writer):
    ended = writer(folder, writers=WRITERS, rounds=20, rows=2000, naive=True)
    assert ended["exit"] == [0] * WRITERS
    assert False in ended["answers"]


def test_writers_of_two_formats_end_with_one_data_file_that_fits_or_refuse_aloud(folder, writer):
    """A writer cannot tell yet what the other has just written."""
    for number in range(5):
        place = type(folder)(folder.path / f"{number}")
        answers = writer(place, writers=4, rounds=1, rows=2000, formats=["jsonl", "csv"])["answers"]
        refused = [answer for answer in answers if answer != "BrokenBarrierError: " and answer is not True]
        assert answers == [True] or refused
        assert all("has a data file that does not belong to its manifest" in answer for answer in refused)
