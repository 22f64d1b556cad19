"""What a response is worth. Nothing in this package imports verl, Ray or torch."""
