"""`still-verl watch RUN`: shows a run in a terminal while it trains.

- `follow.Follower`: reads only what was added to a run since the last time, and looks for alarms in it.
- `progress`: step, phase of the step, time that is left, last checkpoint.
- `curves`: which curves there are, and how one is drawn in a line of text.
- `frame.frame`: draws one frame: progress, curves, active alarms, the last sample.
- `live.watch_live`: draws a frame each second until the run is over; `watch_once` prints a single one.

To add a curve, add a `Curve` to `curves.CURVES`: a label and a list of metrics. The first of them that the
run has is drawn. You need not add categories of keywords: every category that a run logs gets a curve.
"""
