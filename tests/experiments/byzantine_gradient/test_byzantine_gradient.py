"""The experiment in miniature: what is said of which cells."""

from rallypoint.claims import Claim
from rallypoint.experiments.byzantine_gradient import crowd, standard
from rallypoint.experiments.byzantine_gradient.config import ByzantineGradientConfig
from rallypoint.experiments.byzantine_gradient.judging import metrics, worst_attack
from rallypoint.experiments.byzantine_gradient.outcome import Outcome
from rallypoint.experiments.byzantine_gradient.run import run
from rallypoint.experiments.byzantine_gradient.setting import Setting
from rallypoint.experiments.experiment import File, Metric, Receipts, Row
from tests.experiments.byzantine_gradient.miniature import MINIATURE, SEEDS, small
from tests.experiments.in_miniature import of_kind
from tests.experiments.progress import no_progress


def test_every_condition_has_its_claim(findings):
    ids = {claim.id for claim in of_kind(findings, Claim)}
    for setting in ("B8", "B8-momentum", "B1", "B1-momentum"):
        assert {f"P5/{setting}/{rule}" for rule in ("median", "max_min_mix")} <= ids
    assert {"worst/B8/krum", "worst/K15/bulyan", "worst/B8-momentum/fedpg_filter"} <= ids
    assert {"P1/mean/sign_flip", "P1/mean/reward_flip", "P2a/caf/noise"} <= ids
    assert "P2b/median/optimal_reverse" in ids
    assert {"P2c/krum", "P2c/multi_krum", "P2a/reward_flip/no-better-than-the-mean"} <= ids
    assert {"P3/fedpg_br-B16/honest", "P3/fedpg_br-B16-inner/noise"} <= ids
    assert {"P4/ensemble", "P4/fedpg_br"} <= ids
    assert not any("P1/" in name and "momentum" in name for name in ids)


def test_the_worst_attacks_come_first(findings):
    of_base = [claim.id for claim in of_kind(findings, Claim)]
    first_named = of_base.index("P1/mean/sign_flip")
    assert first_named == sum("/B8/" in name and name[0] != "P" for name in of_base) + 3
    for metric in of_kind(findings, Metric):
        if metric.name == "B8/krum":
            returns = [cell["return"]["measured"] for cell in metric.value.values()]
            assert list(metric.value)[-1] == "none"
            assert returns[:-1] == sorted(returns[:-1])


def test_every_run_has_a_row_and_every_attack_its_receipts(findings):
    rows = [row.values for row in of_kind(findings, Row)]
    of_base = [row for row in rows if row["setting"] == "B8"]
    assert len(of_base) == len(MINIATURE.attacks) * 11 * len(SEEDS)
    assert {row["rule"] for row in rows if row["setting"] == "K15"} == set(standard.WITH_BULYAN)
    assert all(len(row["returns"]) == len(row["cosine"]) == len(row["ratio"]) for row in rows)
    receipts = of_kind(findings, Receipts)
    assert {found.condition for found in receipts} >= {"B8/noise/mean", "B8/reward_flip/median"}
    (of_noise,) = (found.receipts for found in receipts if found.condition == "B8/noise/mean")
    assert [receipt["opportunities"] for receipt in of_noise] == [3 * len(SEEDS)]


def test_there_are_pictures(findings):
    names = {file.name for file in of_kind(findings, File)}
    assert {"B8.png", "B8-curves.png", "K15.png", "fedpg_br-B16-inner-curves.png"} <= names


def test_a_cell_measures_the_same_whichever_others_there_are(findings):
    few = ByzantineGradientConfig(
        rounds=1,
        momenta=(0.0,),
        attacks=("none", "noise"),
        larger=0,
        bulyan_workers=0,
        filter_rounds=0,
        crowd_rounds=1,
    )
    with small():
        alone = [row.values for row in of_kind(run(few, (1,), no_progress), Row)]
    every = [row.values for row in of_kind(findings, Row)]
    assert alone
    assert all(row in every for row in alone)


def outcome(value):
    return Outcome(
        returns=[value] * 10,
        ratio=[1.0],
        cosine=[None],
        on_liars=[0.0],
        honest_believed=[1.0],
        liars_believed=[0.0],
        greedy=value,
        receipts=[],
        disagreements=[],
    )


def table_of(**by_attack):
    return {name: [outcome(value) for value in values] for name, values in by_attack.items()}


def test_the_worst_attack_is_that_of_the_least_return():
    of_rule = table_of(none=[9.0, 9, 9], mild=[8.0, 8, 8], hard=[1.0, 9, 1])
    assert worst_attack(of_rule) == "hard"
    told = next(iter(metrics(Setting(), {"mean": of_rule}))).value
    assert list(told) == ["hard", "mild", "none"]
    assert told["hard"]["worst_return"] == 1.0
    assert told["hard"]["cosine"] is None


def test_a_score_is_the_mean_of_the_last_tenth():
    found = outcome(5.0)
    found.returns[:] = [*range(18), 40.0, 60.0]
    assert found.score == 50.0


def test_thresholds_are_those_that_were_published():
    table = {
        rule: table_of(
            **{name: [500.0] * 3 if name == "none" else [390.0] * 3 for name in MINIATURE.attacks}
        )
        for rule in standard.RULES
    }
    claims = {claim.id: claim for claim in standard._others_do_not(table)}
    assert claims["P2a/caf/noise"].verdict == "fails"  # 0.78, and 0.8 is claimed
    assert claims["P2a/trimmed_mean/noise"].verdict == "holds"
    assert {claim.verdict for claim in standard._mean_breaks(table)} == {"fails", "holds"}
    assert {claim.verdict for claim in standard._along_the_gradient(table)} == {"fails"}
    (flip,) = standard._reward_flip(table)
    assert flip.verdict == "holds"
    assert crowd._GROUPS * 6 == crowd._WORKERS


def test_a_rule_that_undoes_a_flipped_reward_is_noticed():
    table = {rule: table_of(reward_flip=[300.0] * 3) for rule in ("mean", "median")}
    table["caf"] = table_of(reward_flip=[400.0] * 3)
    (flip,) = standard._reward_flip(table)
    assert flip.verdict == "fails"
    assert flip.measured == 100
