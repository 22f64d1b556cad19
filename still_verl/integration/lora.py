"""Whether a job trains an adapter (LoRA); upstream has three settings that ask for one."""

from omegaconf import DictConfig, OmegaConf

MODEL = "actor_rollout_ref.model"
RANKS = (f"{MODEL}.lora_rank", f"{MODEL}.lora.rank")
ADAPTER = f"{MODEL}.lora_adapter_path"


def lora_setting(config: DictConfig) -> str | None:
    """Return the setting that asks for an adapter, as `key=value`; None where none does."""
    for key in RANKS:
        rank = OmegaConf.select(config, key)
        if rank and rank > 0:
            return f"{key}={rank}"
    path = OmegaConf.select(config, ADAPTER)
    return None if path is None else f"{ADAPTER}={path}"
