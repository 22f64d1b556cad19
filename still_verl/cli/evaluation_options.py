"""Which options of `eval` go together, and how pairs NAME=VALUE are read."""

from typing import Any

import typer

from still_verl.config_errors import ConfigError

# What is read where samples are scored that exist; MODEL is then only a name for the table.
READ_BESIDE_FROM = frozenset(
    ("model", "from_", "k", "extract", "verifier", "rescore", "against", "margin", "report", "as_json")
)


def refuse_unread(context: typer.Context, read: frozenset[str] = READ_BESIDE_FROM) -> None:
    """Refuse an option that was given beside `--from` and that nothing would read, which is all but those in `read`.

    Raises:
        ConfigError: names the first one.
    """
    if not context.params.get("from_"):
        return
    for parameter in context.command.params:
        name = parameter.name or ""
        source = context.get_parameter_source(name)
        # By its name: typer may bring a click of its own, whose sources are other objects.
        if source is not None and source.name == "COMMANDLINE" and name not in read:
            raise ConfigError(
                f"{parameter.opts[0]}: --from scores samples that are there, and does not read it; leave it out"
            )


def arguments(option: str, pairs: list[str] | None) -> dict[str, Any]:
    """Read pairs NAME=VALUE of an option, whose values are read as YAML.

    Raises:
        ConfigError: a pair without a name.
    """
    from omegaconf import OmegaConf

    for pair in pairs or ():
        if "=" not in pair or pair.startswith("="):
            raise ConfigError(f"{option} {pair}: write NAME=VALUE")
    arguments: Any = OmegaConf.to_container(OmegaConf.from_dotlist(pairs or []))
    return dict(arguments)
