"""Makes one self-contained HTML page from run folders.

Entry points: `page.write_report(paths, output)` writes the page of one run or several. `serve.make_server(paths, port)`
serves a page that follows its runs. `read.read_runs(paths)` returns the same data as `run.Run` objects.

From disk to page: `still_verl.logs` reads the numbers of a run, `samples/` its samples, `alarms` looks for alarms in a
log that has none, and `read` adds the configuration and makes a `Run`. `summary` writes the verdict, `change` decides
whether a change is more than noise, `errors` what is known of it, `facts` what the run was. `comparison/` groups runs
into arms and compares them. `charts` chooses the charts, `figure` lays them out, `curves` smooths and thins lines.
`page` fills the template; `frame` adds scripts and styles of `assets/`, `embedded` what can be searched. `diagnosis`
is what `still-verl diagnose` prints, with the commands of `paste`.

To add a chart, add a `Panel` to `panels.PANELS`. To add a figure to the tables, add a `FinalFigure` to
`comparison.tables`. A reward term, a keyword category or an alarm of your own needs no change: all are drawn.

plotly and jinja2 come with the extra `report`. Only `page.render` needs them: charts are plain dicts until then.
"""
