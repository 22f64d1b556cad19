"""`report` and `watch`: a run while it lasts, and after it."""

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from still_verl.cli.output import cause, console, stop

Formats = Annotated[
    list[str] | None,
    typer.Option("--format", help="Look for this format of logs only: a name, or a dotted one."),
]

PORT = 6060


def report(
    runs: Annotated[list[Path], typer.Argument(help="Folders of runs, or logs of any format that `diagnose` reads.")],
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="The page, report.html by default; it needs no network.")
    ] = None,
    serve: Annotated[bool, typer.Option("--serve", help="Show the page in a browser; it follows the runs.")] = False,
    port: Annotated[
        int | None,
        typer.Option(
            help=f"Port of --serve, {PORT} by default, on this machine only; 0 takes any that is free.",
            min=0,
            max=65535,
        ),
    ] = None,
    formats: Formats = None,
) -> None:
    """Write one page about a run, or compare several: verdict, curves, alarms, samples, configuration.

    A folder of runs is the runs in it. Exits with 1 if a path has no log that is recognised.
    """
    from still_verl.report.page import write_report

    if serve:
        if output is not None:
            stop(f"--output {output}: --serve writes no page; leave one of the two out")
        return _serve(runs, PORT if port is None else port, formats or ())
    if port is not None:
        stop(f"--port {port}: it is the port of --serve; add --serve, or leave it out")
    try:
        page = output or Path("report.html")
        found = write_report(runs, page, formats or ())
    except (ValueError, OSError) as error:
        stop(cause(error))
    for run in found:
        for problem in run.problems:
            console.print(f"{run.name}: {problem}", highlight=False, markup=False, soft_wrap=True)
    console.print(f"report: {page.resolve()}", highlight=False, markup=False, soft_wrap=True)


def _serve(runs: list[Path], port: int, formats: Sequence[str]) -> None:
    from still_verl.report.serve import make_server

    try:
        server = make_server(runs, port, formats)
    except OSError as error:
        stop(f"--port {port}: {error.strerror}; choose another")
    except ValueError as error:
        stop(str(error))
    typer.echo(f"report: http://127.0.0.1:{server.server_port}/ (it follows the run; Ctrl+C ends it)")
    try:
        server.serve_forever()
    except KeyboardInterrupt:
        server.server_close()


def watch(
    run: Annotated[Path, typer.Argument(help="A run folder, also one that is not there yet; or a log file.")],
    once: Annotated[bool, typer.Option("--once", help="Print one frame and end.")] = False,
    formats: Formats = None,
) -> None:
    """Follow a run in the terminal: progress, curves, alarms and what to do about them; ends with the run.

    Any log that `diagnose` reads can be followed. Of a folder with several runs, give one of them.
    """
    from still_verl.watch.live import watch_live, watch_once

    show = watch_once if once else watch_live
    try:
        show(run, console, formats or ())
    except ValueError as error:
        stop(str(error))
    except KeyboardInterrupt:
        raise typer.Exit from None
