"""Makes one self-contained HTML page from run folders.

Entry points: `page.write_report(paths, output)` writes the page of one run or several. `serve.make_server(paths, port)`
serves a page that follows its runs. `read.read_runs(paths)` returns the same data as `run.Run` objects.

From disk to page: `still_verl.logs` reads the numbers of a run, `samples` its samples, `alarms` looks for alarms in
a log that has none, and `read` adds the configuration and makes a `Run`. `summary` writes the verdict, and `change`
decides whether a change is more than noise. `compare` makes the tables. `charts` chooses the charts, `figure` lays them
out, `curves` smooths and thins their lines. `page` fills the template. `diagnosis` is what `still-verl diagnose`
prints, with the commands of `paste`.

To add a chart, add a `Panel` to `panels.PANELS`: a title, a sentence about it, and metrics by name or by a pattern. To
add a figure to the tables, add a `FinalFigure` to `compare`. A reward term, a keyword category or an alarm of your own
needs no change: all of `still/reward/*`, `still/keywords/*` and `still/alarm/*` is drawn.

plotly and jinja2 come with the extra `report`. Only `page.render` needs them: charts are plain dicts until then.
"""
