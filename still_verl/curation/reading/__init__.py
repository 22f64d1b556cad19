"""Files of problems, as a stream of chunks that processes can decide about on their own.

`find` says which files an input stands for, each with a label that does not depend on the order of the inputs.
`lines` reads JSON lines, compressed or not, and `tables` parquet and the folders of the library `datasets`.
`parse` turns a line into a row, or says why it is none.

A chunk holds lines or rows as they come, and where they stand. Memory grows with a chunk, and not with a file.
What cannot be read stays in its place as an `Unreadable` with the cause, so that no line is lost.
"""
