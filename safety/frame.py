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
    refuse_ended,
    some_rows,
)
from rallypoint.draws import check_seed
from rallypoint.errors import InvalidConfig, NotReset
from rallypoint.safety.enforcement.accepted import Threats, as_model
from rallypoint.safety.enforcement.ballot import Ballot
from rallypoint.safety.enforcement.feasibility import leaves_world
from rallypoint.safety.enforcement.infos import told
from rallypoint.safety.enforcement.leash import Leash, leashed
from rallypoint.safety.enforcement.nested import nested, part_of
from rallypoint.safety.enforcement.resumption import checked_part
from rallypoint.safety.enforcement.sites import (
    Overridden,
    hold_still,
    joined,
    override,
    perceive,
    take_down,
)
from rallypoint.safety.known import SUPPLIED, Moment, Rows, aligned, sealed, spans_of
from rallypoint.safety.limits import as_victims
from rallypoint.safety.receipts import Receipt
from rallypoint.safety.threats import Site
from rallypoint.wrapper import BatchWrapper

_ALL = slice(None)
_KEPT = ("time", "ended", "crashed", "frozen")


class Threatened(BatchWrapper):
    """A world under threats; still a ``BatchEnv``, with the same spaces and the same contract.

    The order is that of ``rallypoint.safety.threats``: presence and observation when a copy has
    come to a step, action and interruption when policies have chosen. Reward and dynamics always
    follow the true state. What cannot be done in this world is refused here, before any step.

    ``infos`` of every step are those of the world and of ``rallypoint.safety.enforcement.infos``.
    """

    def __init__(self, env: BatchEnv, threats: Threats, *, seed: int | None = None) -> None:
        """Put a world under threats.

        Args:
            env: the world.
            threats: a threat model, or just its threats, or the only one.
            seed: of the threats' draws; that of the world's last seeded reset if not given.

        Raises:
            InvalidConfig: a threat that cannot be meant for this world; says why.
            NotOffered: a threat needs a part that this world does not have.
            UnknownName: a victim that is no agent; names the nearest.
        """
        super().__init__(env)
        self.model = as_model(threats)
        self._own_seed = None if seed is None else check_seed(seed)
        self._seed: int | None = None  # of the draws; none before the first reset
        self._spans = spans_of(env)
        self._lots, self._leashes = self._parts()
        self._at: dict[Site, list[Leash]] = {
            site: [leash for leash in self._leashes if leash.threat.site == site]
            for site in SUPPLIED
        }
        freezes = any(not leaves_world(leash.threat) for leash in self._at["presence"])
        self._alters_actions = freezes or bool(self._at["action"] or self._at["interruption"])
        if self._at["observation"]:
            self.offers = self.offers - {"remove"}
        self._nobody = sealed(np.zeros((env.num_copies, env.num_agents), dtype=bool))
        self._crashed: Mask = self._nobody
        self._frozen: Mask = self._nobody  # of the crashed, those still in the world
        self._time = np.zeros(env.num_copies, dtype=np.int64)
        self._ended = np.zeros(env.num_copies, dtype=bool)
        self._true: Observations = {}
        self._perceived: Observations = {}

    def _parts(self) -> tuple[Ballot, list[Leash]]:
        lies = self.model.byzantine
        lots = Ballot(
            () if lies is None else as_victims(lies.victims),
            self.agents,
            self.copies,
            channel="threats/byzantine",
            label="[byzantine]",
        )
        return lots, leashed(self.model, self.env, self._spans, lots)

    @property
    def crashed(self) -> Mask:
        """Who is down, removed or frozen: (E, N)."""
        return sealed(self._crashed)

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
        foretold = [leash.foretold for leash in leashes]
        masks = [mask for mask in foretold if mask is not None]
        return sealed(np.logical_or.reduce([self._nobody, *masks]) if masks else self._nobody)

    @property
    def time(self) -> NDArray[np.int64]:
        """Steps since each copy's reset: (E,)."""
        return sealed(self._time)

    @property
    def true_observations(self) -> Observations:
        """What the agents would see if nobody deceived them."""
        return dict(self._true)

    def receipts(self) -> tuple[Receipt, ...]:
        """What each threat did since the frame was made, or up to a snapshot and since then."""
        return tuple(leash.receipt() for leash in self._leashes)

    def reset(self, seed: int | None = None, mask: Mask | None = None) -> Observations:
        """Start new episodes, with what is due at step 0 done; see ``BatchEnv.reset``."""
        fresh = seed is not None or self._seed is None
        rows = np.ones(self.num_copies, dtype=bool) if mask is None else np.asarray(mask)
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
        self._time = np.where(rows, 0, self._time)
        self._crashed = self._crashed & ~rows[:, None]
        self._frozen = self._frozen & ~rows[:, None]
        some: Rows = _ALL if rows.all() else rows
        leaving = self._take_down(some, self.env.alive)
        if leaving is not None:
            observations = self.env.remove(leaving)
        alive = self.env.alive
        if leaving is not None and (empty := rows & ~alive.any(axis=1)).any():
            raise InvalidConfig(
                f"threats removed every agent at step 0 (in rows {some_rows(empty)}), so "
                "the episode has no step; begin later, or spare one with victims or budget.agents"
            )
        self._ended = self._ended & ~rows
        self._perceived = self._perceive(some, observations, alive)
        return dict(self._perceived)

    def step(self, actions: Actions) -> Step:
        """Advance every copy by one step under the threats; see ``BatchEnv.step``."""
        self._refuse_step()
        done = self._override(actions)
        step = self.env.step(done.actions)
        self._time = self._time + 1
        going_on = step.alive
        if step.terminated.any() or step.truncated.any():
            self._ended = step.ended
            going_on = step.alive & ~self._ended[:, None]
        leaving = self._take_down(_ALL, going_on)
        if leaving is not None:
            step = self._without(step, leaving)
        self._perceived = self._perceive(_ALL, step.observations, step.alive)
        infos = step.infos | told(self, actions, done, step)
        return step._replace(observations=dict(self._perceived), infos=infos)

    def remove(self, mask: Mask) -> Observations:
        """Take agents (E, N) out of the world; not offered where observations are threatened."""
        if "remove" not in self.offers:
            self._refuse("remove")
        self._perceived = self._true = self.env.remove(mask)
        self._ended = self._ended | ~self.env.alive.any(axis=1)
        return dict(self._perceived)

    def snapshot(self) -> Snapshot:
        """Everything needed to go on from here, the threats' part included."""
        world = nested("world", self.env.snapshot())
        if self._seed is None:
            raise NotReset(f"{self.id} has nothing to go on from before its first reset")
        own: Snapshot = {"seed": np.array(self._seed, dtype=np.uint64)}
        own |= {name: getattr(self, f"_{name}").copy() for name in _KEPT}
        own |= nested("byzantine", self._lots.snapshot())
        if self._at["observation"]:
            own |= nested("perceived", {k: v.copy() for k, v in self._perceived.items()})
        for index, leash in enumerate(self._leashes):
            own |= nested(f"{index}.{leash.threat.kind}", leash.snapshot())
        return world | nested("threats", own)

    def restore(self, snapshot: Snapshot) -> Observations:
        """Go on from a snapshot of the same copies of a like world under the same threats.

        Raises:
            InvalidConfig: it is not, and nothing is changed; says what must hold and what came.
        """
        kept = {name: getattr(self, f"_{name}") for name in _KEPT}
        own = checked_part(snapshot, kept, self, *self._parts())
        # The world refuses what is none of its own before anything of it or of the frame changes.
        self._true = self.env.restore(part_of(snapshot, "world"))
        self._seed = int(own["seed"])
        self._lots.restore(part_of(own, "byzantine"), self._seed)
        for index, leash in enumerate(self._leashes):
            leash.restore(part_of(own, f"{index}.{leash.threat.kind}"), self._seed)
        for name in _KEPT:
            setattr(self, f"_{name}", own[name].copy())
        perceived = part_of(own, "perceived")
        self._perceived = {k: v.copy() for k, v in perceived.items()} if perceived else self._true
        return dict(self._perceived)

    def _take_down(self, rows: Rows, candidates: Mask) -> Mask | None:
        """Let threats to presence act; return who is to leave the world, if anybody: (E, N)."""
        leashes = self._at["presence"]
        if not leashes:
            return None
        present = (candidates & ~self._crashed)[rows]
        leaving, freezing = take_down(leashes, self._moment(rows, present))
        if freezing.any():
            self._frozen = joined(self._frozen, rows, freezing)
            self._crashed = self._crashed | self._frozen
        if not leaving.any():
            return None
        gone = joined(self._nobody, rows, leaving)
        self._crashed = self._crashed | gone
        return gone

    def _without(self, step: Step, leaving: Mask) -> Step:
        """Return the step as it is when those who leave have left."""
        observations = self.env.remove(leaving)
        alive = self.env.alive
        terminated = step.terminated | (step.alive & ~alive)
        step = step._replace(observations=observations, alive=alive, terminated=terminated)
        self._ended = step.ended
        return step

    def _perceive(self, rows: Rows, observations: Observations, alive: Mask) -> Observations:
        """Let threats to observation act on what these copies' agents see."""
        self._true = observations
        if not self._at["observation"]:
            return observations
        perceived = dict(observations)
        if not isinstance(rows, slice):
            for name, before in self._perceived.items():
                perceived[name] = np.where(aligned(rows, before), observations[name], before)
        present = (alive & ~self._crashed)[rows]
        return perceive(
            self._at["observation"], self._moment(rows, present, observations=perceived)
        )

    def _override(self, actions: Actions) -> Overridden:
        """Let threats to action, then interruption, act; hold the frozen still."""
        done = Overridden(actions, self._nobody, np.zeros(self._nobody.shape))
        if not self._alters_actions:
            return done
        # Here, and not only in the world: an action that cannot be taken is refused even if
        # another one is taken in its place.
        check_actions(self.groups, self.num_copies, actions)
        if leashes := [*self._at["action"], *self._at["interruption"]]:
            present = self.env.alive & ~self._crashed
            moment = self._moment(_ALL, present, observations=self._perceived, actions=actions)
            done = override(leashes, moment)
        if self._frozen.any():
            done = done._replace(actions=hold_still(self._spans, done.actions, self._frozen))
        return done

    def _moment(
        self,
        rows: Rows,
        present: Mask,
        *,
        observations: Observations | None = None,
        actions: Actions | None = None,
    ) -> Moment:
        copies, time = self.copies[rows], self._time[rows]
        views = (self.env.state, self.env.regions, observations or {}, actions or {})
        return Moment(rows, copies, time, present, *views)

    def _refuse_step(self) -> None:
        if self._seed is None:
            raise NotReset(f"{self.id} must be reset before its first step")
        if self._ended.any():
            # Before any threat acts: a refused step must leave everything as it was.
            refuse_ended(self.id, self._ended)
