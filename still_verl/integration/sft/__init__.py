"""Supervised training by verl's own SFT trainer, on rows whose every token has a known writer.

`dataset` has the class that `data.custom_cls` names; `checks` has what must hold before a job starts, for the Hydra
callback of the recipes; `train` opens the process group and calls upstream's trainer, also without an accelerator.

The checkpoints have the model in transformers' format, so that RL loads them as they are.

Rows are made by `still_verl/demonstrations`, which needs neither verl nor torch: what `still-verl data show-mask`
prints is what is trained on. On accelerators upstream's own entry does, `torchrun -m verl.trainer.sft_trainer`.
"""
