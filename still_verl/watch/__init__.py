"""`still-verl watch RUN`: a run folder as it grows, in a terminal.

- `follow.Follower`: reads what was added to a run since the last look, and nothing twice.
- `frame.frame`: one look as text: where the run is, its curves, active alarms, the last sample.
- `live.watch_live`: one frame each second until the run is over; `watch_once` prints a single one.

To add a curve, add a `Curve` to `frame.CURVES`: a label and the metrics of which the first that a run has is drawn.
Categories of keywords need none: every category that a run logs gets its curve.
"""
