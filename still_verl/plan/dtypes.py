"""Bytes of a number, by the names that verl and vLLM use."""

BYTES = {"fp32": 4, "float32": 4, "bf16": 2, "bfloat16": 2, "fp16": 2, "float16": 2}
