"""Shows an evaluation: as a page, as Markdown, as JSON; of one model, or of two that are compared.

Entry point: `write.write(path, evaluations, ...)`, which chooses the format by the ending of the file's name.

From samples to page: `evaluation.Evaluation` is what there is of one model. `texts` reads the responses once, for what
only they tell: keywords, and examples of answers that were not found. `tables` has the figures as text, which the
terminal, the page and Markdown show alike; `sentences` says them in words. `charts` draws, `page` fills the template.

The numbers themselves come from `still_verl.stats`. To add a figure to all tables, add a row in `tables`.
"""
