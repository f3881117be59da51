"""Reading the file: everything that is wrong with it is told at once."""

import os
import tomllib
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from bridge.config import checks
from bridge.config.build import build
from bridge.config.findings import Document, Finding, in_order
from bridge.config.form import check_form
from bridge.config.secrets import Secrets, reason
from bridge.config.values import Configuration
from bridge.errors import ConfigurationRefused

FILE_BYTES_MAX = 4_000_000
"""Ten thousand users with their cards; a larger file is not one that was meant."""


def load(path: Path, *, environment: Mapping[str, str] = os.environ) -> Configuration:
    """The configuration in a file. Raises ConfigurationRefused with all problems, in the order of the file."""
    document = _read(path)
    findings, sound = check_form(document)
    secrets = Secrets(folder=path.resolve().parent, environment=environment)
    secrets.collect(sound)
    findings += [*checks.problems(sound), *secrets.problems]
    if findings:
        raise ConfigurationRefused(_texts(findings, document))
    return replace(build(document, secrets), warnings=_texts([*checks.warnings(document), *secrets.warnings], document))


def _texts(findings: list[Finding], document: Document) -> tuple[str, ...]:
    return tuple(str(finding) for finding in in_order(findings, document))


def _read(path: Path) -> Document:
    try:
        with path.open("rb") as file:
            content = file.read(FILE_BYTES_MAX + 1)
    except OSError as error:
        advice = " `evbridge init` writes one to start from." if isinstance(error, FileNotFoundError) else ""
        raise ConfigurationRefused((f"{path} can't be read ({reason(error)}).{advice}",)) from error
    if len(content) > FILE_BYTES_MAX:
        raise ConfigurationRefused((f"{path} has more than {FILE_BYTES_MAX} bytes; is it a configuration?",))
    try:
        return tomllib.loads(content.decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        raise ConfigurationRefused((f"{path} is not a text in UTF-8; save it as UTF-8",)) from error
    except RecursionError as error:
        raise ConfigurationRefused((f"{path} is nested too deeply; is it a configuration?",)) from error
    except tomllib.TOMLDecodeError as error:
        raise ConfigurationRefused((f"{path} is not TOML: {error}. A text needs quotes, a table a line like [mqtt]",)) from error
