"""`still-verl data ...`: problems and conversations on their way into a training set.

`data` below is the whole list. Each command has a module of its own beside this one.
"""

import typer

from still_verl.cli.data_curate import EXAMPLES as CURATE_EXAMPLES
from still_verl.cli.data_curate import curate
from still_verl.cli.data_diff import EXAMPLES as DIFF_EXAMPLES
from still_verl.cli.data_diff import diff
from still_verl.cli.data_difficulty import EXAMPLES as DIFFICULTY_EXAMPLES
from still_verl.cli.data_difficulty import difficulty
from still_verl.cli.data_distill import EXAMPLES as DISTILL_EXAMPLES
from still_verl.cli.data_distill import distill
from still_verl.cli.data_label import EXAMPLES as LABEL_EXAMPLES
from still_verl.cli.data_label import label
from still_verl.cli.data_mask import EXAMPLES as MASK_EXAMPLES
from still_verl.cli.data_mask import show_mask
from still_verl.cli.data_preview import EXAMPLES as PREVIEW_EXAMPLES
from still_verl.cli.data_preview import preview

data = typer.Typer(name="data", help="Make, check and look at training data.", no_args_is_help=True)


@data.callback()
def main() -> None:
    """Make, check and look at training data."""


data.command("curate", epilog=CURATE_EXAMPLES)(curate)
data.command("diff", epilog=DIFF_EXAMPLES)(diff)
data.command("difficulty", epilog=DIFFICULTY_EXAMPLES)(difficulty)
data.command("distill", epilog=DISTILL_EXAMPLES)(distill)
data.command("label", epilog=LABEL_EXAMPLES)(label)
data.command("preview", epilog=PREVIEW_EXAMPLES)(preview)
data.command("show-mask", epilog=MASK_EXAMPLES)(show_mask)
