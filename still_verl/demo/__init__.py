"""Models and tasks that train on a laptop, to demonstrate and test the whole stack.

`prepare.prepare(NAME)` puts a model and its data under `files.home()` and returns their paths. `run.run_demo` trains a
recipe on them with verl and shows what the model learned. The models:

- `tiny`: 0.8M parameters. It can add, but its samples are seldom right (`traces.py` says why). Its weights are a file
  of this package; `build_weights.py` trains them again.
- `smollm2`: a pre-trained model of 135M parameters, from a package, on sums and differences up to 20.
- `random`, `random-untied`: untrained models, for tests that only check that a job runs.

To add a model, write a builder that fills a directory through `cache.ensure`, add it to `prepare.prepare`, and name
its files in a recipe with `${still.demo_model:NAME/...}`. Heavy packages are imported only when something is built.
"""
