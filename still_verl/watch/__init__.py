"""A run folder that grows -> one frame of a terminal."""
