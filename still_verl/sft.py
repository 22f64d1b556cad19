"""Supervised training with a recipe: `python -m still_verl.sft +recipe=sft_tiny data.train_files=FILE`.

The same as `torchrun -m verl.trainer.sft_trainer +recipe=...`, and it also runs without an accelerator.
"""

if __name__ == "__main__":
    from still_verl.integration.sft.train import main

    main()
