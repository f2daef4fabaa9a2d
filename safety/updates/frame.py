"""The frame of threats to updates: between contributors and their server."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from rallypoint.batch_env import Mask, Snapshot
from rallypoint.draws import check_seed
from rallypoint.errors import InvalidConfig
from rallypoint.safety.enforcement.accepted import Threats, as_model
from rallypoint.safety.enforcement.nested import nested, part_of
from rallypoint.safety.known import sealed
from rallypoint.safety.limits import as_budget, as_schedule
from rallypoint.safety.receipts import Receipt
from rallypoint.safety.threats import Threat
from rallypoint.safety.threats.update import Combine, Updates, UpdateThreat
from rallypoint.safety.updates.known import SUPPLIED
from rallypoint.safety.updates.leash import Round, UpdateLeash
from rallypoint.safety.updates.turns import is_lie, liars_of, turns_of
from rallypoint.safety.updates.witness import Witness


class Delivery(NamedTuple):
    """What the server receives in a round."""

    updates: Updates  # (n, d); rows of those who did not lie are bit for bit what they sent
    lied: Mask  # (n,) whose row is another than theirs to send; unknown to the server
    receipts: tuple[Receipt, ...]  # of this round, one for each threat


class Stage(NamedTuple):
    """What one threat made of the updates of a round."""

    threat: int  # its number in the threat file
    updates: Updates  # (n, d)


class Scribe(Protocol):
    """Who writes down what passes a frame, and goes on from where the frame goes on from."""

    def keep(
        self,
        number: int,
        members: NDArray[np.int64],
        found: Updates,
        stages: Sequence[Stage],
        received: Updates,
    ) -> None:
        """Write down a round: updates (n, d) as they were found, at each stage, and as received."""

    def snapshot(self) -> Snapshot:
        """Return where it stands."""

    def restore(self, snapshot: Snapshot) -> None:
        """Go on from there."""


class UpdateThreats:
    """Contributors of which some lie; the counterpart of ``Threatened`` for updates.

    Victims, and the Byzantine if they are given as a count or share, are drawn once for the run,
    as a world of the same seed and as many agents draws them for the first episode of copy 0.
    Everything is a function of (seed, kind of threat, contributor, round): neither which
    contributors take part in a round, nor in which order their updates stand, shifts another's
    numbers. A threat whose victims are absent from a round waits.
    """

    def __init__(self, threats: Threats, *, contributors: Sequence[str] | int, seed: int) -> None:
        """Put contributors under threats.

        Args:
            threats: a threat model, or just its threats, or the only one; to updates all of them
                (``model.at("update")`` are those of a model).
            contributors: all N, by name, or how many; then they are worker_0, worker_1 …
            seed: of the threats' draws.

        Raises:
            InvalidConfig: a threat that cannot be meant here; says why.
            UnknownName: a victim that is no contributor; names the nearest.
        """
        self.model = as_model(threats)
        self.seed = check_seed(seed)
        self.recorder: Scribe | None = None
        if isinstance(contributors, int):
            contributors = [f"worker_{index}" for index in range(contributors)]
        self.contributors = tuple(contributors)
        if len(set(self.contributors)) != len(self.contributors) or not self.contributors:
            raise InvalidConfig(
                f"contributors are at least one, by different names, got {list(contributors)}"
            )
        self._byzantine = liars_of(self.model, self.contributors, self.seed)
        for index, threat in zip(self.model.numbers, self.model.threats, strict=True):
            _refuse_impossible(threat, f"the threat {threat.kind!r} (threats[{index}])")
        self._leashes = [
            UpdateLeash(turns, self.contributors)
            for turns in turns_of(self.model, self.contributors, self.seed)
        ]
        self._witnesses = {
            leash: Witness(self.contributors, as_schedule(leash.threat.when))
            for leash in self._leashes
        }
        victims = [leash.victims for leash in self._leashes if is_lie(leash.threat)]
        self._is_liar: Mask = np.any([self._byzantine, *victims], axis=0)

    @property
    def byzantine(self) -> Mask:
        """Who is Byzantine: (N,)."""
        return sealed(self._byzantine)

    @property
    def victims(self) -> tuple[Mask, ...]:
        """Whom each threat of the model may befall: (N,) each."""
        return tuple(sealed(leash.victims) for leash in self._leashes)

    @property
    def liars(self) -> Mask:
        """Who is Byzantine or the victim of some threat, and so not among the honest: (N,)."""
        return sealed(self._is_liar)

    def apply(
        self,
        updates: Updates,
        *,
        round_number: int,
        members: Sequence[int] | NDArray[np.int64] | None = None,
        aggregator: Combine | None = None,
        parts: int = 1,
    ) -> Delivery:
        """Let the threats lie, in the order of the model, each seeing what those before it left.

        What befalls updates on their way comes after all lies, and is none: whom it touches is
        still honest.

        Args:
            updates: (n, d) floating, what the contributors of this round found; not written to.
            round_number: counts rounds from 0; schedules and draws go by it.
            members: (n,) the index of the contributor that each row is of; all N in order if not
                given.
            aggregator: the server's rule as a function (n, d) -> (d,), for threats that declare to
                know it. Give it a stream of its own if it draws: the server's is not theirs to
                know.
            parts: how many messages of one length a row consists of; one, if it is an update.

        Raises:
            InvalidConfig: updates, members or the round cannot be meant, or the aggregator is
                missing.
            NotConformant: a threat breaks the contract; says how.
            NotKnown: a threat looked at what it did not declare.
        """
        rows = self._checked(updates, round_number, members)
        now = Round(round_number, rows, self._is_liar[rows], aggregator, parts)
        for leash in self._leashes:
            if aggregator is None and "aggregator" in leash.threat.knowledge:
                raise InvalidConfig(
                    f"{leash.label} knows the aggregator, and none was given; pass aggregator = a "
                    "function from updates (n, d) to their aggregate (d,)"
                )
        received = sealed(updates)
        lied = np.zeros(len(updates), dtype=bool)
        stages: list[Stage] = []
        receipt_by_leash: dict[UpdateLeash, Receipt] = {}
        for leash in sorted(self._leashes, key=lambda leash: not is_lie(leash.threat)):
            found, (received, receipt) = received, leash.lie(sealed(received), now)
            self._witnesses[leash].look(found, received, rows, now.number)
            stages.append(Stage(leash.index, received))
            receipt_by_leash[leash] = receipt
            if is_lie(leash.threat):
                spoken = [name in receipt.applications for name in self.contributors]
                lied |= np.array(spoken)[rows]
        receipts = tuple(receipt_by_leash[leash] for leash in self._leashes)
        if self.recorder is not None:
            self.recorder.keep(now.number, rows, updates, stages, received)
        return Delivery(received, lied, receipts)

    def receipts(self) -> tuple[Receipt, ...]:
        """What each threat did since the frame was made, or up to a snapshot and since then."""
        return tuple(
            replace(leash.receipt(), seen=witness.told())
            for leash, witness in self._witnesses.items()
        )

    def snapshot(self) -> Snapshot:
        """Return everything needed to go on from here."""
        whole: Snapshot = {}
        for index, leash in enumerate(self._leashes):
            seen = nested("witness", self._witnesses[leash].snapshot())
            whole |= nested(f"{index}.{leash.threat.kind}", leash.snapshot() | seen)
        if self.recorder is not None:
            whole |= nested("recorder", self.recorder.snapshot())
        return whole

    def restore(self, snapshot: Snapshot) -> None:
        """Go on from a snapshot of a frame of the same threats, contributors and seed.

        Raises:
            InvalidConfig: it is of other threats, and nothing is changed.
        """
        paths = [f"{index}.{leash.threat.kind}" for index, leash in enumerate(self._leashes)]
        found = {name.partition("/")[0] for name in snapshot} - {"recorder"}
        if found != set(paths):
            raise InvalidConfig(
                f"the snapshot is of threats {sorted(found)}, and these are {paths}"
            )
        if self.recorder is not None:
            if not (written := part_of(snapshot, "recorder")):
                raise InvalidConfig("the snapshot is of updates that were not recorded")
            self.recorder.restore(written)
        for path, leash in zip(paths, self._leashes, strict=True):
            leash.restore(part_of(snapshot, path))
            self._witnesses[leash].restore(part_of(part_of(snapshot, path), "witness"))

    def _checked(self, updates: Updates, round_number: int, members: Any) -> NDArray[np.int64]:
        """Return the contributors of the rows, (n,), if everything fits."""
        if (
            not isinstance(updates, np.ndarray)
            or updates.ndim != 2
            or not np.issubdtype(updates.dtype, np.floating)
        ):
            what = getattr(updates, "shape", type(updates).__name__)
            raise InvalidConfig(f"updates are a floating array (n, d), got {what}")
        if not isinstance(round_number, int | np.integer) or round_number < 0:
            raise InvalidConfig(f"a round is a whole number >= 0, got {round_number!r}")
        N = len(self.contributors)
        rows = np.arange(N) if members is None else np.asarray(members, dtype=np.int64)
        in_range = ((rows >= 0) & (rows < N)).all()
        if rows.shape != (len(updates),) or len(set(rows.tolist())) != len(rows) or not in_range:
            raise InvalidConfig(
                f"members say which of {N} contributors each of {len(updates)} updates is of, each "
                f"once; got {rows.tolist()}"
            )
        return rows


def _refuse_impossible(threat: Threat, label: str) -> None:
    if not isinstance(threat, UpdateThreat):
        raise InvalidConfig(
            f"{label} stands at site {threat.site!r}; the frame around updates applies threats to "
            'these alone: model.at("update") are those of a model'
        )
    if unseen := sorted(set(threat.knowledge) - SUPPLIED):
        raise InvalidConfig(
            f"{label} declares knowledge of {', '.join(unseen)}; about updates there is "
            f"{', '.join(sorted(SUPPLIED))}"
        )
    budget = as_budget(threat.budget)
    if budget.steps_per_episode is not None:
        raise InvalidConfig(f"{label} sends updates round by round; give its budget as rounds = …")
    if budget.norm is not None and not threat.is_finite:
        raise InvalidConfig(
            f"{label} sends numbers that are not finite, which no budget of norm can cut to size"
        )
