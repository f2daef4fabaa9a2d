"""In which manner rounds are run: one server waits for all, or for nobody, or there are several."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rallypoint.agents.gradient.actors import Actor, Actors
from rallypoint.agents.gradient.among_peers import AmongPeers
from rallypoint.agents.gradient.asynchronous_rounds import AsynchronousRounds
from rallypoint.agents.gradient.learners import GradientLearner
from rallypoint.agents.gradient.peer_rounds import PeerRounds
from rallypoint.agents.gradient.replicated_rounds import ReplicatedRounds
from rallypoint.agents.gradient.server import Server
from rallypoint.agents.gradient.team_lies import Lies
from rallypoint.agents.gradient.workshop import GradientWorkshop
from rallypoint.agents.rounds.asking import AskedHere, Asking
from rallypoint.agents.rounds.delays import DELAYS, Delays
from rallypoint.agents.rounds.delivery import Delivery
from rallypoint.agents.rounds.in_process import InProcess
from rallypoint.agents.rounds.placement import Placement
from rallypoint.agents.rounds.protocols import protocols
from rallypoint.agents.rounds.protocols.asynchronous import Asynchronous
from rallypoint.agents.rounds.protocols.buffered import BufferedRounds
from rallypoint.agents.rounds.protocols.replicated_servers import ReplicatedServers
from rallypoint.agents.rounds.real_delays import RealDelays
from rallypoint.agents.rounds.recorded import RecordedDelays
from rallypoint.agents.rounds.replicated import Replicated
from rallypoint.agents.rounds.simulated import Lane
from rallypoint.config import from_dict
from rallypoint.errors import InvalidConfig, TooManyByzantine, did_you_mean
from rallypoint.safety.aggregation import Aggregator
from rallypoint.safety.updates import UpdateThreats
from rallypoint.safety.updates.losses import check_losses

if TYPE_CHECKING:
    from rallypoint.agents.gradient.recipe import Recipe

SYNCHRONOUS, REPLICATED, PEERS = "synchronous", "replicated_servers", "peers"
_DELAYS: dict[str, type[Any]] = {**DELAYS, "real": RealDelays, "recorded": RecordedDelays}


def manners() -> list[str]:
    """Return the names of all manners."""
    return sorted({*protocols, REPLICATED, PEERS})


class Manner:
    """The manner of a training, checked before anything is played."""

    def __init__(
        self,
        name: str,
        settings: Mapping[str, Any],
        recipe: "Recipe",
        *,
        f: int,
        placement: Placement | None = None,
    ) -> None:
        """Read the settings of a manner.

        Args:
            name: of it.
            settings: the protocol's own; f and the number of contributors are known already.
                Asynchronous ones have ``delays``: "clock", "drawn", "real", "recorded", or a table
                with that as kind.
            recipe: of what is trained.
            f: how many contributors may lie.
            placement: on a Ray cluster; in this process if not given.

        Raises:
            InvalidConfig: no such manner, or one that does not fit what is trained; says why.
            TooManyByzantine: a manner that cannot tolerate so many.
        """
        if name not in manners():
            raise InvalidConfig(f"no protocol is called {name!r}{did_you_mean(name, manners())}")
        self.name = name
        self._recipe = recipe
        self._f = f
        self._placement = placement
        self.server_lies: tuple[UpdateThreats, ...] = ()
        if name == SYNCHRONOUS:
            if settings:
                raise InvalidConfig(
                    f"the synchronous protocol waits for everybody, and has no {sorted(settings)}; "
                    "deadlines are for clusters: --ray-set deadline=…"
                )
            return
        _refuse_learner(name, recipe)
        given = dict(settings)
        if name == REPLICATED:
            own = {"f": f, "contributors": recipe.count, **given}
            self.replicated = from_dict(ReplicatedServers, own, where="--protocol-set")
            self.server_lies = self._lies_of_servers()
            return
        if name == PEERS:
            self.among = AmongPeers(given, recipe, f=f)
            return
        self.delays = _delays(given.pop("delays", "clock"))
        if self.delays.are_real and placement is None:
            raise InvalidConfig(
                "in one process nobody is late, and delays are simulated; for real ones say --ray"
            )
        kind = protocols[name]
        assert issubclass(kind, Asynchronous)
        self.protocol: Asynchronous[Any] = from_dict(
            kind, {"f": f, **given}, where="--protocol-set"
        )
        self.protocol.begin(recipe.count)  # refuses what it cannot tolerate

    @property
    def replicas(self) -> int:
        """How many servers there are; among peers, each is its own."""
        if self.name == PEERS:
            return self._recipe.count
        return self.replicated.servers if self.name == REPLICATED else 1

    def delivery(
        self, workshop: GradientWorkshop, blocks: Sequence[Sequence[int]] | None, out: Path
    ) -> Delivery | Asking:
        """Return where updates are computed.

        Args:
            workshop: of everybody, for this process.
            blocks: that contributors are dealt out to, if that is settled already.
            out: the folder of the training.
        """
        recipe, placement = self._recipe, self._placement
        if placement is not None:
            return self._cluster(placement, blocks, out, parts=len(workshop.desks))
        if self.name != SYNCHRONOUS:
            return AskedHere([recipe.workshop([one]) for one in range(recipe.count)])
        if blocks is None or len(blocks) == 1:
            return InProcess([workshop], [range(recipe.count)])
        return InProcess([recipe.workshop(block) for block in blocks], blocks)

    def _cluster(
        self,
        placement: Placement,
        blocks: Sequence[Sequence[int]] | None,
        out: Path,
        *,
        parts: int,
    ) -> Delivery | Asking:
        from rallypoint.agents.rounds.cluster import AskedThere, Cluster  # Ray

        recipe = self._recipe
        about: Mapping[str, Any] = {"logs": out / "actors", "run": out.name}
        if self.name != SYNCHRONOUS:
            is_real = self.name not in (REPLICATED, PEERS) and self.delays.are_real
            return AskedThere(recipe, recipe.count, placement, tells_losses=is_real, **about)
        if recipe.who == "team":
            blocks = [range(recipe.count)]  # they live in one world
        return Cluster(recipe, recipe.count, placement, blocks=blocks, parts=parts, **about)

    def rounds(
        self, server: Server, updates: Lies | None, delivery: Asking
    ) -> AsynchronousRounds | ReplicatedRounds | PeerRounds:
        """Return rounds in this manner, which is not the synchronous one."""
        recipe = self._recipe
        if self.name == PEERS:
            return self.among.rounds(server, delivery)
        assert isinstance(updates, UpdateThreats | None), "several groups are refused"
        architecture = recipe.actors(recipe.world([0])).only.networks
        contribution = recipe.learner.contribution
        if self.name == REPLICATED:
            run = Replicated(
                protocol=self.replicated,
                seed=recipe.seed,
                threats=updates,
                server_threats=next(iter(self.server_lies), None),
            )
            return ReplicatedRounds(delivery, architecture, server, run, contribution)
        lane = Lane(
            protocol=self.protocol,
            contributors=recipe.count,
            delays=self.delays,
            seed=recipe.seed,
            threats=updates,
        )
        return AsynchronousRounds(delivery, architecture, server, lane, contribution)

    def check(self, aggregator: Aggregator, actors: Actors) -> None:
        """Refuse an aggregator that cannot answer about as few updates as it is asked about.

        Raises:
            TooManyByzantine: says of which group, where there are several.
            InvalidConfig: several groups, in a manner that knows of one model only.
        """
        if self.name == SYNCHRONOUS:
            for actor, n in self._asked_about(actors):
                try:
                    aggregator.check(n, self._f)
                except (InvalidConfig, TooManyByzantine) as error:
                    raise type(error)(f"{actor.part.said}{error}") from error
            return
        if len(actors.each) > 1:
            groups = [actor.group.name for actor in actors.each]
            raise InvalidConfig(
                f"--protocol {self.name} goes by updates of one actor, and there is one for each "
                f"of the groups {groups}: who has lived nothing as one of them would not be told "
                "from who found nothing to learn; leave out --protocol"
            )
        least = self._recipe.count
        if self.name == PEERS:
            self.among.check(aggregator)
            return
        if self.name == REPLICATED:
            least = self.replicated.waits_for
        elif isinstance(self.protocol, BufferedRounds):
            least = self.protocol.least(self.protocol.f)
        try:
            if self.name != "kardam":
                aggregator.check(least, self._f)
        except TooManyByzantine as error:
            raise TooManyByzantine(
                f"{error}; --protocol {self.name} asks it about {least} of {self._recipe.count}, "
                f"and --protocol-set can make that {self._recipe.count - self._f} at most"
            ) from error

    def limit(self, aggregator: Aggregator, actors: Actors) -> float | None:
        """Return `Aggregator.largest_spread`, the least of all actors; None if some are late."""
        if self.name != SYNCHRONOUS:
            return None
        limits = (aggregator.largest_spread(n, self._f) for _, n in self._asked_about(actors))
        return min((limit for limit in limits if limit is not None), default=None)

    def check_threats(self, updates: Lies | None, aggregator: Aggregator, actors: Actors) -> None:
        """Refuse threats to what one trusted server says, and losses that a rule cannot stand.

        Raises:
            InvalidConfig: servers are to lie, and there is but one.
            TooManyByzantine: more updates are expected to lose something than may lie.
        """
        if self.name == PEERS:
            assert isinstance(updates, UpdateThreats | None), "several groups are refused"
            self.among.listen(updates, aggregator, actors.size)
            self.server_lies = self.among.lies
            return
        threats = self._recipe.threats
        lies = () if threats is None else threats.at("server").threats
        if lies and not self.server_lies:
            raise InvalidConfig(
                f"{lies[0].kind} is a lie of replicated servers, and one trusted server trains "
                f"here; say --protocol {REPLICATED}, or {PEERS}"
            )
        if updates is not None:
            judge = self.name if self.name == "kardam" else aggregator
            learning = actors.members(self._recipe.contributors).T
            for actor, members in zip(actors.each, learning, strict=True):
                size = actor.networks.size
                check_losses(updates, judge, columns=size, f=self._f, members=members)

    def _asked_about(self, actors: Actors) -> list[tuple[Actor, int]]:
        """Return each actor, and how many contributors learn it."""
        members = actors.members(self._recipe.contributors).sum(axis=0).tolist()
        return list(zip(actors.each, members, strict=True))

    def _lies_of_servers(self) -> tuple[UpdateThreats, ...]:
        threats = self._recipe.threats
        if threats is None or not threats.at("server").threats:
            return ()
        names = [f"server_{index}" for index in range(self.replicated.servers)]
        return (UpdateThreats(threats.at("server"), contributors=names, seed=self._recipe.seed),)


def _delays(given: Any) -> Delays:
    if not isinstance(given, str | Mapping):
        raise InvalidConfig(
            f"delays are a name, such as {next(iter(_DELAYS))!r}, or a table with a kind, "
            f"got {given!r}"
        )
    table = {"kind": given} if isinstance(given, str) else dict(given)
    kind = table.pop("kind", None)
    if not isinstance(kind, str) or kind not in _DELAYS:
        raise InvalidConfig(f"no delays are called {kind!r}{did_you_mean(str(kind), _DELAYS)}")
    delays: Delays = from_dict(_DELAYS[kind], table, where="delays")
    return delays


def _refuse_learner(name: str, recipe: "Recipe") -> None:
    learner: GradientLearner = recipe.learner
    if recipe.who == "team":
        raise InvalidConfig(
            f"the members of a team live in one world and send updates together; --protocol {name} "
            "is for --contributors workers"
        )
    several = getattr(learner, "epochs", 1) > 1
    asks = learner.most_episodes is not None
    if name == PEERS:  # all throw the same coin, and nobody but a server plays on its own
        asks = type(learner).descent is not GradientLearner.descent
    rides = learner.own_riders or learner.normalise_observations
    if several or asks or rides:
        what = (
            "several epochs over a fragment" if several else
            "a server that asks for more" if asks else "riders behind the weights"
        )  # fmt: skip
        raise InvalidConfig(
            f"--protocol {name} takes one update for each fragment, and {recipe.agent} has {what}; "
            f"take gpomdp, reinforce or a2c{', or decbyzpg' if name == PEERS else ''}"
        )
