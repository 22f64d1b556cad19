"""The sizes of a decoder model, and what follows from them: parameters, and numbers in its KV cache."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Experts:
    """The MLP of every layer in a mixture of experts.

    Attributes:
        count: experts of a layer.
        active: experts that the router chooses for a token.
        intermediate: inner size of one expert.
        shared: inner size of the shared expert, which every token passes; 0 where there is none.
    """

    count: int
    active: int
    intermediate: int
    shared: int = 0


@dataclass(frozen=True)
class Shape:
    """The sizes of a model, named as in its config.json.

    Attributes:
        source: where the sizes were read, for people.
        family: `model_type` of the config.json.
        head_dim: numbers of one attention head.
        tied: whether embedding and output layer are one matrix.
        qkv_bias, output_bias, mlp_bias: which projections have a bias.
        qk_norm: whether queries and keys are normalised, head by head.
        experts: None in a dense model.
    """

    source: str
    family: str
    vocab: int
    hidden: int
    layers: int
    heads: int
    kv_heads: int
    head_dim: int
    intermediate: int
    tied: bool
    qkv_bias: bool = True
    output_bias: bool = False
    mlp_bias: bool = False
    qk_norm: bool = False
    experts: Experts | None = None

    @property
    def query_size(self) -> int:
        """Count the numbers of a token's queries in one layer."""
        return self.heads * self.head_dim

    @property
    def kv_size(self) -> int:
        """Count the numbers of a token's keys in one layer; its values have as many."""
        return self.kv_heads * self.head_dim

    @property
    def mlp_size(self) -> int:
        """Count the inner numbers of a token in the MLP of one layer: over all experts that it passes."""
        if self.experts is None:
            return self.intermediate
        return self.experts.active * self.experts.intermediate + self.experts.shared

    @property
    def expert_parameters(self) -> int:
        """Count the parameters of one routed expert of one layer; 0 in a dense model."""
        if self.experts is None:
            return 0
        return 3 * self.hidden * self.experts.intermediate

    @property
    def shared_parameters(self) -> int:
        """Count the parameters of one layer's shared expert and of its gate; 0 where there is none."""
        if self.experts is None or not self.experts.shared:
            return 0
        return 3 * self.hidden * self.experts.shared + self.hidden

    @property
    def mlp_parameters(self) -> int:
        """Count the parameters of one layer's MLP: gate, up and down; in a mixture those of all experts."""
        if self.experts is None:
            biases = 2 * self.intermediate + self.hidden
            return 3 * self.hidden * self.intermediate + self.mlp_bias * biases
        router = self.hidden * self.experts.count
        return router + self.experts.count * self.expert_parameters + self.shared_parameters

    @property
    def attention_parameters(self) -> int:
        """Count the parameters of one layer's attention: four projections, their biases, two norms of heads."""
        matrices = self.hidden * (2 * self.query_size + 2 * self.kv_size)
        biases = self.qkv_bias * (self.query_size + 2 * self.kv_size) + self.output_bias * self.hidden
        norms = self.qk_norm * 2 * self.head_dim
        return matrices + biases + norms

    @property
    def layer_parameters(self) -> int:
        """Count the parameters of one layer, with its two norms."""
        return self.attention_parameters + self.mlp_parameters + 2 * self.hidden

    @property
    def embeddings(self) -> int:
        """Count the parameters of the embedding and, unless it is the same matrix, of the output layer."""
        matrices = 1 if self.tied else 2
        return matrices * self.vocab * self.hidden

    @property
    def parameters(self) -> int:
        """Count all parameters; the last norm is one vector."""
        return self.layers * self.layer_parameters + self.embeddings + self.hidden

    @property
    def active_parameters(self) -> int:
        """Count the parameters that one token meets: all but those of the experts that are not chosen for it."""
        return round(self.parameters_read(1))

    @property
    def kv_elements(self) -> int:
        """Count the numbers that the KV cache keeps of a token: a key and a value in each layer."""
        return 2 * self.layers * self.kv_size

    def parameters_read(self, tokens: int) -> float:
        """Estimate the parameters that a decoding step of `tokens` sequences reads, one token each.

        A dense model reads all. In a mixture a token skips an expert with probability 1 - active / count, and all
        tokens of the step skip it with that to the power of their number. This assumes a router that chooses evenly and
        independently. A real one prefers some experts, so the estimate is an upper bound.
        """
        if self.experts is None:
            return self.parameters
        skipped = (1 - self.experts.active / self.experts.count) ** tokens
        return self.parameters - skipped * self.layers * self.experts.count * self.expert_parameters
