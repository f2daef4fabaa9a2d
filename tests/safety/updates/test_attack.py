"""One attack on one round."""

import numpy as np
import pytest

from rallypoint.errors import InvalidConfig, NotConformant, UnknownName
from rallypoint.safety.updates import attack
from tests.safety.update_frames import UPDATE_KINDS


@pytest.mark.parametrize("kind", UPDATE_KINDS)
@pytest.mark.parametrize("f_real", [0, 1, 4])
def test_every_attack_is_a_pure_function(kind, f_real):
    honest = np.random.default_rng(0).standard_normal((7, 5)).astype(np.float32)
    kept = honest.copy()
    one, other = (
        attack(
            kind,
            honest,
            f_real,
            rng=np.random.default_rng(3),
            aggregator=lambda updates: np.median(updates, axis=0),
        )
        for _ in range(2)
    )
    assert one.shape == (f_real, 5)
    assert one.dtype == honest.dtype
    assert one.tobytes() == other.tobytes()
    assert honest.tobytes() == kept.tobytes()


def test_what_they_would_have_sent_is_the_honest_mean_unless_it_is_given(rng):
    honest = np.array([[1.0, 3.0], [3.0, 5.0]])
    assert attack("sign_flip", honest, 1, rng=rng).tolist() == [[-2, -4]]
    own = np.array([[7.0, 7.0]])
    assert attack("sign_flip", honest, 1, rng=rng, own=own).tolist() == [[-7, -7]]


def test_a_direction_may_stand_behind_a_colon(rng):
    honest = np.random.default_rng(0).standard_normal((6, 3))

    def ask(name, **parameters):
        return attack(name, honest, 2, rng=rng, aggregator=lambda u: u.mean(axis=0), **parameters)

    assert (ask("optimal:sign") == ask("optimal", direction="sign")).all()
    assert not np.allclose(ask("optimal:sign"), ask("optimal:std"))


@pytest.mark.parametrize(
    ("name", "given", "error", "message"),
    [
        ("sgn_flip", {}, UnknownName, "did you mean 'sign_flip'"),
        ("sign_flip", {"factr": 2}, InvalidConfig, "no key 'factr'; did you mean 'factor'"),
        ("optimal", {}, InvalidConfig, "attacks an aggregator: give aggregator"),
        ("crash", {}, InvalidConfig, "stands at site 'presence'"),
        ("zero", {"own": np.ones((2, 2))}, InvalidConfig, r"array \(1, 3\), got \(2, 2\)"),
    ],
)
def test_what_cannot_be_meant_is_refused(name, given, error, message, rng):
    with pytest.raises(error, match=message):
        attack(name, np.ones((4, 3)), 1, rng=rng, **given)


@pytest.mark.parametrize("honest", [np.ones(3), np.ones((0, 3)), np.ones((2, 3), dtype=int)])
def test_updates_of_the_wrong_form_are_refused(honest, rng):
    with pytest.raises(InvalidConfig, match=r"a floating array \(m, d\) with m >= 1"):
        attack("zero", honest, 1, rng=rng)


def test_a_lie_that_its_type_cannot_hold_is_refused(rng):
    honest = np.ones((3, 2), dtype=np.float32)
    with pytest.raises(NotConformant, match="finite numbers that float32 holds"):
        attack("sign_flip", honest, 1, rng=rng, factor=1e39)
