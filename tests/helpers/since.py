"""The numbers of recipes that became standard since the study, each with its source, as in `study`.

J is JustRL (arXiv 2512.16649) by table or section; D is DAPO's published script, recipe/dapo/run_dapo_qwen2.5_32b.sh at
volcengine/verl 03150d4, and P its paper (arXiv 2503.14476) by section.
"""

from study import Numbers

_ACTOR, _OPTIM, _ROLLOUT = "actor_rollout_ref.actor", "actor_rollout_ref.actor.optim", "actor_rollout_ref.rollout"
_GRPO_WITHOUT_KL: Numbers = {
    "algorithm.adv_estimator": ("grpo", "J table 2; D"),
    "algorithm.use_kl_in_reward": (False, "J table 2; D"),
    f"{_ACTOR}.use_kl_loss": (False, "J table 2; D"),
    f"{_ACTOR}.entropy_coeff": (0, "J table 2; D"),
    f"{_ACTOR}.clip_ratio_low": (0.2, "J table 2; D"),
    f"{_ACTOR}.clip_ratio_high": (0.28, "J table 2; D"),
    f"{_ACTOR}.loss_agg_mode": ("token-mean", "verl's default; D: use_token_level_loss"),
    f"{_ACTOR}.policy_loss.loss_mode": ("vanilla", "J; D"),
    f"{_OPTIM}.lr": (1e-6, "J table 2; D"),
    f"{_ROLLOUT}.temperature": (1.0, "J table 2; D"),
}

SINCE: dict[str, Numbers] = {
    "justrl_1_5b": _GRPO_WITHOUT_KL
    | {
        "data.train_batch_size": (256, "J table 2"),
        "data.max_prompt_length": (1024, "J table 2"),
        "data.max_response_length": (15360, "J table 2: 15k"),
        f"{_ACTOR}.ppo_mini_batch_size": (64, "J table 2"),
        f"{_OPTIM}.lr_scheduler_type": ("constant", "J table 2"),
        f"{_ROLLOUT}.n": (8, "J table 2"),
        "still.reward.preset": ("boxed", "J section 3: binary outcome"),
        "prompt": ("step_by_step", "J section 3: the suffix of the prompt"),
        "algorithm.filter_groups.enable": (False, "J section 3: no dynamic sampling"),
        "actor_rollout_ref.model.path": ("deepseek-ai/DeepSeek-R1-Distill-Qwen-1.5B", "J section 3"),
        "trainer.nnodes": (4, "J section 3: 32 A800-80G"),
        f"{_ROLLOUT}.val_kwargs.temperature": (0.7, "J section 4"),
        f"{_ROLLOUT}.val_kwargs.top_p": (0.9, "J section 4"),
    },
    "dapo_32b": _GRPO_WITHOUT_KL
    | {
        "data.train_batch_size": (512, "D: train_prompt_bsz"),
        "data.max_prompt_length": (2048, "D"),
        "data.max_response_length": (20480, "D"),
        "data.truncation": ("left", "D"),
        f"{_ACTOR}.ppo_mini_batch_size": (32, "D: train_prompt_mini_bsz"),
        f"{_ACTOR}.ppo_max_token_len_per_gpu": (22528, "D: actor_ppo_max_token_len"),
        f"{_ACTOR}.ulysses_sequence_parallel_size": (8, "D: sp_size"),
        f"{_ACTOR}.grad_clip": (1.0, "D"),
        f"{_ACTOR}.fsdp_config.param_offload": (True, "D: offload"),
        f"{_ACTOR}.fsdp_config.optimizer_offload": (True, "D: offload"),
        f"{_OPTIM}.lr_warmup_steps": (10, "D"),
        f"{_OPTIM}.weight_decay": (0.1, "D"),
        f"{_ROLLOUT}.n": (16, "D: n_resp_per_prompt"),
        f"{_ROLLOUT}.tensor_model_parallel_size": (4, "D: gen_tp"),
        f"{_ROLLOUT}.gpu_memory_utilization": (0.8, "D"),
        f"{_ROLLOUT}.val_kwargs.n": (1, "D"),
        f"{_ROLLOUT}.val_kwargs.temperature": (1.0, "D"),
        "algorithm.filter_groups.enable": (True, "D"),
        "algorithm.filter_groups.metric": ("acc", "D"),
        "still.reward.preset": ("overlong", "D: overlong_buffer"),
        "still.reward.overlong_buffer": (4096, "D: overlong_buffer_len"),
        "actor_rollout_ref.model.path": ("Qwen/Qwen2.5-32B", "D"),
        "trainer.nnodes": (16, "D"),
        "trainer.total_training_steps": (320, "P figure 1: 5,000 updates, of which a step makes 16"),
    },
}
