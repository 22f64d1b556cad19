"""`still-verl watch RUN`: shows a run in a terminal while it trains.

- `follow.Follower`: reads only what was added to a run since the last time.
- `frame.frame`: draws one frame: the progress of the run, its curves, active alarms, the last sample.
- `live.watch_live`: draws a frame each second until the run is over; `watch_once` prints a single one.

To add a curve, add a `Curve` to `frame.CURVES`: a label and a list of metrics. The first of them that the
run has is drawn. You need not add categories of keywords: every category that a run logs gets a curve.
"""
