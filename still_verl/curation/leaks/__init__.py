"""Problems of an evaluation that are in the training data.

Only the evaluations are indexed; the data stream past the index.

`index` proposes: an evaluation problem whose 5-token shingles, weighted by how rare they are, stand in a row.
`decide` looks at each proposal: do the numbers of the problem stand there, and are the answers the same? A leak and a
suspect are dropped. A row with other numbers has only the template in common, and is kept.

Tokens are those of `still_verl.curation.tokens`, so that retyping a problem does not hide it.
"""
