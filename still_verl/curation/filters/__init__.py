"""Whether a rule can reward a problem: one question a file, each a function from a `Row` to a reason.

A filter returns why the row is dropped, or an empty text. It looks at one row only; what concerns several rows
(duplicates, conflicting answers) is in `still_verl.curation.groups`.

To add a filter, write such a function and a row of `registries.FILTERS`; or name yours with `--filter`.

The filters know how questions are asked in English. Each is a rule about the wording, never about single problems.
"""
