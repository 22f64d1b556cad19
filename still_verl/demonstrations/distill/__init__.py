"""Demonstrations from a teacher: it writes, our sandbox runs its programs, and what passes becomes a row for SFT.

`run.distill` is the entry point, `setup.make` builds what it needs from `settings.DistillSettings`. Sampling, the
journal of samples and scores are those of `still_verl.evaluation`; here is what a teacher needs beyond:
    `text_response`   a teacher behind an interface of text: it is asked again behind each output
    `exact`           a teacher that gives token ids: rows have them, with a mask
    `hints`           the study's self-synthesis: cut at a turn word, put in a hint, run, go on
    `own_outputs`     finds outputs that a teacher wrote itself
    `paid`            each reply that was paid for is written down, and never asked for again
    `budget`          what was spent, when to stop, and how fast requests may be sent
    `judge`           why a sample is no demonstration

To change what is put in, name a file or a tuple of your own (`registries.PHRASES`).
"""
