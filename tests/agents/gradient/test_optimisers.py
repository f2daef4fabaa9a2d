"""Optimisers: beside torch's."""

import numpy as np
import pytest
import torch

from rallypoint.agents.gradient.optimisers import Adam, Sgd
from rallypoint.errors import InvalidConfig


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        (Sgd(), lambda p: torch.optim.SGD(p, lr=0.03)),
        (Adam(), lambda p: torch.optim.Adam(p, lr=0.03)),
        (Adam(beta1=0.0), lambda p: torch.optim.Adam(p, lr=0.03, betas=(0.0, 0.999))),
        (
            Adam(beta1=0.8, beta2=0.9, epsilon=1e-5),
            lambda p: torch.optim.Adam(p, lr=0.03, betas=(0.8, 0.9), eps=1e-5),
        ),
    ],
)
def test_every_step_is_torchs(ours, theirs, rng):
    parameters = rng.standard_normal((3, 7)).astype(np.float32)
    watched = torch.nn.Parameter(torch.from_numpy(parameters.copy()))
    optimiser = theirs([watched])
    moments = ours.init(parameters)
    for time in range(30):
        update = rng.standard_normal((3, 7)).astype(np.float32)
        before = parameters.copy()
        moved = ours.step(parameters, update, moments, 0.03, time)
        assert (parameters == before).all()
        parameters, moments = moved
        watched.grad = torch.from_numpy(update)
        optimiser.step()
        np.testing.assert_allclose(parameters, watched.detach().numpy(), atol=1e-5)


def test_runs_do_not_know_of_each_other(rng):
    update = rng.standard_normal((2, 5)).astype(np.float32)
    start = rng.standard_normal((2, 5)).astype(np.float32)
    together = Adam().step(start, update, Adam().init(start), 0.1, 0).parameters
    for run in range(2):
        own = start[[run]]
        alone = Adam().step(own, update[[run]], Adam().init(own), 0.1, 0).parameters
        assert alone[0].tobytes() == together[run].tobytes()


@pytest.mark.parametrize("settings", [{"beta1": 1.0}, {"beta2": -0.1}, {"epsilon": 0.0}])
def test_inertia_that_cannot_be_is_refused(settings):
    with pytest.raises(InvalidConfig, match=next(iter(settings))):
        Adam(**settings)
