"""Two groups that set one key to different values are refused; one line says which."""

from itertools import combinations

import pytest

from still_verl.config_errors import ConfigError
from still_verl.integration.checks.groups import LAYERS, check_choices_of_groups, values_of
from still_verl.paths import recipes_dir

ACTOR = "actor_rollout_ref.actor"


@pytest.mark.parametrize(
    ("first", "second", "said"),
    [
        (
            {"still/clip": "higher"},
            {"still/loss": "gspo"},
            f"still/clip=higher and still/loss=gspo both set {ACTOR}.clip_ratio_high, to 0.28 and 0.0004: choose one "
            f"of the two, or say which value you want with {ACTOR}.clip_ratio_high=VALUE",
        ),
        ({"/still/loss": "token_mean"}, {"still/advantage": "dr_grpo"}, f"both set {ACTOR}.loss_agg_mode"),
        ({"still/clip": "prorl"}, {"still/loss": "dppo_tv"}, f"both set {ACTOR}.clip_ratio_high"),
    ],
)
def test_two_groups_that_disagree(first: dict[str, str], second: dict[str, str], said: str) -> None:
    with pytest.raises(ConfigError) as error:
        check_choices_of_groups(first | second, set())
    assert said in str(error.value)


def test_a_value_of_the_users_own_settles_it() -> None:
    choices = {"still/clip": "higher", "still/loss": "cispo"}
    check_choices_of_groups(choices, {f"{ACTOR}.clip_ratio_low", f"{ACTOR}.clip_ratio_high"})


def test_groups_that_agree_or_have_nothing_in_common() -> None:
    check_choices_of_groups({"still/clip": "symmetric", "still/loss": "token_mean", "still/kl": "cosine"}, set())
    check_choices_of_groups({"still/clip": "higher", "still/loss": "inherit"}, set())
    check_choices_of_groups({"still/mine": "of_the_users_own", "db": "mysql", "still/loss": "gspo"}, set())


def test_a_layer_may_win_in_silence() -> None:
    check_choices_of_groups({"still/scale": "tiny", "still/rollouts": "n_64", "still/batch": "prompts_1024"}, set())


def test_choices_of_the_older_groups_are_never_refused() -> None:
    """Any two of them may stand beside each other, as they always could."""
    later = {"clip", "loss", "advantage", "correction"}
    files = [path for path in (recipes_dir() / "still").glob("*/*.yaml") if path.parent.name not in LAYERS | later]
    for one, other in combinations(files, 2):
        if one.parent != other.parent:
            assert not values_of(one).keys() & values_of(other).keys(), (one, other)
