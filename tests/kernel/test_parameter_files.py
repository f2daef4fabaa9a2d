"""Files of parameters are the same bytes whenever they hold the same."""

import json

import numpy as np
import pytest
from safetensors import safe_open
from safetensors.numpy import load, save

from rallypoint.parameter_files import in_order

NOTES = {name: f"told of {name}, 1 µm" for name in "gadbecfh"}


@pytest.fixture
def tensors(rng):
    return {"b": rng.random((3, 2)), "a": np.arange(5, dtype=np.int16), "none": np.zeros((0, 4))}


def test_whatever_the_order_of_chance_the_bytes_are_the_same(tensors):
    found = [save(tensors, metadata=dict(NOTES)) for _ in range(20)]
    assert len(set(found)) > 1  # the library's own, or nothing is shown
    assert len({in_order(content) for content in found}) == 1


@pytest.mark.parametrize("metadata", [NOTES, {}, None])
def test_nothing_of_what_it_holds_is_another(metadata, tensors, tmp_path):
    content = in_order(save(tensors, metadata=metadata))
    for name, array in load(content).items():
        np.testing.assert_array_equal(array, tensors[name])
        assert array.dtype == tensors[name].dtype
    (tmp_path / "file").write_bytes(content)
    with safe_open(tmp_path / "file", framework="numpy") as file:
        assert (file.metadata() or {}) == (metadata or {})
        assert sorted(file.keys()) == sorted(tensors)
    assert in_order(content) == content


def test_tensors_begin_where_memory_can_be_read(tensors):
    content = in_order(save(tensors, metadata=dict(NOTES)))
    size = int.from_bytes(content[:8], "little")
    assert size % 8 == 0
    assert json.loads(content[8 : 8 + size])
