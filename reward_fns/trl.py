r"""For TRL and not verl: 1 when the answer in the last `\boxed{}` is right, else 0; None where no answer can be right.

    from trl import GRPOTrainer
    from still_verl.rewards.drop_in import boxed_math_reward

    GRPOTrainer(model="MODEL", reward_funcs=boxed_math_reward, train_dataset=dataset)

The dataset has the columns `prompt` and `solution`: the right answer, a list of them, or a whole solution with a box.
For a `solution` that cannot be read the reward is None, and TRL learns nothing from that prompt.
From TRL's command line: `--reward_funcs still_verl.rewards.drop_in.boxed_math_reward`.
"""

from still_verl.rewards.drop_in import boxed_math_reward as boxed_math_reward
