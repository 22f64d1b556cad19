"""What must hold for any samples."""

from hypothesis import assume, given, settings
from hypothesis import strategies as st

from still_verl.stats.compare import compare
from still_verl.stats.summary import summarise

# Answers of one problem; "gold" is the right one, None is no answer.
answers = st.lists(st.sampled_from(["gold", "a", "b", None]), min_size=1, max_size=9)
models = st.dictionaries(st.integers(0, 9), answers, min_size=1, max_size=8)
Rows = list[tuple[str, int, bool, str | None]]


def rows_of(model: dict[int, list[str | None]]) -> Rows:
    rows = []
    for problem, given_answers in model.items():
        for answer in given_answers:
            rows.append(("b", problem, answer == "gold", answer))
    return rows


@given(models)
def test_figures_are_consistent(model: dict[int, list[str | None]]) -> None:
    figures = summarise(rows_of(model))["b"]
    low, high = figures["interval"]
    assert 0 <= low <= figures["avg"] <= high <= 1 and low < high
    assert abs(figures["pass"]["1"] - figures["avg"]) < 1e-12
    assert abs(figures["pass_all"]["1"] - figures["avg"]) < 1e-12
    if any(answer for given_answers in model.values() for answer in given_answers):
        assert abs(figures["maj"]["1"] - figures["avg"]) < 1e-12
    for k, value in figures["pass"].items():
        share = figures["maj"][k]
        assert figures["pass_all"][k] - 1e-12 <= value <= 1
        assert share is None or figures["pass_all"][k] - 1e-12 <= share <= value + 1e-12


@given(st.integers(2, 9), st.data())
def test_pass_at_k_rises_and_pass_all_falls(k: int, data: st.DataObject) -> None:
    """With as many samples of every problem: where some have fewer, each k is of other problems."""
    same = st.lists(st.sampled_from(["gold", "a", None]), min_size=k, max_size=k)
    figures = summarise(rows_of(data.draw(st.dictionaries(st.integers(0, 5), same, min_size=1))))["b"]
    rising = list(figures["pass"].values())
    falling = list(figures["pass_all"].values())
    assert rising == sorted(rising) and falling == sorted(falling, reverse=True)


@given(models, st.randoms())
def test_neither_order_nor_labels_matter(model: dict[int, list[str | None]], random: object) -> None:
    rows = rows_of(model)
    renamed = [("b", problem, correct, answer and f"x{answer}") for problem, correct, answer in (r[1:] for r in rows)]
    random.shuffle(renamed)  # type: ignore[attr-defined]
    ours, theirs = summarise(rows)["b"], summarise(renamed)["b"]
    for name in ("avg", "stderr"):
        assert ours[name] is None or abs(ours[name] - theirs[name]) < 1e-12
    for k, share in ours["maj"].items():
        assert share is None or abs(share - theirs["maj"][k]) < 1e-12


@settings(max_examples=50)
@given(models, models)
def test_a_comparison_is_the_same_from_both_sides(ours: dict[int, list], theirs: dict[int, list]) -> None:
    assume(ours.keys() & theirs.keys())
    there = compare(rows_of(ours), rows_of(theirs))["b"]
    back = compare(rows_of(theirs), rows_of(ours))["b"]
    assert abs(there.difference + back.difference) < 1e-12
    assert abs(there.p - back.p) < 1e-12 and abs(there.p_equal - back.p_equal) < 1e-12
    assert {there.verdict, back.verdict} in ({"better", "worse"}, {there.verdict})
    low, high = there.interval
    assert low <= there.difference <= high and there.p <= there.p_conservative
