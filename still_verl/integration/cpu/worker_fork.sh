#!/bin/sh
# The Python of Ray's processes, see worker_fork.py.
case "$1" in
  */setup_worker.py) exec "$STILL_VERL_RAY_PYTHON" -m still_verl.integration.cpu.worker_fork "$@" ;;
esac
exec "$STILL_VERL_RAY_PYTHON" "$@"
