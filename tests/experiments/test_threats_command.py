"""Threat files, checked and described from the command line."""

import json
import tomllib

import pytest

from rallypoint.errors import NotReset
from rallypoint.safety.threat_model import ThreatModel

EVERYTHING = """
format = 1
[byzantine]
count = 2

[[threats]]
kind = "interruption"
victims = ["agent_0", 3]
when = { from = 5, until = 60 }
budget = { steps_per_episode = 10 }
initiation = { every = 3 }
theta = { schedule = "visits", c = 0.9, agents = 2 }
policy = { actions = { agent_0 = 1, agent_3 = 2 } }
resume_after = 2

[[threats]]
kind = "crash"
victims = { fraction = 0.3 }
when = { from = 10, every = 5, probability = 0.5 }

[[threats]]
kind = "interruption"
victims = "byzantine"
draw = "episode"
shared = true
seed = 7
"""
MINE = "tests.safety.interruption.policies"
SAID = """\
At presence: when a copy has come to a step, before anybody observes.
  1. crash, threats[1] in the file
     does     the agent crashes: it vanishes from the world until its copy is
              reset
     to       3 of 10 agents, drawn anew in every copy and episode
     when     every 5 steps from step 10 on; each agent on its own coin, with
              probability 0.5
     budget   no limit
     knows    whom it may touch now, the step; nothing else

At interruption: then, before the world moves.
  2. interruption, threats[0] in the file
     does     a person overrides the agent: a given action is taken (1 for
              agent_0, 2 for agent_3)
     to       agent_0, agent_3
     when     at every step from step 5 on, the last before step 60
     begins   every 3 steps, at step 0 first
     chance   1 - 0.9 n^(-1/(2·2)) at the n-th visit of the state; one coin a
              step for each agent
     resumes  after 2 more steps; each time it fires anew, the count begins anew
     budget   at most 10 steps on each agent in an episode
     knows    whom it may touch now, the step, true_state
  3. interruption, threats[2] in the file
     does     a person overrides the agent: it does nothing
     to       the Byzantine: 2 of 10 agents, drawn anew in every copy and
              episode
     when     at every step
     begins   anywhere, at any step
     chance   0.5; one coin an episode for all agents together
     budget   no limit
     knows    whom it may touch now, the step; nothing else
     draws    by seed 7, its own

Note: Where threats[0] and threats[2] touch one agent at once, the last has the
      last word.
"""


@pytest.fixture
def check(rallypoint, tmp_path, monkeypatch):
    """Return the command, given the text of a file."""
    monkeypatch.setenv("COLUMNS", "80")

    def run(text, *words, env="gathering-v0"):
        (tmp_path / "threats.toml").write_text(text)
        return rallypoint("threats", "check", "threats.toml", "--env", env, *words)

    return run


def test_it_says_in_words_what_will_happen_and_in_which_order(check):
    done = check(EVERYTHING)
    assert done.status == 0, done.err
    first, _, rest = done.out.partition("\n\n")
    assert first.splitlines() == [
        "threats.toml: 3 threats to gathering-v0, 10 agents, episodes of 65 steps.",
        "Byzantine: 2 of 10 agents, drawn anew in every copy and episode.",
    ]
    assert rest == SAID
    assert max(map(len, done.out.splitlines())) <= 80


def test_machines_get_the_same(check):
    told = json.loads(check(EVERYTHING, "--json").out)
    assert told["env"] == "gathering-v0"
    assert [threat["index"] for threat in told["threats"]] == [1, 0, 2]
    assert [threat["site"] for threat in told["threats"]] == ["presence", *["interruption"] * 2]
    assert told["threats"][1]["in_words"]["begins"] == "every 3 steps, at step 0 first"
    back = {
        "byzantine": {"count": 2},
        "threats": [threat["settings"] for threat in told["threats"]],
    }
    model = ThreatModel.from_dict(tomllib.loads(EVERYTHING))
    assert sorted(map(repr, ThreatModel.from_dict(back).threats)) == sorted(
        map(repr, model.threats)
    )


def test_settings_of_the_world_are_heeded(check):
    one = 'threats = [{ kind = "crash", when = { from = 20 } }]'
    assert check(one).status == 0
    short = check(one, "--env-set", "max_cycles=10")
    assert short.status == 2
    assert "begins at step 20" in short.err
    many = check('threats = [{ kind = "crash" , victims = [9] }]', "--env-set", "num_agents=3")
    assert "no agent 9" in many.err


@pytest.mark.parametrize(
    ("victims", "whom"),
    [
        ('"byzantine"', "the Byzantine contributors"),
        ('"all"', "all contributors"),
        ("{ fraction = 0.05 }", "5% of the contributors"),
        ("{ count = 3 }", "3 of the contributors"),
        ("[0, 2]", "0, 2"),
    ],
)
def test_threats_to_updates_are_told_of_contributors_and_rounds(check, victims, whom):
    table = f'kind = "sign_flip", victims = {victims}, when = {{ from = 3 }}'
    done = check(f"byzantine = {{ count = 1 }}\nthreats = [{{ {table} }}]", "--json")
    [threat] = json.loads(done.out)["threats"]
    assert threat["in_words"]["to"] == whom
    assert threat["in_words"]["when"] == "at every round from round 3 on"


def test_a_refused_threat_has_the_number_that_it_has_in_the_file(check):
    done = check(
        """
        byzantine = { count = 1 }
        threats = [
            { kind = "sign_flip", victims = "byzantine" },
            { kind = "crash", mode = "frozen" },
            { kind = "zero", victims = "byzantine" },
            { kind = "interruption", initiation = { region = "I" } },
        ]
        """
    )
    assert "'interruption' (threats[3]) needs regions" in done.err


def test_few_of_many_are_named_and_the_rest_counted(check):
    done = check('threats = [{ kind = "crash", victims = [0, 1, 2, 3, 4, 5, 6, 7] }]', "--json")
    [threat] = json.loads(done.out)["threats"]
    listed = ", ".join(f"agent_{i}" for i in range(6))
    assert threat["in_words"]["to"] == f"{listed} and 2 more agents"


@pytest.mark.parametrize(
    ("table", "note"),
    [
        ('kind = "interruption", theta = 0', "has theta = 0, so it never acts"),
        ('kind = "crash", victims = []', "may touch nobody, so it never acts"),
        ('kind = "crash", budget = { agents = 0 }', "may touch nobody, so it never acts"),
    ],
)
def test_a_threat_that_never_acts_is_noted(check, table, note):
    done = check(f"threats = [{{ {table} }}]")
    assert done.status == 0
    assert note in " ".join(done.out.split())


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("threats = 3", "a list of tables"),
        ("format = 2", "reads threat files of format 1"),
        ("what", "is no TOML"),
        ("byzantine = { cuont = 1 }", "did you mean 'count'"),
        ('threats = [{ kind = "intrruption" }]', "did you mean 'interruption'"),
        ('threats = [{ kind = "interruption", theta = 1.0 }]', "theta lies in [0, 1)"),
        ('threats = [{ kind = "interruption", victims = ["agent_99"] }]', "did you mean 'agent_9'"),
        ('threats = [{ kind = "interruption", initiation = { region = "I" } }]', "needs regions"),
        ('threats = [{ kind = "interruption", policy = { action = 9 } }]', "one of Discrete(3)"),
        ('threats = [{ kind = "interruption", initiation = { states = [1] } }]', "lists states as"),
        (
            f'threats = [{{kind = "interruption", initiation = {{function = "{MINE}:too_few"}}}}]',
            "an initiation function returns (2,) or (2, 10)",
        ),
        (
            f'threats = [{{ kind = "interruption", theta = {{ function = "{MINE}:flat" }} }}]',
            "the function of theta returns (2,), got float",
        ),
        (
            'threats = [{ kind = "interruption", initiation = { log = "no" } }]',
            "cannot read the lo",
        ),
        ('threats = [{ kind = "crash", victims = "byzantine" }]', "say who in [byzantine]"),
        ('threats = [{ kind = "crash" }]', "removed every agent at step 0"),
    ],
)
def test_what_cannot_be_meant_is_refused_in_one_line(check, text, says):
    done = check(text)
    assert done.status == 2
    assert done.out == ""
    assert done.err.startswith("Error: ")
    assert says in done.err
    assert done.err.count("\n") == 1


def test_an_unknown_world_or_file_or_command_is_refused_in_one_line(check, rallypoint):
    for done in (
        check("", env="gatherin-v0"),
        rallypoint("threats", "check", "nowhere.toml", "--env", "gathering-v0"),
        rallypoint("threats"),
        rallypoint("threats", "chekc"),
    ):
        assert done.status == 2
        assert done.err.count("\n") == 1


def test_no_threats_are_a_threat_model_too(check):
    assert check("").out == (
        "threats.toml: no threats to gathering-v0, 10 agents, episodes of 65 steps.\n"
    )


def test_what_has_a_mask_of_legal_actions_is_checked_without_a_step(check, monkeypatch):
    from rallypoint.envs.games.world import TabularGame

    def state_once_reset(self, state=TabularGame.state):
        if self._seed is None:
            raise NotReset("nothing to see yet")
        return state(self)

    monkeypatch.setattr(TabularGame, "offers", TabularGame.offers | {"action_mask"})
    monkeypatch.setattr(TabularGame, "state", state_once_reset)
    function = f'initiation = {{ function = "{MINE}:too_few" }}, policy = "uniform"'
    done = check(f'threats = [{{ kind = "interruption", {function} }}]', env="matching-game-v0")
    assert "an initiation function returns (2,) or (2, 2)" in done.err
    right = function.replace("too_few", "flat_out")
    done = check(f'threats = [{{ kind = "interruption", {right} }}]', env="matching-game-v0")
    assert done.status == 0, done.err
