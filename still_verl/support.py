"""Which versions of upstream this release works with."""

SUPPORTED_VERL = "0.9.1"


class UnsupportedVersionError(RuntimeError):
    """An upstream package has a version that still_verl was not built for."""


def check_verl_version(version: str) -> None:
    """Refuse any verl but the one whose private names this release relies on.

    Raises:
        UnsupportedVersionError: names the version found and the command that mends it.
    """
    if version != SUPPORTED_VERL:
        raise UnsupportedVersionError(
            f"still_verl needs verl {SUPPORTED_VERL}, but verl {version} is installed: "
            f"pip install verl=={SUPPORTED_VERL}"
        )
