"""Models and tasks that train on a laptop: to show the whole stack at work, and to test it.

`prepare.prepare(NAME)` puts a model and its data under `files.home()` and says where they are; `run.run_demo` trains a
recipe on them with verl and shows what was learned. The models:

- `tiny`: 0.8M parameters that can add but seldom do (`traces.py` says why). Its weights are a file of this package;
  `build_weights.py` trains them again.
- `smollm2`: a pre-trained model of 135M parameters, from a package, on sums and differences up to 20.
- `random`, `random-untied`: untrained models, for tests that only ask whether a job runs.

To add a model, write a builder that fills a directory through `cache.ensure`, enter it in `prepare.prepare`, and name
its files in a recipe with `${still.demo_model:NAME/...}`. Nothing heavy is imported before something is built.
"""
