"""The threat frame: a world whose agents are lied to, overridden or broken, on purpose."""

import numpy as np
from numpy.typing import NDArray

from rallypoint.batch_env import (
    Actions,
    BatchEnv,
    Mask,
    Observations,
    Snapshot,
    Step,
    check_actions,
)
from rallypoint.checked import Checked
from rallypoint.draws import check_seed
from rallypoint.errors import InvalidConfig, NotReset
from rallypoint.policies import Policy
from rallypoint.safety.enforcement.accepted import Threats, as_model, refuse_unready
from rallypoint.safety.enforcement.feasibility import leaves_world, refuse_empty
from rallypoint.safety.enforcement.feedback import Feedback
from rallypoint.safety.enforcement.infos import told
from rallypoint.safety.enforcement.leashes import by_site, lots_and_leashes, refuse_unseen_policy
from rallypoint.safety.enforcement.nested import nested, part_of
from rallypoint.safety.enforcement.resumption import checked_part
from rallypoint.safety.enforcement.sites import (
    Overridden,
    departed,
    foretold,
    hold_still,
    hostile,
    merged,
    override,
    perceive,
    signed,
    take_down,
)
from rallypoint.safety.enforcement.standing import Standing
from rallypoint.safety.known import Moment, Rows, sealed, spans_of
from rallypoint.safety.receipts import Receipt
from rallypoint.safety.truth import Truth
from rallypoint.wrapper import BatchWrapper

_ALL = slice(None)


class Threatened(BatchWrapper):
    """A world under threats; still a ``BatchEnv``, with the same spaces and the same contract.

    The order is that of ``rallypoint.safety.threats``: presence and observation when a copy has
    come to a step, action and interruption when policies have chosen, feedback when the world has
    moved. Dynamics and rewards follow the true state, whatever is told. What cannot be done in this
    world is refused here, before any step.

    ``infos`` of every step are those of the world and of ``rallypoint.safety.enforcement.infos``.
    """

    def __init__(
        self,
        env: BatchEnv,
        threats: Threats,
        *,
        seed: int | None = None,
        byzantine: Mask | None = None,
        policy: Policy | None = None,
    ) -> None:
        """Put a world under threats.

        Args:
            env: the world.
            threats: a threat model, or just its threats, or the only one.
            seed: of the threats' draws; that of the world's last seeded reset if not given.
            byzantine: who lies, (E, N), in all episodes. The model's own [byzantine] then speaks
                of others, such as workers that own copies, and is not looked at here.
            policy: that acts here, for threats that declare to know it.

        Raises:
            InvalidConfig: a threat that cannot be meant for this world; says why.
            NotOffered: a threat needs a part that this world does not have, or the policy.
            UnknownName: a victim that is no agent; names the nearest.
        """
        super().__init__(env)
        self.model = as_model(threats)
        self.policy = policy  # may be another one from some reset on
        self._own_seed = None if seed is None else check_seed(seed)
        self._seed: int | None = None  # of the draws; none before the first reset
        self._copies = sealed(self.copies)
        self._spans = spans_of(env)
        self._lots, self._leashes = lots_and_leashes(self.model, env, byzantine)
        refuse_unseen_policy(self._leashes, policy)
        self._at = by_site(self._leashes)
        freezes = any(not leaves_world(leash.threat) for leash in self._at["presence"])
        self._alters_actions = freezes or bool(self._at["action"] or self._at["interruption"])
        if self._at["observation"]:
            self.offers = self.offers - {"remove"}
        self._feedback = Feedback(env, self._at["feedback"])
        self._standing = Standing(env.num_copies, env.num_agents)
        self._no_chance = sealed(np.zeros((env.num_copies, env.num_agents)))
        self._true: Observations = {}
        self._perceived: Observations = {}

    @property
    def crashed(self) -> Mask:
        """Who is down, removed or frozen: (E, N)."""
        return sealed(self._standing.crashed)

    @property
    def byzantine(self) -> Mask:
        """Who lies: (E, N)."""
        return sealed(self._lots.chosen)

    @property
    def will_interrupt(self) -> Mask:
        """Whom a person is set to interrupt in this episode wherever they may: (E, N).

        False for interruptions that are drawn step by step, of which nobody knows beforehand.
        """
        leashes = [] if self._seed is None else self._at["interruption"]
        return sealed(foretold(leashes, self._standing.nobody))

    @property
    def hostile(self) -> Mask:
        """Whose own actions threats are set to change in this episode, as far as known: (E, N)."""
        leashes = [] if self._seed is None else self._at["action"]
        return sealed(hostile(leashes, self._standing.nobody))

    @property
    def time(self) -> NDArray[np.int64]:
        """Steps since each copy's reset: (E,)."""
        return self._standing.time

    @property
    def true_observations(self) -> Observations:
        """What the agents would see if nobody deceived them."""
        return dict(self._true)

    def cost(self) -> NDArray[np.float64]:
        """Safety costs of the last step as they are told: (E, N, k); see ``BatchEnv.cost``."""
        return self._feedback.cost()

    def receipts(self) -> tuple[Receipt, ...]:
        """What each threat did since the frame was made, or up to a snapshot and since then."""
        return tuple(leash.receipt() for leash in self._leashes)

    def reset(self, seed: int | None = None, mask: Mask | None = None) -> Observations:
        """Start new episodes, with what is due at step 0 done; see ``BatchEnv.reset``."""
        fresh = seed is not None or self._seed is None
        # A copy: threats keep it until their books are closed, and the caller may write to theirs.
        rows = np.ones(self.num_copies, dtype=bool) if mask is None else np.array(mask)
        if fresh and not rows.all():
            raise InvalidConfig(
                "the first reset, and one with a seed, start every copy: leave the mask out"
            )
        observations = self.env.reset(seed, mask)
        if not rows.any():
            return dict(self._perceived)
        if fresh:
            self._seed = self.env.seed if self._own_seed is None else self._own_seed
        again = self._seed if fresh else None
        self._lots.begin(rows, again)
        for leash in self._leashes:
            leash.begin(rows, again)
        self._feedback.begin(rows)
        self._standing.begin(rows)
        some: Rows = _ALL if rows.all() else rows
        if (leaving := self._take_down(some, self.env.alive)) is not None:
            observations = self.env.remove(leaving)
            refuse_empty(rows, self.env.alive)
        self._standing.ended = self._standing.ended & ~rows
        self._perceived = self._perceive(some, observations, self.env.alive)
        return dict(self._perceived)

    def step(self, actions: Actions) -> Step:
        """Advance every copy by one step under the threats; see ``BatchEnv.step``."""
        refuse_unready(self.id, self._standing.ended, started=self._seed is not None)
        moment: Moment | None = None  # at which they act, if threats are asked about it
        if self._alters_actions or self._at["feedback"]:
            acting = self._standing.present(_ALL, self.env.alive)
            moment = self._moment(_ALL, acting, observations=self._perceived)
        done = self._override(actions, moment)
        step = self.env.step(done.actions)
        if moment is not None:
            moment.actions = done.actions
            moment.truth = Truth(self.env, self.policy)  # the world has moved
        rewards, infos = self._feedback.told(step, moment)
        self._standing.pass_step()
        going_on = step.alive
        if np.count_nonzero(step.terminated) or np.count_nonzero(step.truncated):
            self._standing.ended = step.ended
            going_on = step.alive & ~step.ended[:, None]
        leaving = self._take_down(_ALL, going_on)
        if leaving is not None:
            step = departed(self.env, step, leaving)
            self._standing.ended = step.ended
        self._perceived = self._perceive(_ALL, step.observations, step.alive)
        infos = told(self, actions, done, infos)
        flags = (step.terminated, step.truncated, step.alive)
        return Step(dict(self._perceived), rewards, *flags, infos)

    def remove(self, mask: Mask) -> Observations:
        """Take agents (E, N) out of the world; not offered where observations are threatened."""
        if "remove" not in self.offers:
            self._refuse("remove")
        self._perceived = self._true = self.env.remove(mask)
        self._standing.ended = self._standing.ended | ~self.env.alive.any(axis=1)
        return dict(self._perceived)

    def snapshot(self) -> Snapshot:
        """Everything needed to go on from here, the threats' part included."""
        world = nested("world", self.env.snapshot())
        if self._seed is None:
            raise NotReset(f"{self.id} has nothing to go on from before its first reset")
        own: Snapshot = {"seed": np.array(self._seed, dtype=np.uint64)}
        own |= self._standing.snapshot()
        own |= nested("byzantine", self._lots.snapshot())
        own |= nested("told", self._feedback.snapshot())
        if self._at["observation"]:
            own |= nested("perceived", {k: v.copy() for k, v in self._perceived.items()})
        for index, leash in enumerate(self._leashes):
            own |= nested(f"{index}.{leash.threat.kind}", leash.snapshot())
        return world | nested("threats", own)

    def restore(self, snapshot: Snapshot) -> Observations:
        """Go on from a snapshot of the same copies of a like world under the same threats.

        Raises:
            NotOffered: the world cannot be restored.
            InvalidConfig: it is not, and nothing is changed; says what must hold and what came.
        """
        if "snapshot" not in self.offers:
            self._refuse("snapshot")
        kept = self._standing.snapshot() | nested("told", self._feedback.snapshot())
        like = lots_and_leashes(self.model, self.env, self._lots.given)
        own = checked_part(snapshot, kept, self, *like)
        # The world refuses what is none of its own before anything of it or of the frame changes.
        self._true = self.env.restore(part_of(snapshot, "world"))
        self._seed = int(own["seed"])
        self._lots.restore(part_of(own, "byzantine"), self._seed)
        self._feedback.restore(part_of(own, "told"))
        for index, leash in enumerate(self._leashes):
            leash.restore(part_of(own, f"{index}.{leash.threat.kind}"), self._seed)
        self._standing.restore(own)
        perceived = part_of(own, "perceived")
        self._perceived = {k: v.copy() for k, v in perceived.items()} if perceived else self._true
        return dict(self._perceived)

    def _take_down(self, rows: Rows, candidates: Mask) -> Mask | None:
        """Let threats to presence act; return who is to leave the world, if anybody: (E, N)."""
        if not (leashes := self._at["presence"]):
            return None
        present = self._standing.present(rows, candidates)
        leaving, freezing = take_down(leashes, self._moment(rows, present))
        if freezing.any():
            self._standing.freeze(rows, freezing)
        return self._standing.leave(rows, leaving) if leaving.any() else None

    def _perceive(self, rows: Rows, observations: Observations, alive: Mask) -> Observations:
        """Let threats to observation act on what these copies' agents see."""
        self._true = observations
        if not self._at["observation"]:
            return observations
        perceived = merged(rows, observations, self._perceived)
        present = self._standing.present(rows, alive)
        return perceive(
            self._at["observation"], self._moment(rows, present, observations=perceived)
        )

    def _override(self, actions: Actions, moment: Moment | None) -> Overridden:
        """Let threats to action, then interruption, act; hold the frozen still."""
        if moment is None or not self._alters_actions:
            return Overridden(actions, self._standing.nobody, self._no_chance)
        # Here, and not only in the world: an action that cannot be taken is refused even if
        # another one is taken in its place.
        check_actions(self.groups, self.num_copies, actions)
        moment.actions = signed(self.groups, actions)
        threats, people = self._at["action"], self._at["interruption"]
        executed, interrupted, theta = override(threats, people, moment)
        if np.count_nonzero(self._standing.frozen):
            executed = hold_still(self._spans, executed, self._standing.frozen)
        # What threats say lies in the space, so the world need not look again.
        return Overridden(Checked(executed, self.env), interrupted, theta)

    def _moment(
        self, rows: Rows, present: Mask, *, observations: Observations | None = None
    ) -> Moment:
        """Return what is going on in some copies, of which no actions are known yet."""
        views = (Truth(self.env, self.policy), observations or {})
        time = self._standing.time
        if isinstance(rows, slice):
            return Moment(rows, self._copies, time, present, *views, clock=self._standing.clock)
        return Moment(rows, self._copies[rows], time[rows], present, *views)
