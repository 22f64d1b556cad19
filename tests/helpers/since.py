"""The numbers of recipes that became standard since the study, each with its source, as in `study`.

J is JustRL (arXiv 2512.16649) by table or section; D is DAPO's published script, recipe/dapo/run_dapo_qwen2.5_32b.sh at
volcengine/verl 03150d4, and P its paper (arXiv 2503.14476) by section. R is ProRL (arXiv 2505.24864), section 3.3 where
nothing else is said, and R2 the authors' second paper (arXiv 2507.12507). C is ScaleRL (arXiv 2510.13786) by section.

For R, R2 and C we know no published script to compare with. A second look found only what others write of them, which
confirms: of R clip_ratio 0.2 and 0.4, a KL, a reference that is replaced, over 2,000 steps; of C CISPO, PipelineRL with
k = 8, the zero-variance filter, advantages normalised over the batch. The other numbers of these two were read once.
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
        "algorithm.filter_groups.max_num_gen_batches": (10, "D"),
        "still.reward.preset": ("overlong", "D: overlong_buffer"),
        "still.reward.overlong_buffer": (4096, "D: overlong_buffer_len"),
        "actor_rollout_ref.model.path": ("Qwen/Qwen2.5-32B", "D"),
        "trainer.nnodes": (16, "D"),
        "trainer.total_training_steps": (320, "P figure 1: 5,000 updates, of which a step makes 16"),
    },
    "prorl_1_5b": {
        "algorithm.adv_estimator": ("grpo", "R section 2"),
        "algorithm.use_kl_in_reward": (False, "R section 2.3: in the loss"),
        f"{_ACTOR}.use_kl_loss": (True, "R section 2.3"),
        "still.kl.kind": ("constant", "R section 2.3"),
        "still.kl.start": (1e-4, "R2"),
        f"{_ACTOR}.entropy_coeff": (0, "verl's default; R section 2.2 prefers a KL to an entropy bonus"),
        f"{_ACTOR}.clip_ratio_low": (0.2, "R"),
        f"{_ACTOR}.clip_ratio_high": (0.4, "R"),
        f"{_ACTOR}.loss_agg_mode": ("token-mean", "R section 2.2: as DAPO"),
        f"{_ACTOR}.policy_loss.loss_mode": ("vanilla", "R section 2"),
        f"{_ACTOR}.ppo_mini_batch_size": (64, "R"),
        f"{_OPTIM}.lr": (2e-6, "R"),
        f"{_OPTIM}.lr_scheduler_type": ("constant", "R"),
        "data.train_batch_size": (256, "R"),
        f"{_ROLLOUT}.n": (16, "R"),
        f"{_ROLLOUT}.temperature": (1.2, "R"),
        f"{_ROLLOUT}.max_model_len": (8096, "R: the context window"),
        "algorithm.filter_groups.enable": (True, "R section 2.2"),
        "algorithm.filter_groups.metric": ("acc", "R section 2.2: accuracy of 0 or 1"),
        "actor_rollout_ref.model.path": ("deepseek-ai/DeepSeek-R1-Distill-Qwen-1.5B", "R"),
        "trainer.nnodes": (4, "R: 4 nodes"),
        "trainer.n_gpus_per_node": (8, "R: of 8 H100-80G"),
        "trainer.total_training_steps": (2000, "R abstract: over 2,000 steps"),
    },
    "scalerl": {
        "algorithm.adv_estimator": (
            "reinforce_plus_plus_baseline",
            "C section 4: less the group's mean, by the batch's",
        ),
        "algorithm.use_kl_in_reward": (False, "C section 2: no KL"),
        f"{_ACTOR}.use_kl_loss": (False, "C section 2: no KL"),
        f"{_ACTOR}.entropy_coeff": (0, "verl's default"),
        f"{_ACTOR}.policy_loss.loss_mode": ("cispo", "C section 3.2"),
        f"{_ACTOR}.ppo_mini_batch_size": (48, "C section 2: an update for 768 completions"),
        "algorithm.rollout_correction.bypass_mode": (True, "C section 2: the ratio is to the generator's"),
        f"{_ROLLOUT}.calculate_log_probs": (True, "C section 2: the ratio is to the generator's"),
        f"{_ROLLOUT}.n": (16, "C section 2"),
        f"{_ROLLOUT}.max_model_len": (16384, "C section 2"),
        f"{_ROLLOUT}.val_kwargs.n": (16, "C section 2.1: mean of 16"),
        "data.train_batch_size": (48, "C section 2"),
        "data.max_prompt_length": (2048, "C section 2"),
        "data.max_response_length": (14336, "C section 2: 12,288 and 2,048"),
        "still.reward.preset": ("distill", "C section 2.1: 1 or -1"),
        "still.selection.rules": (["accuracy"], "C section 3.2: zero-variance filtering"),
        "still.selection.accuracy": ([0.001, 0.999], "C section 3.2: zero-variance filtering"),
        "algorithm.filter_groups.enable": (False, "C section 3.2: nothing takes their place"),
        "trainer.v1.trainer_mode": ("still_separate_async", "C section 3.1: PipelineRL"),
        "trainer.v1.separate_async.parameter_sync_step": (1, "C section 3.1: weights after each update"),
        "trainer.v1.sampler.max_off_policy_threshold": (8, "C section 3.1: k = 8"),
        "trainer.v1.sampler.max_off_policy_strategy": ("wait", "C section 3.1: the trainer waits"),
        "trainer.test_freq": (100, "C section 2.1"),
    },
}
