"""Shapes and kinds written after the detectors were tuned."""

HEALTHY = {}
SHAPES = {}
