"""Detection on as many stored steps as an experiment keeps."""

import time

import numpy as np
import pytest

from rallypoint.draws import stream
from rallypoint.safety.defences.detection import Que, Spectral, detect


@pytest.mark.parametrize("detector", [Spectral(), Que()])
def test_a_hundred_thousand_steps_take_less_than_ten_seconds(detector):
    rng = stream(0, "test/speed")
    features = np.tanh(rng.normal(size=(100_000, 64)) @ rng.normal(size=(64, 64)) / 4)
    actions = rng.integers(5, size=len(features))
    before = time.process_time()  # of the processor: a busy machine makes nobody slow
    detect(features, actions, share=0.1, detector=detector)
    assert time.process_time() - before < 10
