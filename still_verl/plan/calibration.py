"""Every number of the planner that is not arithmetic: efficiencies, overheads, shares. Their errors: docs/plan.md."""

from still_verl.plan.hardware import GIB

# --- time: fitted to published runs, docs/plan.md -------------------------------------------------------------------
# Share of the peak operations that a forward or backward pass reaches, recomputation counted as work. verl's issues
# 2060, 816 and others log 0.22 to 0.34 without recomputation (`perf/mfu/actor`), so 0.3 to 0.46 with it.
# Those logs and `flops.py` count operations alike. Mixtures of experts take the default: nothing was compared.
UTILIZATION = {"default": 0.40, "H20": 0.58, "CPU": 0.10}
# The same as a share of what a large matrix product reached when it was measured (`hardware=this`). An assumption.
MEASURED_UTILIZATION = 0.5
# Share of the peak bandwidth at which decoding reads weights and cache.
BANDWIDTH_SHARE = 0.65
# Seconds of a decoding iteration for each layer beyond reading memory: launches and all-reduces.
LAYER_SECONDS = {"graph": 1e-4, "eager": 7e-4}
# Seconds of an iteration for each sequence in it: scheduling, sampling, detokenising, on the host.
SEQUENCE_SECONDS = 1e-4
# Seconds to hand a batch to the workers and back, for each token place (samples x longest), in each phase. The logs are
# of verl versions that pad; the transfer queue of 0.9.1 does not, so this is an upper bound.
DISPATCH_SECONDS = 1.2e-7
# Seconds for each sample on a processor, in each phase: the work of server, agent loop and trainer, which small models
# do not hide. Measured with the demo, docs/plan.md.
CPU_SAMPLE_SECONDS = {"generation": 10e-3, "forward": 4.1e-3, "update": 8e-3}
# Seconds of the fixed piece of Python in `probe.py` on the machine on which these were measured.
HOST_REFERENCE = 6.2e-3
# Bytes a second at which each device receives the new weights, by bucket.
SYNC_BANDWIDTH = 5e9
# Bytes a second between a device and its host: what offloading moves. PCIe 4 x16, pinned.
HOST_BANDWIDTH = 20e9

# --- the whole run: assumptions -------------------------------------------------------------------------------------
# Bytes a second at which a node writes checkpoints to shared storage.
DISK_BANDWIDTH = 1e9
# Seconds until the first step: Ray, loading the model, building vLLM with its graphs.
START_SECONDS = {"gpu": 300.0, "cpu": 60.0}
# Problems of a validation whose file is not here: AIME 2024 has 30.
VALIDATION_ROWS = 30
# What whole runs took, as a multiple of the planned sum: fitted by benchmarks/plan_whole_runs.py to six published runs.
# Of six others five lie in it. docs/plan.md has the table.
RUN_RANGE = (0.5, 1.5)

# --- lengths: assumptions, each can be overruled on the command line ------------------------------------------------
# Mean tokens of the responses before the limit cuts them, when they are not given, by the kind of model (lengths.py).
# Where the two come from: docs/plan.md.
NATURAL_LENGTH = {"short": 1000.0, "reasoning": 8000.0}
# Mean of the prompts as a share of the longest allowed.
PROMPT_SHARE = 0.25
# Standard deviation of the logarithm of response lengths.
LENGTH_SPREAD = 0.8

# --- memory ---------------------------------------------------------------------------------------------------------
# Contexts, communication buffers, graphs and fragments of trainer and rollout on one accelerator. An assumption.
RESERVED = 5 * GIB
# Tensors as big as the logits that are alive when the loss is differentiated: flash-attn's fused loss writes the
# gradient over the logits; without it (on a processor) the figure is benchmarks/plan_memory.py's.
LOGIT_COPIES = {"fused": 1, "plain": 4}
# What vLLM keeps for one forward pass beside weights and cache. An assumption.
ROLLOUT_WORKSPACE = 2 * GIB
