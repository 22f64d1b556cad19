"""Which versions of upstream this release works with, and how to install them."""

from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec

# Newest last. What differs between them is in still_verl/integration/releases.py.
SUPPORTED_VERL = ("0.9.0", "0.9.1")
INSTALL_VERL = "pip install 'still-verl[verl]'"


class UnsupportedVersionError(RuntimeError):
    """An upstream package is missing, or has a version that still_verl was not built for."""


def verl_installed() -> bool:
    """Look for a verl of any version, without importing it: that takes seconds."""
    return find_spec("verl") is not None


def require_verl(user: str) -> None:
    """Refuse to go on without a verl that this release works with; looks at what is installed and imports nothing.

    Args:
        user: what needs it, for the message.

    Raises:
        UnsupportedVersionError: verl is missing, or has another version; names the command that installs the right one.
    """
    if not verl_installed():
        raise UnsupportedVersionError(f"{user} needs verl: {INSTALL_VERL}")
    try:
        installed = version("verl")
    except PackageNotFoundError:
        return  # a checkout on PYTHONPATH: its version is known once verl is imported, where the plugin checks it
    check_verl_version(installed)


def check_verl_version(found: str) -> None:
    """Refuse any verl but those whose private names this release relies on.

    Raises:
        UnsupportedVersionError: names the version found and the command that installs the right one.
    """
    if found not in SUPPORTED_VERL:
        raise UnsupportedVersionError(
            f"still_verl needs verl {' or '.join(SUPPORTED_VERL)}, but verl {found} is installed: {INSTALL_VERL}"
        )
