"""Looking for the lie that does most."""

import numpy as np
import pytest

from rallypoint.safety.updates.line_search import strongest


@pytest.mark.parametrize("peak", [0.03, 0.5, 1.0, 7.0, 60.0])
def test_the_peak_of_a_smooth_curve_is_found(peak):
    factor, harm = strongest(lambda a: -(np.log(a / peak) ** 2), scale=1.0, evaluations=30)
    assert factor == pytest.approx(peak, rel=0.02)
    assert harm == -(np.log(factor / peak) ** 2)


def test_the_scale_moves_the_search_and_nothing_else():
    small, large = (
        strongest(lambda a, s=scale: -abs(np.log(a / s / 3)), scale=scale, evaluations=20)
        for scale in (1e-6, 1e6)
    )
    assert large[0] / small[0] == pytest.approx(1e12)


def test_of_two_windows_the_better_is_found_wherever_it_is():
    for better in (0.05, 1.0, 50.0):
        windows = {0.05: 1.0, 1.0: 1.0, 50.0: 1.0} | {better: 2.0}

        def harm(a, windows=windows):
            return max((h for at, h in windows.items() if at / 2 <= a <= at * 2), default=0.0)

        assert strongest(harm, scale=1.0, evaluations=20)[1] == 2.0


def test_what_is_no_number_is_never_chosen():
    factor, harm = strongest(
        lambda a: np.nan if a > 1 else np.inf if a > 0.5 else a, scale=1.0, evaluations=20
    )
    assert factor == harm <= 0.5


@pytest.mark.parametrize("evaluations", [3, 4, 5, 20])
def test_harm_is_asked_for_exactly_so_often(evaluations):
    asked = []
    strongest(lambda a: asked.append(a) or -a, scale=1.0, evaluations=evaluations)
    assert len(asked) == evaluations
