"""Over-provisioning: the same function by more neurons, each of which matters less.

Source: the remark of El Mhamdi & Guerraoui (2017), "When Neurons Fail", IPDPS, arXiv:1706.08884,
that more neurons with smaller weights bear more faults; this construction is the plainest one.
"""

from collections.abc import Sequence

import numpy as np

from rallypoint.errors import InvalidConfig
from rallypoint.networks import Layer


def duplicated(layers: Sequence[Layer], index: int, times: int) -> tuple[Layer, ...]:
    """Return the same function with each neuron of one hidden layer there so many times.

    What comes of each copy weighs a part, so that a network of one hidden layer bears so many times
    as many faults.

    Raises:
        InvalidConfig: that is no hidden layer, or no number of times.
    """
    if not 0 <= index < len(layers) - 1 or not 1 <= times < np.inf or times != int(times):
        raise InvalidConfig(
            f"hidden layers are 0 to {len(layers) - 2}, each there once or more, a whole number of "
            f"times; got layer {index}, {times} times"
        )
    more, after = layers[index], layers[index + 1]
    wide = more._replace(
        weights=np.repeat(more.weights, times, axis=0), biases=np.repeat(more.biases, times)
    )
    thin = after._replace(weights=np.repeat(after.weights, times, axis=1) / times)
    return (*layers[:index], wide, thin, *layers[index + 2 :])
