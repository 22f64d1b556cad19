#!/bin/sh
# The Python of vLLM's engine, see engine_fork.py.
exec "$STILL_VERL_ENGINE_PYTHON" -m still_verl.integration.cpu.engine_fork "$@"
