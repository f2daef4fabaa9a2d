"""Breakdown curves and certificates: the worst of all attacks, and what theory says of it."""

import pytest

from rallypoint.experiments.exhibits import Exhibit
from rallypoint.experiments.report.breakdown import breakdown_figures
from rallypoint.experiments.report.certificates import certificate_figures
from rallypoint.experiments.report.charts import draw_chart

SWEEP = Exhibit(
    kind="breakdown",
    measure="return",
    over="f",
    lines=("rule",),
    among=("attack",),
    withstands="{rule}/takes",
)
CERTIFICATE = Exhibit(
    kind="certificate", measure="left", certified="sure", over="size", among=("attack",)
)


def sweep(rules=("mean", "median"), attacks=("loud", "quiet")):
    """Return rows in which each attack is worst for one seed."""
    return tuple(
        {
            "rule": rule,
            "f": f,
            "attack": attack,
            "seed": seed,
            "return": 10.0 - f * (2 - (seed == n)),
        }
        for rule in rules
        for f in (0, 1, 2)
        for n, attack in enumerate(attacks)
        for seed in (0, 1)
    )


def test_a_point_is_what_the_worst_attack_leaves_each_seed():
    (figure,) = breakdown_figures(SWEEP, sweep(), {})
    assert [series.name for series in figure.series] == ["mean", "median"]
    for series in figure.series:
        # Seed 0 is spared by the loud attack and seed 1 by the quiet one: neither by both.
        assert [point.value for point in series.points] == [10, 8, 6]
    assert "under the worst of 2 on each seed" in figure.note


def test_where_less_is_better_the_worst_is_the_most():
    exhibit = Exhibit(
        kind="breakdown",
        measure="error",
        over="f",
        lines=("rule",),
        less_is_better=True,
        at_least=0.5,
        at_most=9,
    )
    rows = tuple(
        {"rule": "krum", "f": f, "seed": 0, "error": {"a": f, "b": 10.0 * f, "refused": None}}
        for f in (0, 0.2, 1)
    )
    (figure,) = breakdown_figures(exhibit, rows, {})
    assert [point.value for point in figure.series[0].points] == [0.5, 2, 9]
    assert "Anything above 9 counts for that." in figure.note


def test_the_place_where_theory_ends_is_marked():
    (figure,) = breakdown_figures(SWEEP, sweep(), {"median/takes": 1, "mean/takes": "many"})
    assert [series.limit for series in figure.series] == [None, 1]
    mean, median = draw_chart(figure).lines
    assert mean.limit is None
    assert f"{median.limit[0]:g},{median.limit[1]:g}" in median.mean.split()


def test_a_limit_between_two_points_lies_on_the_line():
    (figure,) = breakdown_figures(SWEEP, sweep(), {"median/takes": 1.5})
    _, median = draw_chart(figure).lines
    places = [tuple(map(float, place.split(","))) for place in median.mean.split()]
    (x0, y0), (x1, y1) = places[1:]
    assert median.limit == pytest.approx(((x0 + x1) / 2, (y0 + y1) / 2), abs=0.2)


def certificate(*, left, sure):
    return tuple(
        {
            "attack": attack,
            "size": size,
            "seed": seed,
            "left": left[size] + more,
            "sure": sure[size],
        }
        for attack, more in (("weak", 5.0), ("strong", 0.0))
        for size in left
        for seed in (0, 1)
    )


def test_what_is_certified_stands_beside_the_strongest_attack():
    rows = certificate(left={1: 9.0, 2: 5.0}, sure={1: 8.0, 2: 1.0})
    (figure,) = certificate_figures(CERTIFICATE, rows)
    attacked, certified = figure.series
    assert attacked.name == "strongest of 2 attacks"
    assert [point.value for point in attacked.points] == [9, 5]
    assert [point.value for point in certified.points] == [8, 1]
    assert certified.is_bound
    assert len(attacked.thin) == 2
    assert figure.finding == "At all 2 sizes what is certified is left."


def test_where_nobody_lies_is_no_attack_more():
    rows = certificate(left={1: 9.0, 2: 5.0}, sure={1: 8.0, 2: 1.0})
    nobody = tuple({"attack": "none", "size": 0, "seed": seed, "left": 10.0} for seed in (0, 1))
    (figure,) = certificate_figures(CERTIFICATE, nobody + rows)
    assert figure.series[0].name == "strongest of 2 attacks"
    assert [point.at for point in figure.series[0].points] == [0, 1, 2]
    calm = tuple({**row, "f": 0, "attack": "none"} for row in sweep(attacks=["x"]) if not row["f"])
    harm = tuple(row for row in sweep() if row["f"])
    (figure,) = breakdown_figures(SWEEP, calm + harm, {})
    assert "under the worst of 2 on each seed" in figure.note


def test_one_size_is_told_as_one():
    rows = certificate(left={1: 9.0, 2: 5.0}, sure={1: 8.0, 2: 1.0})
    told = tuple({k: v for k, v in r.items() if k != "sure" or r["size"] == 2} for r in rows)
    (figure,) = certificate_figures(CERTIFICATE, told)
    assert figure.finding == "At 2 what is certified is left."


def test_an_attack_that_does_what_cannot_be_done_is_told():
    rows = certificate(left={1: 9.0, 2: 5.0}, sure={1: 8.0, 2: 6.0})
    (figure,) = certificate_figures(CERTIFICATE, rows)
    assert figure.finding == "At 2 an attack leaves less than is certified."


def test_what_is_certified_may_stand_in_rows_of_its_own():
    rows = certificate(left={1: 9.0, 2: 5.0}, sure={1: 0.0, 2: 0.0})
    bare = tuple({k: v for k, v in row.items() if k != "sure"} for row in rows)
    own = tuple({"size": size, "seed": seed, "sure": 3.0} for size in (1, 2) for seed in (0, 1))
    (figure,) = certificate_figures(CERTIFICATE, bare + own)
    assert [point.value for point in figure.series[1].points] == [3, 3]
    assert list(certificate_figures(CERTIFICATE, bare)) == []
