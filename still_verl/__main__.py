"""`python -m still_verl`, where the command `still-verl` is not on the path."""

from still_verl.cli import app

app(prog_name="still-verl")
