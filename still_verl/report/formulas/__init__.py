"""Formulas of samples, as MathML that a browser draws without a script or a font of its own.

Entry point: `render.render(find.formulas_in(texts))`, the trees by formula, as JSON values that the script of the page
turns into elements.

`find` says where formulas are in a text; the script of the page uses the same expression. `convert` is a process of its
own that turns LaTeX into trees of a few harmless elements: a model may write what a converter never finishes. `render`
starts that process, and ends it in time. Whatever is not drawn is shown as it was written.
"""
