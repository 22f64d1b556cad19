from still_verl.cli import app

app(prog_name="still-verl")
