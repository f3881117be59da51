"""Where the tests find Node.js and what `npm ci` installed in tests/node."""

import shutil
from pathlib import Path

FOLDER = Path(__file__).resolve().parent.parent / "node"


def node_program() -> str:
    """The path of Node.js."""
    found = shutil.which("node")
    if found is None:
        raise FileNotFoundError("Node.js is not installed: apt-get install nodejs npm")
    return found


def installed(package: str) -> Path:
    """The folder of an installed package of tests/node/package.json."""
    folder = FOLDER / "node_modules" / package
    if not folder.is_dir():
        raise FileNotFoundError(f"{package} is not installed: cd tests/node && npm ci --ignore-scripts")
    return folder
