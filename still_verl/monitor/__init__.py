"""Monitors a run: metrics of each step, samples, keywords and alarms. Nothing here imports verl.

- `metrics.step_metrics`: the figures of a step, from its samples (`rows.StepRows`) and their texts; `repetition`,
  `scripts`, `marks` and `groups` have those of one kind, `means` what all of them need.
- `keywords.Keywords`: counts words by category, of our `keyword_lists` and a user's; `keyword_file` keeps them in the
  run folder as `keywords.json`, which alarms, reports and `still-verl watch` use.
- `alarms`: detectors of what goes wrong, and `scan` for finished runs.
- `samples`, `journal`, `jsonl`: which samples are kept, what writes them, and how JSON lines are read and written.
- `metric_names`: figures that ours and verl call differently, for whatever reads a run.
- `settings.MonitorConfig`: the node `still.monitor`; `registries`: the names that it may contain.

`still_verl.integration.callbacks.monitor` calls all of this in a run. To add a metric, return it from one of the
functions that `step_metrics` merges, and describe it in docs/monitor.md. Words and alarms of your own need no change
here: name them in `still.monitor.lists`, `still.monitor.words` and `still.monitor.alarms`.
"""
