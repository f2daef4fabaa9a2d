"""Whoever does another thing than was declared is found, whatever kind of threat it is."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from rallypoint.safety.audit import Audit
from rallypoint.safety.cells import among, places_of
from rallypoint.safety.enforcement.changes import proposed
from rallypoint.safety.enforcement.proposals import Form
from rallypoint.safety.limits import Schedule, as_budget
from rallypoint.safety.receipts import disagreements
from rallypoint.safety.receipts.contradictions import contradictions
from rallypoint.safety.threat_model import ThreatModel
from rallypoint.safety.threats import OF_ROUNDS, Proposal, threats
from rallypoint.safety.updates import UpdateThreats
from tests.safety.deeds import model_of, played

IN_WORLDS = [kind for kind in threats if threats[kind].site not in OF_ROUNDS]
IN_ROUNDS = [kind for kind in threats if threats[kind].site in OF_ROUNDS]
# These act on a sign that others give, or on what is written down for them, and do nothing alone.
WAITING = {"backdoor_action", "percept_map", "poison_reward"}
OTHERWISE = {
    "others": {"victims": [2, 6]},
    "earlier": {"when": {"from": 1, "until": 20, "every": 2}},
    "later": {"when": {"from": 3, "every": 2}},
    "more often": {"when": {"from": 3, "until": 20}},
}
UNCHECKED = Path(__file__).parents[2] / "docs" / "threats.md"  # where the page says why
SERVERS = tuple(f"server_{place}" for place in range(8))


def audited(model, env):
    audit = Audit(model, env)
    for part in env.parts:
        audit.add(part)
    return audit


@pytest.mark.parametrize("kind", IN_WORLDS)
def test_who_acts_otherwise_is_found_and_whoever_keeps_to_the_declaration_is_not(kind):
    declared = model_of(kind)
    honest, wrong = played(declared)
    assert wrong == []
    told = honest.env.receipts()
    assert 0 < told[0].opportunities <= told[0].occasions
    assert bool(told[0].applications) != (kind in WAITING)
    if kind in WAITING:
        return
    # One falls but once, at the first occasion: not later, and not more often.
    for how in ("others", "earlier") if kind == "crash" else OTHERWISE:
        lying, _ = played(model_of(kind, **OTHERWISE[how]))
        shown = audited(declared, lying)
        assert shown.faults(lying.env.receipts()), how
        assert shown.faults(told), f"{how}, with a forged receipt"
        if how != "more often":  # receipts count occasions; which they were is in the recording
            assert disagreements(declared, lying.env.receipts()), how


@pytest.mark.parametrize(
    "kind", ["crash", "interruption", "random_action", "observation_noise", "reward_noise"]
)
@pytest.mark.parametrize("name", ["steps", "most_steps"])
def test_steps_that_a_recording_has_no_room_for_or_shows_are_found(kind, name):
    declared = model_of(kind)
    honest, wrong = played(declared)
    assert wrong == []
    [told] = honest.env.receipts()
    shown = audited(declared, honest)
    assert shown.faults([told]) == []
    more = replace(told, **{name: getattr(told, name) + 1})
    assert list(contradictions(declared.threats[0], more)) == []  # it is plausible
    assert any("at most by the recording" in fault for fault in shown.faults([more]))
    fewer = replace(told, **{name: 0})
    assert any("in the recording, of 0 at most" in fault for fault in shown.faults([fewer]))


def test_of_two_who_interrupt_neither_did_more_than_both():
    declared = model_of("interruption")
    two = ThreatModel(
        threats=(*declared.threats, replace(declared.threats[0], theta=0.3, victims=[5]))
    )
    honest, wrong = played(two)
    assert wrong == []
    shown = audited(two, honest)
    told, other = honest.env.receipts()
    assert shown.faults([told, other]) == []
    for name in ("steps", "most_steps", "most_agents"):
        forged = replace(told, **{name: told.steps + 1})
        assert any("at most by the recording" in one for one in shown.faults([forged, other])), name


@pytest.mark.parametrize("kind", ["crash", "interruption", "random_action", "observation_noise"])
def test_steps_at_which_nobody_acted_are_no_first_or_last_ones(kind):
    declared = model_of(kind, when={"from": 3, "every": 2})
    honest, wrong = played(declared)
    assert wrong == []
    [told] = honest.env.receipts()
    steps = [{"first_step": told.first_step + 2}, {"first_step": None}, {"last_step": None}]
    if kind in ("crash", "interruption"):  # a lie may be the truth, and so be seen no more
        steps += [{"last_step": told.last_step + 2}]
    if told.last_step > told.first_step:
        steps += [{"last_step": told.last_step - 2}]
    for forged in steps:
        faults = audited(declared, honest).faults([replace(told, **forged)])
        assert any(" step is " in fault for fault in faults), forged


def test_a_threat_that_takes_fewer_opportunities_than_it_declares_is_found(monkeypatch):
    kind = threats["random_action"]
    apply = kind.apply

    def lazy(self, state, known, draws):
        proposal, after = apply(self, state, known, draws)
        idle = known.time % 7 == 0
        where = proposal.where & ~idle[:, None]
        return Proposal(where, among(proposal.values, proposal.where, where)), after

    monkeypatch.setattr(kind, "apply", lazy)
    env, wrong = played(model_of("random_action", when={}))
    assert any("took opportunities" in fault and "should be all" in fault for fault in wrong)
    assert disagreements(env.env.model, env.env.receipts())


@pytest.mark.parametrize("kind", IN_WORLDS)
def test_who_declares_how_often_it_acts_and_does_nothing_is_found_and_others_say_why_not(
    kind, monkeypatch
):
    declared = model_of(kind, when={"from": 1})
    made = threats[kind]
    apply = made.apply

    def idle(self, state, known, draws):
        proposal, after = apply(self, state, known, draws)
        nobody, values = np.zeros_like(proposal.where), None
        if proposal.values is not None:
            form = Form.of(self.site, known.group)
            values = proposed("a threat", proposal, form, nobody, places_of(nobody), known=known)
        return Proposal(nobody, values, proposal.odds), after

    monkeypatch.setattr(made, "apply", idle)
    env, wrong = played(declared)
    [told] = env.env.receipts()
    assert told.opportunities > 50
    assert not told.applications
    if declared.threats[0].chance is None:
        assert f"`{kind}`" in UNCHECKED.read_text().partition("| kind | checked? |")[2][:2000]
    else:
        assert any("took opportunities: 0 of" in fault for fault in wrong)


@pytest.mark.parametrize(
    ("kind", "budget", "more"),
    [
        ("random_action", {"steps_per_episode": 3}, {"steps_per_episode": 4}),
        ("observation_noise", {"agents": 1}, {"agents": 2}),
        ("reward_constant", {"steps_per_episode": 1}, {"steps_per_episode": 2}),
        ("random_percept", {"reach": {"step": 0.1}}, {"reach": {"step": 0.4}}),
    ],
)
def test_who_spends_more_than_its_budget_is_found(kind, budget, more):
    declared = model_of(kind, when={}, budget=budget, victims=[2, 5, 7])
    honest, wrong = played(declared)
    assert wrong == []
    lying, _ = played(model_of(kind, when={}, budget=more, victims=[2, 5, 7]))
    assert disagreements(declared, lying.env.receipts())
    if as_budget(declared.threats[0].budget).reach is None:  # sizes have a recount of their own
        assert audited(declared, lying).faults(honest.env.receipts())


def test_more_victims_than_are_drawn_are_found():
    declared, more = ({"victims": {"count": number}} for number in (2, 3))
    honest, wrong = played(model_of("random_action", **declared))
    assert wrong == []
    lying, _ = played(model_of("random_action", **more))
    faults = audited(model_of("random_action", **declared), lying).faults(honest.env.receipts())
    assert any("3 agents in an episode in the recording, of 2 at most" in one for one in faults)


def test_others_who_are_byzantine_are_found():
    def model(**who):
        table = {"kind": "random_action", "victims": "byzantine"}
        return ThreatModel.from_dict({"byzantine": who, "threats": [table]})

    for declared, other in (({"members": [1]}, {"members": [1, 3]}), ({"count": 2}, {"count": 4})):
        honest, wrong = played(model(**declared))
        assert wrong == []
        lying, _ = played(model(**other))
        faults = audited(model(**declared), lying).faults(honest.env.receipts())
        assert any("Byzantine in the recording" in fault for fault in faults)


def sent(model, contributors, rounds=24):
    frame = UpdateThreats(model, contributors=contributors, seed=0)
    n = len(frame.contributors)
    for number in range(rounds):
        found = np.random.default_rng(number).standard_normal((n, 2 * n))
        frame.apply(
            found,
            round_number=number,
            aggregator=lambda updates: np.median(updates, axis=0),
            parts=n,
        )
    return frame.receipts()


@pytest.mark.parametrize("kind", IN_ROUNDS)
def test_who_lies_otherwise_in_updates_is_found_and_whoever_keeps_to_it_is_not(kind):
    declared = model_of(kind)
    [honest] = sent(declared, SERVERS)
    assert disagreements(declared, [honest]) == []
    for how in ("others", "earlier", "later"):
        [lying] = sent(model_of(kind, **OTHERWISE[how]), SERVERS)
        assert disagreements(declared, [lying]), how
        # What was lost on the way, or is said late, may be nothing in any one round.
        if kind not in ("packet_loss", "server_stale"):
            forged = replace(honest, seen=lying.seen)
            assert disagreements(declared, [forged]), f"{how}, with a forged receipt"
    often, seldom = (model_of(kind, when={"probability": p}) for p in (0.95, 0.05))
    assert disagreements(often, sent(often, SERVERS, 40)) == []
    assert disagreements(often, sent(seldom, SERVERS, 40))
    if declared.threats[0].is_finite and kind not in ("zero", "packet_loss", "partial_drop"):
        short, longer = (model_of(kind, budget={"norm": norm}) for norm in (0.01, 0.02))
        [told] = sent(short, SERVERS)
        [lying] = sent(longer, SERVERS)
        assert disagreements(short, [told]) == []
        assert disagreements(short, [lying])
        assert disagreements(short, [replace(told, seen=lying.seen)])


def test_a_frame_that_lets_updates_through_out_of_turn_is_found():
    declared = model_of("sign_flip")
    frame = UpdateThreats(declared, contributors=SERVERS, seed=0)
    [leash] = frame._leashes
    rushed = replace(declared.threats[0], when=Schedule(from_=3, until=20))
    leash._turns = replace(leash._turns, threat=rushed)
    for number in range(24):
        frame.apply(np.ones((8, 4)), round_number=number)
    wrong = disagreements(declared, frame.receipts())
    assert any("in rounds that were not its turn" in fault for fault in wrong)
