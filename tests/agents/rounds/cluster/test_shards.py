"""A server in shards on actors of several raylets."""

import numpy as np
import pytest

from rallypoint.agents.rounds.shards import GRID

pytest.importorskip("ray")


@pytest.mark.usefixtures("nodes")
def test_actors_move_to_the_bits_of_a_single_one():
    from rallypoint.agents.rounds.cluster.shards import ShardedServer

    n, d, f = 9, 3 * GRID + 5, 2
    found, beliefs = [], []
    for shards in (1, 2):
        server = ShardedServer(
            np.zeros(d, dtype=np.float32), shards=shards, contributors=n, cpus=0.5
        )
        try:
            for number, rule in enumerate(("krum", "trimmed_mean", "nnm+krum")):
                rows = np.random.default_rng(number).standard_normal((n, d)).astype(np.float32)
                rows[4, -1] = np.nan  # who is left out, by all actors
                for contributor, row in enumerate(rows):
                    if (number, contributor) != (1, 2):  # its last update is none of this round
                        server.receive(contributor, row)
                beliefs.append(server.step(rule, f, 0.1).weights)
            found.append(server.parameters().tobytes())
            assert all(peak > 0 for peak in server.peak_bytes())
        finally:
            server.close()
    assert found[0] == found[1]
    assert (beliefs[0] == beliefs[3]).all()
