"""The manner of a training among peers, checked before anything is played."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from rallypoint.agents.gradient.peer_rounds import PeerRounds
from rallypoint.agents.gradient.server import Server
from rallypoint.agents.rounds.asking import Asking
from rallypoint.agents.rounds.hearsay import Hearsay
from rallypoint.agents.rounds.mixing import rule_of
from rallypoint.agents.rounds.peer_to_peer import Run
from rallypoint.agents.rounds.protocols.peers import Peers
from rallypoint.config import from_dict
from rallypoint.errors import InvalidConfig
from rallypoint.safety.aggregation import Aggregator
from rallypoint.safety.updates import UpdateThreats
from rallypoint.safety.updates.losses import check_losses

if TYPE_CHECKING:
    from rallypoint.agents.gradient.recipe import Recipe

_IDLE = "mean"  # an aggregator that nobody has asked for


class AmongPeers:
    """How peers go about it, and what they hear of each other."""

    def __init__(self, settings: Mapping[str, Any], recipe: "Recipe", *, f: int) -> None:
        """Read the settings of the protocol; f and the number of peers are known already.

        Raises:
            InvalidConfig: what cannot be meant.
            TooManyByzantine: so many cannot be tolerated.
        """
        for name, flag in (("f", "--byzantine"), ("contributors", "--workers")):
            if name in settings:
                raise InvalidConfig(f"{name} of --protocol-set is known already; say it by {flag}")
        own = {"f": f, "contributors": recipe.count, **settings}
        self.protocol = from_dict(Peers, own, where="--protocol-set")
        self._recipe = recipe
        self._hearsay = Hearsay(self.protocol)

    @property
    def lies(self) -> tuple[UpdateThreats, ...]:
        """Threats to servers, as every peer is one: to updates if they are sent, to parameters."""
        return self._hearsay.servers

    def check(self, aggregator: Aggregator) -> None:
        """Refuse an aggregator that would not be asked, or could not answer."""
        protocol = self.protocol
        if protocol.updates == "own":
            if aggregator.name != _IDLE:
                raise InvalidConfig(
                    f"peers step along updates of their own, and {aggregator.name} would have "
                    "none to combine; say --protocol-set updates=shared, or leave out --aggregator"
                )
            return
        aggregator.check(protocol.contributors, protocol.f)

    def listen(self, updates: UpdateThreats | None, aggregator: Aggregator, columns: int) -> None:
        """Let them hear what threats make of messages.

        Raises:
            InvalidConfig: lies of those who send nothing.
            TooManyByzantine: more messages are expected to lose something than may lie.
        """
        recipe, protocol = self._recipe, self.protocol
        servers = None if recipe.threats is None else recipe.threats.at("server")
        self._hearsay = Hearsay(protocol, updates, servers, seed=recipe.seed)
        if updates is not None and protocol.sends:
            rule = aggregator if protocol.sends[0] == "update" else rule_of(protocol.mixing)
            check_losses(updates, rule, columns=columns, f=protocol.f)

    def rounds(self, server: Server, delivery: Asking) -> PeerRounds:
        """Return rounds among peers; the server has a row for each."""
        recipe = self._recipe
        run = Run(self.protocol, server, self._hearsay)
        actors = recipe.actors(recipe.world([0]))
        return PeerRounds(delivery, actors.only.networks, run, recipe.learner.contribution)
