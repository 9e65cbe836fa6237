"""Garbage is looked for less often while an export runs, and as before when it is over, however it ends."""

import gc

import pytest

from airflow_provider_dysms.transfers import garbage_collection


@pytest.fixture(autouse=True)
def as_before():
    before = gc.get_threshold()
    yield
    gc.set_threshold(*before)


@pytest.mark.parametrize(("before", "meanwhile"), [(700, garbage_collection.OBJECTS), (10**6, 10**6), (0, 0)])
def test_garbage_is_looked_for_less_often_for_a_while(before, meanwhile):
    gc.set_threshold(before, 11, 12)

    @garbage_collection.relaxed_gc()
    def fail():
        assert gc.get_threshold() == (meanwhile, 11, 12)
        raise ValueError("the end")

    with pytest.raises(ValueError, match="the end"):
        fail()
    assert gc.get_threshold() == (before, 11, 12)
