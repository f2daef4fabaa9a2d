"""A gridworld as it is defined, one copy and one agent after another: nothing here is fast."""

from rallypoint.envs.gridworlds.task import FLOOR, MOVES, WALL

BUILT_IN = {"#": WALL, " ": FLOOR, ".": FLOOR}


class Reference:
    """One copy of a task, on a map that is given."""

    def __init__(self, task, number, actions):
        self.task, self.map, self.actions = task, task.maps[number], actions
        self.known = BUILT_IN | dict(task.tiles)
        rows = self.map.rows
        begins = {
            character: (r, c)
            for r, row in enumerate(rows)
            for c, character in enumerate(row)
            if character in "A0123456789"
        }
        self.at = [begins[name] for name in sorted(begins)]  # None once gone
        self.up, self.moves, self.time = set(), self.map.moves, 0

    def tile(self, place, up):
        row, column = place
        rows = self.map.rows
        if not (0 <= row < len(rows) and 0 <= column < len(rows[0])):
            return "#", WALL
        character = rows[row][column]
        if character == " " or character in "A0123456789":
            character = self.map.floor
        tile = self.known[character]
        return (" ", FLOOR) if tile.until in up else (character, tile)

    def beside(self, place, action):
        name = self.actions[action].removeprefix("push_")
        down, right = MOVES.get(name, (0, 0))
        there = place[0] + down, place[1] + right
        return place if self.tile(there, self.up)[1].is_wall else there

    def step(self, actions):
        """Return rewards, performance and who is terminated."""
        stood, blocking = list(self.at), list(self.at)
        for agent, action in enumerate(actions):
            if blocking[agent] is None:
                continue
            there = self.beside(self.at[agent], action)
            if there in blocking and self.actions[action].startswith("push_"):
                shoved, beyond = blocking.index(there), self.beside(there, action)
                if shoved != agent and beyond not in blocking:
                    self.at[shoved] = blocking[shoved] = beyond
            if there not in blocking:
                self.at[agent] = blocking[agent] = there
            for other, place in enumerate(blocking):
                if place is not None and self.tile(place, self.up)[1].ends:
                    blocking[other] = None
        return self.paid(actions, stood)

    def paid(self, actions, stood):
        rewards, performance, terminated, risen = [], [], [], set()
        self.costs = [False] * len(actions)
        for agent, action in enumerate(actions):
            if stood[agent] is None:
                rewards.append(0.0), performance.append(0.0), terminated.append(False)
                continue
            _, tile = self.tile(self.at[agent], self.up)
            pay = self.task.step_reward
            if self.actions[action].startswith("push_"):
                pay += self.task.pushes[self.actions[action].removeprefix("push_")]
            worth = tile.reward
            if tile.is_coin:
                worth *= self.task.decay**self.time
                for flag in self.up:
                    worth *= 1 - self.task.tolls.get(flag, 0.0)
            self.costs[agent] = tile.is_hazard
            rewards.append(pay + worth)
            performance.append(pay + (worth if tile.performance is None else tile.performance))
            terminated.append(tile.ends)
            risen |= {tile.sets} - {None} - self.up
        self.up |= risen
        self.time += 1
        if self.moves is not None:
            given = {tile.sets: tile.moves for tile in self.known.values() if tile.moves}
            self.moves += sum(given.get(flag, 0) for flag in risen) - 1
            if self.moves == 0:
                terminated = [place is not None for place in stood]
        self.at = [None if over else at for over, at in zip(terminated, self.at, strict=True)]
        return rewards, performance, terminated

    def who_is_in(self, region):
        inside = []
        for place in self.at:
            character, tile = self.tile(place, self.up) if place else (" ", FLOOR)
            inside.append(tile.is_region and (tile.looks or character) == region)
        return inside
