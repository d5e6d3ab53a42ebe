"""The canvas's tables know at each moment where everything is, whatever was asked before."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from nnstudio.ui.canvas.node_table import NodeTable

SIZE = (160.0, 64.0)
SPOTS = st.tuples(st.integers(-40, 40).map(lambda n: 90.0 * n), st.integers(-40, 40).map(lambda n: 50.0 * n))
NAMES = st.sampled_from([f"n{at}" for at in range(12)])
DEEDS = st.one_of(
    st.tuples(st.just("put"), NAMES, SPOTS),
    st.tuples(st.just("move"), NAMES, SPOTS),
    st.tuples(st.just("remove"), NAMES, SPOTS),
    st.tuples(st.just("ask"), NAMES, SPOTS),
)


@given(st.lists(DEEDS, max_size=40))
@settings(max_examples=60)
def test_nodes_are_found_where_they_stand_after_every_change(deeds: list[tuple[str, str, tuple[float, float]]]) -> None:
    table, shown = NodeTable(), dict[str, tuple[float, float]]()
    for deed, id, at in deeds:
        if deed == "put":
            table.put([id], [at], [SIZE], [0])
            shown[id] = at
        elif deed == "move" and id in shown:
            table.move({id: at})
            shown[id] = at
        elif deed == "remove":
            table.remove([id])
            shown.pop(id, None)
        box = at[0] - 300.0, at[1] - 200.0, at[0] + 300.0, at[1] + 200.0
        there = {
            each: (x, y)
            for each, (x, y) in shown.items()
            if abs(x - at[0]) < 300.0 + SIZE[0] / 2 and abs(y - at[1]) < 200.0 + SIZE[1] / 2
        }
        assert table.heights(box) == {(y - SIZE[1] / 2, y + SIZE[1] / 2) for _, y in there.values()}
        assert {table.ids[row] for row in table.inside(box).tolist()} == set(there)
