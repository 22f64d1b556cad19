"""The numbers of the study, value by value with its source: what each recipe has to compose to.

P is the paper (arXiv 2503.04548) by section or table; S1 is `VERL-STILL/scripts/run_grpo.sh`, S2
`OpenRLHF-STILL/dpsk1_5b-1node-grpo.sh`; E is the released evaluation; F a figure; D a default of the framework that the
script leaves as it is. A number that the study has not, and that is ours, is in no table.
"""

from typing import Any

Numbers = dict[str, tuple[Any, str]]
_ACTOR, _OPTIM, _ROLLOUT = "actor_rollout_ref.actor", "actor_rollout_ref.actor.optim", "actor_rollout_ref.rollout"

# Section 3.1.2 states them; nothing is said of warm-up, decay and betas, so the script's framework decides.
BASELINE: Numbers = {
    "data.train_batch_size": (128, "P 3.1.2: TBS 128"),
    f"{_ACTOR}.ppo_mini_batch_size": (128, "P 3.1.2: on-policy, one update"),
    f"{_ACTOR}.ppo_epochs": (1, "S1"),
    f"{_ROLLOUT}.n": (8, "P 3.1.2"),
    f"{_ROLLOUT}.temperature": (1.0, "P 3.1.2"),
    f"{_ROLLOUT}.top_p": (1, "D of S1"),
    f"{_ROLLOUT}.top_k": (-1, "D of S1"),
    f"{_OPTIM}.lr": (1e-6, "P 3.1.2"),
    f"{_OPTIM}.lr_scheduler_type": ("constant", "S1"),
    f"{_OPTIM}.lr_warmup_steps_ratio": (0.0, "S1"),
    f"{_OPTIM}.weight_decay": (0.01, "D of S1"),
    f"{_OPTIM}.betas": ([0.9, 0.999], "D of S1"),
    f"{_OPTIM}.clip_grad": (1.0, "D of S1"),
    f"{_ACTOR}.clip_ratio": (0.2, "D of S1"),
    f"{_ACTOR}.loss_agg_mode": ("token-mean", "D of S1"),
    f"{_ACTOR}.entropy_coeff": (0, "P 3.1.2: entropy 0"),
    f"{_ACTOR}.use_kl_loss": (False, "P 3.1.2: KL 0"),
    "algorithm.use_kl_in_reward": (False, "P 3.1.2: KL 0"),
    "still.kl.kind": ("constant", "P 3.1.2: KL 0"),
    "still.kl.start": (0.0, "P 3.1.2: KL 0"),
    "algorithm.adv_estimator": ("grpo", "issue 31: GRPO"),
    "algorithm.norm_adv_by_std_in_grpo": (True, "D of S1"),
    "algorithm.gamma": (1.0, "D of S1"),
    "data.max_prompt_length": (1024, "S1"),
    "data.max_response_length": (8192, "S1"),
    "still.reward.preset": ("zero", "P 2: right and well formed"),
    "prompt": ("long", "P 3.1.2"),
    f"{_ROLLOUT}.val_kwargs.do_sample": (True, "P 2"),
    f"{_ROLLOUT}.val_kwargs.n": (8, "E: Zero runs"),
    f"{_ROLLOUT}.val_kwargs.temperature": (0.6, "P 2"),
    f"{_ROLLOUT}.val_kwargs.top_p": (0.95, "P 2"),
    "actor_rollout_ref.model.path": ("Qwen/Qwen2.5-7B", "P 3.1.2"),
    "trainer.total_training_steps": (500, "F 1d"),
    "trainer.save_freq": (20, "S1"),
    "trainer.test_freq": (5, "S1"),
}

_FIXED_KL: Numbers = {
    "still.kl.kind": ("constant", "P 4.3; S2: fixed controller"),
    "still.kl.start": (1e-3, "P 4.3"),
}
_COSINE_KL: Numbers = {
    f"{_ACTOR}.use_kl_loss": (True, "P 3.1.1; S1"),
    f"{_ACTOR}.kl_loss_type": ("low_var_kl", "S1: k3"),
    "still.kl.kind": ("cosine", "P 3.1.1"),
    "still.kl.place": ("loss", "S1"),
    "still.kl.start": (1e-3, "P 3.1.1"),
    "still.kl.end": (0.0, "P 3.1.1"),
    "still.kl.horizon": (500, "VERL-STILL dp_actor.py"),
}
_DISTILLED: Numbers = BASELINE | _FIXED_KL | {
    f"{_ACTOR}.ppo_mini_batch_size": (64, "P 4.3; S2: 512 of 1024 samples"),
    f"{_ACTOR}.ppo_epochs": (1, "S2"),
    f"{_ROLLOUT}.top_p": (1, "D of S2"),
    f"{_ROLLOUT}.top_k": (-1, "D of S2"),
    f"{_OPTIM}.lr": (2e-6, "P 4.3"),
    f"{_OPTIM}.lr_scheduler_type": ("constant", "S2: cosine over 10,000 episodes, of which a run sees the beginning"),
    f"{_OPTIM}.lr_warmup_steps_ratio": (0.0, "S2"),
    f"{_OPTIM}.weight_decay": (0.0, "S2: l2 0"),
    f"{_OPTIM}.betas": ([0.9, 0.95], "S2"),
    f"{_ACTOR}.clip_ratio": (0.2, "S2: eps_clip"),
    f"{_ACTOR}.loss_agg_mode": ("seq-mean-token-mean", "S2: of a sample, then of the batch"),
    "algorithm.gamma": (1.0, "S2"),
    "data.max_prompt_length": (1024, "S2"),
    "data.max_response_length": (32768, "E: 32,768 in validation"),
    "still.context.stages": ([[1, 29000]], "S2: generate_max_len"),
    "still.reward.preset": ("distill", "OpenRLHF-STILL server_dpsk_tuple.py: 1 and -1"),
    "prompt": ("bare", "P 4.3, table 6"),
    f"{_ROLLOUT}.val_kwargs.n": (5, "P table 5: 39.33 is 59 of 150"),
    "actor_rollout_ref.model.path": ("deepseek-ai/DeepSeek-R1-Distill-Qwen-1.5B", "P 4.3"),
    "trainer.total_training_steps": (240, "F of the preview"),
}  # fmt: skip
_32B: Numbers = BASELINE | {
    f"{_ROLLOUT}.n": (16, "P 3.2"),
    "actor_rollout_ref.model.path": ("Qwen/Qwen2.5-32B", "P 3.2"),
    f"{_ACTOR}.fsdp_config.param_offload": (True, "S1"),
    f"{_ACTOR}.fsdp_config.optimizer_offload": (True, "S1"),
    "actor_rollout_ref.ref.fsdp_config.param_offload": (True, "S1"),
    f"{_ACTOR}.use_dynamic_bsz": (True, "S1"),
    f"{_ROLLOUT}.gpu_memory_utilization": (0.7, "S1"),
    "trainer.nnodes": (4, "S1"),
    "trainer.n_gpus_per_node": (8, "S1"),
}

STUDY: dict[str, Numbers] = {
    "zero_7b_plain": BASELINE,
    "zero_7b_instruct": BASELINE | {"actor_rollout_ref.model.path": ("Qwen/Qwen2.5-7B-Instruct", "P 3.1.1")},
    "zero_1_5b": BASELINE
    | {
        "actor_rollout_ref.model.path": ("Qwen/Qwen2.5-1.5B", "P 3.1.2"),
        "prompt": ("short", "F 2: it cannot follow the long one"),
    },
    "zero_7b": BASELINE
    | _COSINE_KL
    | {
        "data.train_batch_size": (1024, "P table 1"),
        f"{_ACTOR}.ppo_mini_batch_size": (1024, "P table 1: on-policy"),
        f"{_ROLLOUT}.n": (64, "P table 1"),
        f"{_ROLLOUT}.temperature": (1.2, "P table 1"),
    },
    "zero_32b": _32B
    | {
        "data.max_response_length": (20480, "P 3.2: 8k to 20k"),
        "still.context.stages": ([[1, 8192], [300, 12288], [450, 20480]], "P 3.2: 8k to 20k; the steps are ours"),
        "trainer.total_training_steps": (640, "F 3"),
    },
    "zero_32b_script": _32B
    | _COSINE_KL
    | {
        f"{_OPTIM}.lr": (5e-7, "S1"),
        f"{_ROLLOUT}.tensor_model_parallel_size": (2, "S1"),
        f"{_ACTOR}.ppo_max_token_len_per_gpu": (20480, "S1"),
        "data.shuffle": (False, "S1: data_sort"),
        "trainer.total_epochs": (10000, "S1"),
        "trainer.val_before_train": (True, "S1"),
    },
    "still3_1_5b": _DISTILLED
    | {
        f"{_ACTOR}.use_kl_loss": (True, "P 3.1.1; 4.3 names no place"),
        f"{_ACTOR}.kl_loss_type": ("low_var_kl", "S1: k3; 4.3 names no estimator"),
        "still.kl.place": ("loss", "P 3.1.1; 4.3 names no place"),
    },
    "still3_1_5b_script": _DISTILLED
    | {
        "algorithm.use_kl_in_reward": (True, "S2"),
        "algorithm.kl_penalty": ("k1", "S2: k3 flag not set"),
        "still.kl.place": ("reward", "S2"),
        "still.reference.reset_every": (0, "OpenRLHF-STILL has no code for it"),
    },
}
