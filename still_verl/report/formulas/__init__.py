"""Formulas of samples, as MathML that a browser draws without a script or a font of its own.

Entry point: `render.render(find.formulas_in(texts))`. `find` says where formulas are in a text, `convert` is a
process of its own that turns LaTeX into trees, since a model may write what a converter never finishes, and `render`
asks it.
"""
