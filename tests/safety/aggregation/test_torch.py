"""Tensors: the same numbers as arrays, of the same type, dtype and device."""

from itertools import pairwise

import numpy as np
import pytest
import torch

from rallypoint.errors import InvalidUpdates
from rallypoint.safety.aggregation import Context, aggregate, explain
from rallypoint.safety.aggregation.kernels import GRID
from rallypoint.safety.aggregation.kernels_torch import CHUNK, OnDevice
from rallypoint.safety.aggregation.updates import InMemory

D = CHUNK + 2 * GRID + 77
NAMES = ["mean", "krum", "geometric_median", "trimmed_mean", "nnm+median", "aksel", "fltrust"]
DEVICES = [
    "cpu",
    pytest.param(
        "cuda", marks=pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device")
    ),
]


@pytest.fixture
def updates(rng):
    updates = (3 + rng.standard_normal((9, D))).astype(np.float32)
    updates[7:] += 2
    return updates


def context(updates):
    return Context(root=updates[0], layout=[GRID + 3, D - GRID - 3])


@pytest.mark.parametrize("name", [*NAMES, "per_layer+krum"])
@pytest.mark.parametrize("dtype", [torch.float16, torch.float32, torch.float64])
def test_a_tensor_of_the_host_gives_the_bits_of_an_array(name, dtype, updates):
    tensor = torch.from_numpy(updates).to(dtype).requires_grad_()
    array = tensor.detach().numpy()
    answer = aggregate(name, tensor, f=2, context=context(tensor.detach()))
    expected = aggregate(name, array, f=2, context=context(array))
    assert isinstance(answer, torch.Tensor)
    assert answer.dtype == dtype
    assert not answer.requires_grad
    assert answer.numpy().tobytes() == expected.tobytes()


@pytest.mark.parametrize("name", [*NAMES, "per_layer+krum"])
@pytest.mark.parametrize("device", DEVICES)
def test_products_on_a_device_are_those_of_the_host(name, device, updates):
    tensor = torch.from_numpy(updates).to(device)
    answer = aggregate(name, OnDevice(tensor), f=2, context=context(tensor))
    expected = aggregate(name, updates, f=2, context=context(updates))
    assert answer.device == tensor.device
    assert np.allclose(answer.cpu(), expected, atol=1e-5)
    told = explain(name, OnDevice(tensor), f=2, context=context(tensor))
    assert np.allclose(
        told.weights, explain(name, updates, f=2, context=context(updates)).weights, atol=1e-5
    )


@pytest.mark.parametrize("name", [*NAMES, "per_layer+krum"])
@pytest.mark.parametrize("device", DEVICES)
def test_blocks_on_a_device_give_its_bits(name, device, updates):
    tensor = torch.from_numpy(updates).to(device)
    ends = [0, 5, GRID, CHUNK - 1, CHUNK + 9, D]
    blocks = [tensor[:, start:end] for start, end in pairwise(ends)]
    whole = aggregate(name, OnDevice(tensor), f=2, context=context(tensor))
    parts = OnDevice(blocks[0], lambda: iter(blocks))
    assert torch.equal(aggregate(name, parts, f=2, context=context(tensor)), whole)
    host = aggregate(name, blocks, f=2, context=context(tensor))
    assert host.device == tensor.device


@pytest.mark.parametrize("device", DEVICES)
def test_about_the_origin_nothing_is_subtracted(device, updates):
    found = OnDevice(torch.from_numpy(updates).to(device)).gram(None)
    assert np.allclose(found, InMemory(updates).gram(None), rtol=1e-5)


@pytest.mark.parametrize("name", NAMES)
def test_bfloat16_is_computed_in_single_precision(name, updates):
    tensor = torch.from_numpy(updates[:, :GRID]).bfloat16()
    given = Context(root=tensor[0])
    answer = aggregate(name, tensor, f=2, context=given)
    expected = aggregate(name, tensor.float(), f=2, context=given)
    assert answer.dtype == torch.bfloat16
    assert torch.allclose(answer, expected.bfloat16(), rtol=0.02)


def test_broken_rows_leave_on_a_device_too(updates):
    updates[4, CHUNK + 3] = np.nan
    tensor = torch.from_numpy(updates)
    for name in ("mean", "krum", "trimmed_mean"):
        answer = aggregate(name, OnDevice(tensor), f=2)
        assert np.allclose(answer, aggregate(name, updates, f=2), atol=1e-5)


def test_full_precision_is_asked_for_and_given_back(updates):
    before = torch.get_float32_matmul_precision()
    torch.set_float32_matmul_precision("medium")
    try:
        aggregate("krum", OnDevice(torch.from_numpy(updates)), f=2)
        assert torch.get_float32_matmul_precision() == "medium"
    finally:
        torch.set_float32_matmul_precision(before)


@pytest.mark.parametrize(
    "tensor",
    [torch.zeros(3), torch.zeros(0, 3), torch.zeros(3, 3, dtype=torch.int64), torch.eye(3) > 0],
    ids=str,
)
def test_what_are_no_updates_is_refused(tensor):
    with pytest.raises(InvalidUpdates):
        aggregate("median", tensor, f=0)


def test_inputs_stay_as_they_are(updates):
    tensor = torch.from_numpy(updates)
    kept = tensor.clone()
    for name in NAMES:
        answer = aggregate(name, tensor, f=2, context=context(tensor))
        answer += 1
        assert torch.equal(tensor, kept)


def test_sparse_tensors_are_refused(updates):
    sparse = torch.from_numpy(updates[:, :5]).to_sparse()
    for given in (sparse, [sparse]):
        with pytest.raises(InvalidUpdates, match="to_dense"):
            aggregate("median", given, f=1)
