"""The order of upstream's statements, on which our hooks rely and which no name or signature shows.

`make upgrade` checks it in another verl too, and shows what else has changed in these functions.
"""

import ast
import difflib
import importlib
import inspect
import textwrap
from collections.abc import Sequence
from operator import attrgetter

import pytest

TRAINER = "verl.trainer.ppo.v1.trainer_base:PPOTrainer"
SEPARATE = "verl.trainer.ppo.v1.trainer_separate_async:PPOTrainerSeparateAsync"
FSDP = "verl.workers.engine.fsdp.transformer_impl"
HANDLE = "torch.distributed.fsdp._flat_param:FlatParamHandle"

# name -> (what of ours relies on it, parts of statements in their order)
ORDER: dict[str, tuple[str, list[str]]] = {
    f"{TRAINER}._setup": (
        "a checkpoint keeps how many steps the run has, which are counted before one is loaded",
        ["self._init_dataloader()", "self._init_resource_pool_mgr()", "self._load_checkpoint()"],
    ),
    f"{TRAINER}.fit": (
        "on_update comes before the checkpoint, on_metrics before a step's samples are cleared",
        [
            "self.on_step_begin()",
            "self.step(metrics",
            "self._save_checkpoint()",
            "self.on_step_end()",
            "self._compute_metrics(batch",
            "tq.kv_clear(keys=batch.keys",
            "self.logger.log(data=metrics",
        ],
    ),
    f"{TRAINER}.step": (
        "EmptyStep stands for one mini-batch, and snapshots are taken by its number",
        ["self.local_trigger_step = trigger_idx", "self._step_once(", "KVBatchMeta("],
    ),
    f"{TRAINER}._step_once": (
        "selection acts in _balance_batch: after rewards, before anything is computed for a sample",
        [
            "self.replay_buffer.sample(",
            "self._compute_reward_colocate(",
            "self._balance_batch(",
            "self._compute_old_log_prob(",
            "self._compute_ref_log_prob(",
            "self._compute_values(",
            "self._compute_advantage(",
            "self._update_critic(",
            "self._update_actor(",
        ],
    ),
    f"{TRAINER}._balance_batch": (
        "a batch is padded after selection, and balanced after padding",
        ["upsample_batch_to_divisible_size(", "get_seqlen_balanced_partitions(", "batch.reorder("],
    ),
    f"{TRAINER}._validate": (
        "the samples of on_validation are those that were last logged",
        ["self._maybe_log_val_generations(", "return self._val_metrics_update("],
    ),
    f"{TRAINER}._save_checkpoint": (
        "a checkpoint is named as the one to resume from when all of it is written",
        [
            "self.actor_rollout_wg.save_checkpoint(",
            "torch.save(self.train_dataloader.state_dict()",
            "latest_checkpointed_iteration.txt",
        ],
    ),
    f"{TRAINER}._load_checkpoint": (
        "the reference and the state of callbacks are loaded after the actor",
        ["self.global_steps = 0", "self.global_steps = int(", "self.actor_rollout_wg.load_checkpoint("],
    ),
    f"{SEPARATE}._compute_old_log_prob": (
        "the first mini-batch that selection leaves is the one that sets the weights aside",
        [
            "if self.local_trigger_step == 0:",
            "self.actor_rollout_wg.save_model_to_cpu(0)",
            "self.actor_rollout_wg.save_model_to_cpu(self.local_trigger_step)",
            "self.actor_rollout_wg.restore_model_from_cpu(0)",
            "super()._compute_old_log_prob(batch, metrics)",
            "self.actor_rollout_wg.restore_model_from_cpu(self.local_trigger_step)",
        ],
    ),
    f"{FSDP}:EngineEvalModeCtx.__exit__": (
        "integration/shards.py frees what a forward pass leaves gathered, since upstream seldom does",
        ["if self.engine.engine_config.fsdp_size > 1:", "self.engine.module._handle.reshard(True)"],
    ),
    f"{FSDP}:FSDPEngine._build_fsdp_module": (
        "checks/reference.py compares the settings by which actor and reference are sharded",
        ["get_fsdp_wrap_policy(", "get_sharding_strategy(", "use_orig_params=", "apply_fsdp2("],
    ),
    f"{HANDLE}.reshard": (
        "integration/shards.py writes into the sharded flat parameter and frees the gathered one",
        ["self._use_sharded_flat_param()", "if free_unsharded_flat_param:", "self._free_unsharded_flat_param()"],
    ),
}


def statements(thing: object) -> list[str]:
    """Return the lines of a function as Python writes them: without comments, docstring and line breaks of its own."""
    tree = ast.parse(textwrap.dedent(inspect.getsource(thing)))  # type: ignore[arg-type]
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef) and ast.get_docstring(node) is not None:
            node.body = node.body[1:] or [ast.Pass()]
    return [line.strip() for line in ast.unparse(tree).splitlines()]


def out_of_order(lines: Sequence[str], parts: Sequence[str]) -> str:
    """Say which part is not there, or not after the one before it; nothing if all are in their order."""
    after = -1
    for part in parts:
        found = [number for number, line in enumerate(lines) if part in line]
        if not found:
            return f"no longer has `{part}`"
        later = [number for number in found if number > after]
        if not later:
            return f"has `{part}` earlier than before"
        after = later[0]
    return ""


def changed(then: Sequence[str], now: Sequence[str], most: int = 6) -> str:
    """Show the first lines that are gone or new."""
    lines = [line for line in difflib.unified_diff(then, now, n=0, lineterm="") if line[:3] not in ("---", "+++")]
    lines = [line for line in lines if not line.startswith("@@")]
    more = len(lines) - most
    return "\n".join([*lines[:most], *([f"and {more} lines more"] if more > 0 else [])])


def resolve(name: str) -> object:
    module, _, qualname = name.partition(":")
    return attrgetter(qualname)(importlib.import_module(module))


@pytest.mark.parametrize("name", ORDER)
def test_statements_of_upstream_are_in_the_order_that_we_rely_on(name: str) -> None:
    ours, parts = ORDER[name]
    fault = out_of_order(statements(resolve(name)), parts)
    assert not fault, f"{name} {fault}; {ours}"


def step(self: object) -> None:
    """Train."""
    balance(  # noqa: F821
        1
    )
    update()  # noqa: F821  (after the balance)


def test_the_layout_of_code_does_not_count() -> None:
    assert statements(step) == ["def step(self: object) -> None:", "balance(1)", "update()"]


@pytest.mark.parametrize(
    ("parts", "fault"),
    [
        (["balance(", "update("], ""),
        (["update(", "balance("], "has `balance(` earlier than before"),
        (["balance(", "log("], "no longer has `log(`"),
    ],
)
def test_a_statement_that_moved_or_left_is_named(parts: list[str], fault: str) -> None:
    assert out_of_order(statements(step), parts) == fault


def test_a_change_is_shown_and_cut_where_it_is_long() -> None:
    assert changed(["a", "b"], ["a", "c"]) == "-b\n+c"
    assert changed([], list("abcdefgh"), most=2) == "+a\n+b\nand 6 lines more"
