"""Recording what happens in a world under threats, and checking their receipts by it."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from rallypoint.batch_env import Actions, Array, BatchEnv, Mask, Observations, Snapshot, Step
from rallypoint.errors import InvalidConfig
from rallypoint.safety.audit import Audit
from rallypoint.safety.frame import Threatened
from rallypoint.safety.interruption.recount import CoinsRecounted
from rallypoint.safety.known import spans_of
from rallypoint.safety.perception.recount import LiesRecounted
from rallypoint.safety.receipts import Receipt, disagreements
from rallypoint.safety.recording_files import (
    assembled,
    part_path,
    remove_parts,
    write_recording,
)
from rallypoint.safety.recordings import Recording, Recount, recount
from rallypoint.safety.threat_model import ThreatModel
from rallypoint.wrapper import BatchWrapper

_PART_BYTES = 64 << 20  # of arrays kept before they are written

Account = tuple[tuple[Receipt, ...], list[str]]


class Checks:
    """What recordings of a world say of its threats, part by part, to hold receipts against."""

    def __init__(self, model: ThreatModel, env: BatchEnv) -> None:
        """Begin with nothing recorded of a world; its threats are those of the model."""
        self._model = model
        self._recounts: list[Recount] = []
        self._lies = LiesRecounted(model, env)
        self._audit = Audit(model, env)
        self._coins = CoinsRecounted(model)
        self._episodes = self._resets = 0

    def add(self, part: Recording) -> None:
        """Go on with the next part of a recording."""
        self._recounts.append(recount(part))
        self._lies.add(part)
        self._audit.add(part)
        self._coins.add(part)
        self._episodes += int(np.count_nonzero(part.began))
        self._resets += int(np.count_nonzero(part.began.any(axis=1)))

    def faults(self, receipts: Sequence[Receipt]) -> list[str]:
        """Say, in sentences, where receipts depart from the declaration, or from what was recorded.

        Args:
            receipts: of the model's threats, about all that was recorded.
        """
        wrong = disagreements(self._model, receipts, self._recounts)
        for one in receipts:
            label = f"threats[{one.index}] ({one.kind})"
            if one.episodes != self._episodes:
                told = f"{self._episodes} in the recording, {one.episodes} in its receipt"
                wrong.append(f"{label}: episodes: {told}")
            if one.repeats > max(self._resets, 1):  # each of which starts coins once
                told = f"{one.repeats} times with one seed, of {self._resets} resets"
                wrong.append(f"{label}: coins came again {told}")
        wrong += self._lies.faults(receipts) + self._audit.faults(receipts)
        return wrong + self._coins.faults(receipts)


class Recorder(BatchWrapper):
    """A world of which everything is recorded: what was true, what was told, what was done.

    It is the outermost wrapper, between the threats and the learner::

        world = Recorder(Threatened(make("gathering-v0"), threats), out / "recording")
        ...
        wrong = world.finish()

    Long recordings are written part by part, so that they need no more memory than short ones.
    """

    env: Threatened

    def __init__(
        self, env: BatchEnv, folder: Path | None = None, *, part_bytes: int = _PART_BYTES
    ) -> None:
        """Record a world from its first reset on.

        Args:
            env: the world; one under no threats is recorded all the same.
            folder: where parts are written; they are kept in memory if none is given. What an
                earlier recording left there is removed.
            part_bytes: so much is kept before it is written.

        Raises:
            InvalidConfig: its episodes are under way, so that receipts would speak of more than
                the recording; or something stands between its threats and the recorder.
        """
        if not isinstance(env, Threatened):
            _refuse_wrapped(env)
            env = Threatened(env, [])
        super().__init__(env)
        if any(receipt.episodes for receipt in self.env.receipts()):
            raise InvalidConfig(f"record {env.id} from its start: make the recorder before a reset")
        self.offers = self.offers - {"snapshot"}  # what a restore skips could not be recorded
        self.parts: list[Recording] = []  # where they are kept in memory
        self._no_costs = np.zeros((env.num_copies, env.num_agents, 0))
        self._folder = folder
        self._part_bytes = part_bytes
        self._columns = {span.group.name: span.columns for span in spans_of(env)}
        self._checks = Checks(self.env.model, self.env)
        self._num_parts = 0
        self._moments: list[dict[str, Array]] = []
        self._steps: list[dict[str, Array]] = []
        self._kept_bytes = 0

    @property
    def will_interrupt(self) -> Mask:
        """Whom a person is set to interrupt in this episode: (E, N); see the frame."""
        return self.env.will_interrupt

    def reset(self, seed: int | None = None, mask: Mask | None = None) -> Observations:
        """Start new episodes; see ``BatchEnv.reset``."""
        observations = self.env.reset(seed, mask)
        began = np.ones(self.num_copies, dtype=bool) if mask is None else np.array(mask)
        if began.any():
            self._keep_moment(observations, began)
        return observations

    def step(self, actions: Actions) -> Step:
        """Advance every copy by one step; see ``BatchEnv.step``."""
        step = self.env.step(actions)
        kept: dict[str, Any] = {"chosen_at": np.array(len(self._moments) - 1)}
        for name in ("interrupted", "theta", "true_rewards"):
            kept[name] = step.infos[name]
        for group in self._columns:
            for name in (f"proposed/{group}", f"executed/{group}"):
                kept[name] = step.infos[name]
        for name in ("rewards", "terminated", "truncated"):
            kept[name] = getattr(step, name)
        kept["true_costs"] = step.infos.get("true_costs", self._no_costs)
        kept["costs"] = self.env.cost() if "cost" in self.offers else self._no_costs
        self._steps.append(self._copied(kept))
        self._keep_moment(step.observations, np.zeros(self.num_copies, dtype=bool))
        return step

    def remove(self, mask: Mask) -> Observations:
        """Take agents out of the world; see ``BatchEnv.remove``."""
        observations = self.env.remove(mask)
        self._keep_moment(observations, np.zeros(self.num_copies, dtype=bool))
        return observations

    def snapshot(self) -> Snapshot:
        """Refuse: a recording goes on without a gap, or not at all."""
        self._refuse("snapshot")

    def restore(self, snapshot: Snapshot) -> Observations:
        """Refuse, as snapshots are."""
        del snapshot
        self._refuse("snapshot")

    def finish(self) -> list[str]:
        """Write what is left, and say where receipts depart from what was recorded.

        Raises:
            UnwritablePath: the folder takes no more.
        """
        self._end_part()
        return self._checks.faults(self.env.receipts())

    def _keep_moment(self, observations: Observations, began: Mask) -> None:
        env = self.env
        kept: dict[str, Any] = {
            "time": env.time,
            "began": began,
            "alive": env.alive,
            "crashed": env.crashed,
            "byzantine": env.byzantine,
            "will_interrupt": env.will_interrupt,
        }
        true = env.true_observations
        for group in self._columns:
            kept[f"observations/{group}"] = observations[group]
            kept[f"true_observations/{group}"] = true[group]
        self._moments.append(self._copied(kept))
        if self._kept_bytes > self._part_bytes:
            self._end_part()

    def _copied(self, arrays: Mapping[str, Any]) -> dict[str, Array]:
        # Copies: a world may hand out what it changes later.
        copied = {name: np.array(array) for name, array in arrays.items()}
        self._kept_bytes += sum(array.nbytes for array in copied.values())
        return copied

    def _end_part(self) -> None:
        if not self._moments or (self._num_parts and len(self._moments) == 1):
            return
        last = self._moments[-1]
        part = assembled(self.agents, self._columns, self.copies, self._moments, self._steps)
        if self._folder is None:
            self.parts.append(part)
        else:
            if not self._num_parts:
                remove_parts(self._folder)  # of an earlier recording
            write_recording(part, part_path(self._folder, self._num_parts))
        self._num_parts += 1
        self._checks.add(part)
        # The next part begins where this one ends, and no episode does.
        self._moments = [last | {"began": np.zeros_like(last["began"])}]
        self._steps = []
        self._kept_bytes = 0


def _refuse_wrapped(env: BatchEnv) -> None:
    inner = env
    while isinstance(inner, BatchWrapper):
        inner = inner.env
        if isinstance(inner, Threatened):
            raise InvalidConfig(
                f"a recorder stands next to the threats, and {type(env).__name__} stands between; "
                "put it around the recorder"
            )


def account(world: BatchEnv) -> Account:
    """Return the receipts of a world's threats, and where they depart from what was declared.

    Also from what was recorded, if it was; nothing of either, if it is under no threats.
    """
    if isinstance(world, Recorder):
        wrong = world.finish()
        return world.env.receipts(), wrong
    if isinstance(world, Threatened):
        receipts = world.receipts()
        return receipts, disagreements(world.model, receipts)
    return (), []
