"""The command line `still-verl`: each command is a few lines that call a package.

`app` below is the whole list. The functions are in `setup` (doctor, demo-model, demo), `chain` (demo-chain), `jobs`
(plan), `rewards` (verify, score), `evaluation` (eval), `data` (the commands of `still-verl data`), `recipes`, `runs`
(report, watch), `diagnose` and `programs` (run-code). The docstring and the annotations of a function are its help
text.

A command imports what it calls only when it runs: `still-verl verify` must not wait for torch, and most commands work
without verl. Those that need verl begin with `output.require_verl`.

To add a command, write its function in one of these modules and list it here.
"""

from importlib.metadata import version
from typing import Annotated

import typer

from still_verl.cli.chain import demo_chain
from still_verl.cli.data import data
from still_verl.cli.diagnose import EXAMPLES, diagnose
from still_verl.cli.evaluation import EXAMPLES as EVAL_EXAMPLES
from still_verl.cli.evaluation import evaluate
from still_verl.cli.jobs import plan
from still_verl.cli.programs import run_code
from still_verl.cli.recipes import recipes
from still_verl.cli.rewards import score, verify
from still_verl.cli.runs import report, watch
from still_verl.cli.setup import demo, demo_model, doctor

app = typer.Typer(
    name="still-verl",
    help="STILL-3 for veRL: check an environment, train the demo, debug a reward.",
    no_args_is_help=True,
    pretty_exceptions_show_locals=False,
    rich_markup_mode="rich",
)


def _print_version(asked: bool) -> None:
    if asked:
        typer.echo(f"still-verl {version('still-verl')}")
        raise typer.Exit


@app.callback()
def main(
    # Eager, so that it comes before the complaint about a missing command.
    _version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version and end.")
    ] = False,
) -> None:
    """Commands around `python -m verl.trainer.main_ppo +recipe=NAME`."""


app.command("doctor", epilog="Example: [bold]still-verl doctor --json[/]")(doctor)
app.command("demo-model", epilog="Example: [bold]still-verl demo-model smollm2[/]")(demo_model)
app.command("demo", epilog="Example: [bold]still-verl demo --recipe demo_smollm2 --seed 1[/]")(demo)
app.command("demo-chain", epilog="Example: [bold]still-verl demo-chain -o runs/chain --seed 2[/]")(demo_chain)
app.command(
    "verify",
    epilog=r"Examples: [bold]still-verl verify '\\frac{1}{2}' 0.5[/], [bold]still-verl verify -1 1 --explain[/]",
    context_settings={"ignore_unknown_options": True},  # an answer may begin with a minus
)(verify)
app.command(
    "score", epilog="Example: [bold]still-verl score --reward-fn zero --input runs/demo/.../validation/36.jsonl[/]"
)(score)
app.command(
    "plan",
    epilog="Examples: [bold]still-verl plan +recipe=zero_32b hardware=32xH100-80G[/], "
    "[bold]still-verl plan --schedule +recipe=base still/kl=cosine --steps 640[/]",
)(plan)
app.command("eval", epilog=EVAL_EXAMPLES)(evaluate)
app.command(
    "recipes",
    epilog="Examples: [bold]still-verl recipes --show zero_7b[/], [bold]still-verl recipes --show still/kl=cosine[/]",
)(recipes)
app.add_typer(data)
app.command("diagnose", epilog=EXAMPLES)(diagnose)
app.command(
    "report",
    epilog="Examples: [bold]still-verl report runs/demo -o report.html[/], [bold]still-verl report wandb/ train.log[/]",
)(report)
app.command(
    "watch",
    epilog="Examples: [bold]still-verl watch runs/demo/2026-11-22_21-00-02[/], [bold]still-verl watch train.log[/]",
)(watch)
app.command("run-code", epilog="Example: [bold]echo 'print(2 + 2)' | still-verl run-code --stdin --json[/]")(run_code)
