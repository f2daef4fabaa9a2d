"""Archives of SB3: their parameters are read, and the code in them is not run."""

import io
import json
import pickle
import zipfile

import numpy as np
import pytest
import torch
from stable_baselines3 import DQN, PPO, SAC

from rallypoint.agents.sb3.archives import load_archive
from rallypoint.agents.sb3.saved import policy_for
from rallypoint.envs.views.sb3 import Sb3View
from rallypoint.errors import InvalidConfig, UnreadableFile
from tests.agents.sb3.every_algorithm import world
from tests.envs.views.worlds import Match, Schedule, Teams

NET = {"net_arch": [8]}


def archived(path, kind=PPO, env=None, **policy_kwargs):
    view = Sb3View(Match() if env is None else env)
    sizes = {"n_steps": 32} if kind is PPO else {"buffer_size": 10}
    model = kind(
        "MlpPolicy", view, seed=0, device="cpu", policy_kwargs=NET | policy_kwargs, **sizes
    )
    model.save(path)
    return model


def rewritten(path, change=None, **members):
    """Write an archive anew, with other members, and with changes of its plain text."""
    with zipfile.ZipFile(path) as archive:
        content = {name: archive.read(name) for name in archive.namelist()}
    if change is not None:
        content["data"] = json.dumps(json.loads(content["data"]) | change).encode()
    content |= {name.replace("_pth", ".pth"): value for name, value in members.items()}
    with zipfile.ZipFile(path, "w") as archive:
        for name, value in content.items():
            if value is not None:
                archive.writestr(name, value)


@pytest.mark.parametrize(
    ("kind", "name", "make"),
    [(PPO, "PPO", Match), (DQN, "DQN", Match), (SAC, "SAC", lambda: world("SAC"))],
    ids=["PPO", "DQN", "SAC"],
)
def test_a_policy_acts_as_it_did(kind, name, make, tmp_path):
    path = tmp_path / "model.zip"
    theirs = archived(path, kind, make())
    model, group = load_archive(path, make(), f"sb3:{name}")
    seen = np.random.default_rng(0).random((20, 3), dtype=np.float32)
    np.testing.assert_array_equal(
        model.predict(seen, deterministic=True)[0], theirs.predict(seen, deterministic=True)[0]
    )
    assert policy_for(make(), model, group).outputs({"agents": seen[:, None]}).shape[:2] == (20, 1)


def test_the_shape_of_networks_is_read_where_it_is_told_in_words(tmp_path):
    path = tmp_path / "model.zip"
    archived(path, activation_fn=torch.nn.ReLU, net_arch=[4, 4])
    assert b":serialized:" in zipfile.ZipFile(path).read("data")
    model, _ = load_archive(path, Match(), "sb3:PPO")
    assert model.policy.activation_fn is torch.nn.ReLU
    assert model.policy.net_arch == [4, 4]


class Crafted:
    """Writes a file where it is unpickled."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return open, (str(self.path), "w")


def test_a_crafted_archive_runs_code_in_sb3_and_none_here(tmp_path):
    import base64

    path, trace = tmp_path / "model.zip", tmp_path / "trace"
    archived(path)
    payload = base64.b64encode(pickle.dumps(Crafted(trace))).decode()
    rewritten(path, {"ep_info_buffer": {":type:": "x", ":serialized:": payload}})
    load_archive(path, Match(), "sb3:PPO")
    assert not trace.exists()
    PPO.load(path, device="cpu").ep_info_buffer.close()
    assert trace.exists()


def test_crafted_parameters_are_refused(tmp_path):
    path, trace = tmp_path / "model.zip", tmp_path / "trace"
    archived(path)
    content = io.BytesIO()
    torch.save({"action_net.bias": Crafted(trace)}, content)
    rewritten(path, policy_pth=content.getvalue())
    with pytest.raises(UnreadableFile, match="holds no plain tensors"):
        load_archive(path, Match(), "sb3:PPO")
    assert not trace.exists()


def test_what_is_pickled_only_must_be_said_or_trusted(tmp_path):
    path = tmp_path / "model.zip"
    archived(path, features_extractor_class=Extractor)
    with pytest.raises(
        UnreadableFile, match=r"policy_kwargs pickled.*run whatever code.*trust=True"
    ):
        load_archive(path, Match(), "sb3:PPO")
    said = {"policy_kwargs": NET | {"features_extractor_class": Extractor}}
    model, _ = load_archive(path, Match(), "sb3:PPO", settings=said)
    assert type(model.policy.features_extractor) is Extractor
    trusted, _ = load_archive(path, Match(), "sb3:PPO", trust=True)
    assert type(trusted.policy.features_extractor) is Extractor


class Extractor(torch.nn.Flatten):
    """Somebody's own part of a network."""

    features_dim = 3

    def __init__(self, space):
        super().__init__()


def test_a_trusted_archive_of_another_space_or_kind_is_refused(tmp_path):
    path = tmp_path / "model.zip"
    archived(path)
    with pytest.raises(UnreadableFile, match=r"is for Discrete\(3\), and group 'agents' has Discr"):
        load_archive(path, Schedule(), "sb3:PPO", trust=True)
    with pytest.raises(UnreadableFile, match=r"cannot be read by sb3:SAC"):
        load_archive(path, world("SAC"), "sb3:SAC", trust=True)


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (Schedule, "for another action space than Discrete"),
        (lambda: world("SAC"), r"for another action space than Box"),
    ],
    ids=["fewer actions", "other actions"],
)
def test_archives_of_another_space_are_refused(make, says, tmp_path):
    path = tmp_path / "model.zip"
    archived(path)
    env = make()
    name = "sb3:PPO"
    with pytest.raises(UnreadableFile, match=says):
        load_archive(path, env, name)


def test_archives_of_another_algorithm_are_refused(tmp_path):
    path = tmp_path / "model.zip"
    archived(path)
    with pytest.raises(UnreadableFile, match="holds no DQNPolicy for what is seen and done here"):
        load_archive(path, Match(), "sb3:DQN")


@pytest.mark.parametrize("damage", ["missing", "empty", "cut", "noise", "no policy", "no data"])
def test_damaged_and_foreign_archives_are_refused(damage, tmp_path):
    path = tmp_path / "model.zip"
    archived(path)
    whole = path.read_bytes()
    match damage:
        case "missing":
            path.unlink()
        case "empty":
            path.write_bytes(b"")
        case "cut":
            path.write_bytes(whole[: len(whole) // 2])
        case "noise":
            rewritten(path, policy_pth=b"\x80" * 500)
        case "no policy":
            rewritten(path, policy_pth=None)
        case "no data":
            rewritten(path, data=b"[1, 2]")
    with pytest.raises(UnreadableFile, match=r"model\.zip"):
        load_archive(path, Match(), "sb3:PPO")


def test_an_archive_that_unfolds_into_too_much_is_refused(tmp_path):
    path = tmp_path / "model.zip"
    archived(path)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("data", b"{}")
        archive.writestr("policy.pth", bytes(10**7))
    with pytest.raises(UnreadableFile, match=r"or over \d+ bytes of them"):
        load_archive(path, Match(), "sb3:PPO")


def test_several_groups_need_a_choice(tmp_path):
    path = tmp_path / "model.zip"
    archived(path)
    with pytest.raises(InvalidConfig, match="group="):
        load_archive(path, Teams(), "sb3:PPO")
