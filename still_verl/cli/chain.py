"""`demo-chain`: demonstrations, supervised training, RL, and what each of them brought."""

from pathlib import Path
from typing import Annotated

import typer

from still_verl.cli.output import console, require_verl, stop


def demo_chain(
    output: Annotated[Path, typer.Option("--output", "-o", help="Folder; a rerun goes on there.")] = Path("runs/chain"),
    seed: Annotated[int, typer.Option(min=0, max=2**32 - 1, help="Of all that is drawn.")] = 1,
) -> None:
    """Teach a tiny model to use Python: demonstrations of a scripted teacher, supervised training, RL, evaluations.

    Prints each command as it runs it; you can run the same ones by hand, on your own problems and models.
    """
    from still_verl.demo.results import DemoError
    from still_verl.demo.tools.chain import run_chain
    from still_verl.demo.tools.results import accuracies, costs, differences, results

    require_verl("demo-chain")
    try:
        stages = run_chain(output.resolve(), seed, console)
        found = results(output)
    except (DemoError, ValueError, ImportError, OSError) as error:
        stop(str(error))
    except KeyboardInterrupt:
        stop("interrupted; the same command goes on from there", code=130)
    console.print(accuracies(found), differences(found), costs(stages), sep="\n")
