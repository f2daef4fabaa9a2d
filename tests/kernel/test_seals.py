"""Seals of manifests: of all that they say, and of nothing else."""

import json

from hypothesis import given
from hypothesis import strategies as st

from rallypoint.seals import seal_of, seals_in

plain = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=8,
)
manifests = st.dictionaries(st.text(max_size=5), plain, max_size=5)


@given(manifest=manifests, other=manifests)
def test_a_seal_is_of_all_that_is_said_whatever_the_order(manifest, other):
    turned = dict(reversed(list(manifest.items())))
    assert seal_of(turned) == seal_of(manifest)
    assert seal_of(json.loads(json.dumps(manifest, indent=3))) == seal_of(manifest)
    assert (seal_of(manifest) == seal_of(other)) == (said_in(manifest) == said_in(other))


def said_in(manifest):
    """Return all but the seal, as text."""
    return json.dumps({k: v for k, v in manifest.items() if k != "seal"}, sort_keys=True)


def test_cells_that_are_broken_or_were_not_reached_have_no_seal(tmp_path):
    for name, content in {"a": '{"seal": "5ea1"}', "b": "{", "c": "[]", "d": '{"seal": 7}'}.items():
        (tmp_path / name).mkdir()
        (tmp_path / name / "manifest.json").write_text(content)
    assert seals_in(tmp_path, ["a", "b", "c", "d", "e"]) == {"a": "5ea1"}
