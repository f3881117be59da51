"""Passwords: from a file or from the environment, never from the configuration itself."""

import os
import ssl
import stat
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from bridge.config.checks import tables
from bridge.config.findings import Document, Finding, table
from bridge.config.values import PasswordForm, Secret

PASSWORD_BYTES_MAX = 4096
"""Far above any password; a larger file is not one that was meant."""

_MANAGED = Path("/run/secrets")
"""Where containers find secrets: readable for everybody inside, as it should be."""


@dataclass(slots=True, kw_only=True)
class Secrets:
    """What the configuration points to, and what is wrong with it."""

    folder: Path
    """Relative paths start at the configuration file."""
    environment: Mapping[str, str]
    passwords: dict[tuple[str, ...], Secret] = field(default_factory=dict)
    """By the path of the table they belong to."""
    files: dict[tuple[str, ...], Path] = field(default_factory=dict)
    """Certificates, by the path of their key. Somebody else reads them; only whether that will work has been tried."""
    problems: list[Finding] = field(default_factory=list)
    warnings: list[Finding] = field(default_factory=list)

    def collect(self, document: Document) -> None:
        """Everything the document points to."""
        self._file(("mqtt", "ca_file"), table(document, "mqtt"))
        self._password(("mqtt",), table(document, "mqtt"), "EVBRIDGE_MQTT_PASSWORD")
        for key, values in tables(document, "csms"):
            self._file(("csms", key, "ca_file"), values)
        for key, values in tables(document, "charge_points"):
            path = ("charge_points", key)
            self._password(path, values, f"EVBRIDGE_CHARGE_POINT_{key.upper().replace('-', '_')}_PASSWORD")
            self._check_form(path, table(table(document, "csms"), values.get("csms", "")))

    def _check_form(self, path: tuple[str, ...], csms: Document) -> None:
        if csms.get("password_form") == PasswordForm.HEX and path in self.passwords:
            try:
                bytes.fromhex(self.passwords[path].text)
            except ValueError:
                self._problem(path, 'the password is not hexadecimal; write it so, or password_form = "text" for the central system')

    def _password(self, path: tuple[str, ...], values: Document, usual: str) -> None:
        """Of the table at `path`; `usual` is the variable that counts where it is set and nothing else is written."""
        match values:
            case {"password_file": _, "password_env": _}:
                self._problem((*path, "password_env"), "stands beside password_file; write one of them")
                return
            case {"password_file": file}:
                found = self._from_file((*path, "password_file"), self.folder / file)
            case {"password_env": name}:
                found = self._from_environment((*path, "password_env"), name)
            case _:
                found = self._from_environment(path, usual) if usual in self.environment else None
        if found is not None:
            self.passwords[path] = found

    def _file(self, path: tuple[str, ...], values: Document) -> None:
        """A file of certificates."""
        if path[-1] not in values:
            return
        file = self.folder / str(values[path[-1]])
        try:
            ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_verify_locations(file)
            self.files[path] = file
        except ssl.SSLError:
            self._problem(path, f"{file} holds no certificate; write the path of a file in PEM form (-----BEGIN CERTIFICATE-----)")
        except OSError as error:
            self._problem(path, f"{file} can't be read ({reason(error)}); write the path of a file that can")

    def _from_file(self, path: tuple[str, ...], file: Path) -> Secret | None:
        try:
            with file.open("rb") as opened:
                content = opened.read(PASSWORD_BYTES_MAX + 1)
                mode = os.fstat(opened.fileno()).st_mode
        except OSError as error:
            self._problem(path, f"{file} can't be read ({reason(error)}); write the path of a file that holds the password")
            return None
        if os.name == "posix" and mode & stat.S_IROTH and not file.is_relative_to(_MANAGED):
            self.warnings.append(Finding(path, f"everybody on this machine can read {file}; run: chmod 600 {file}"))
        try:
            text = content.decode("utf-8")
        except UnicodeDecodeError:
            self._problem(path, f"{file} is not a text in UTF-8; write the password into it and nothing else")
            return None
        return self._checked(path, text.removesuffix("\n").removesuffix("\r"), str(file))

    def _from_environment(self, path: tuple[str, ...], name: str) -> Secret | None:
        if name not in self.environment:
            self._problem(path, f"the environment variable {name} is not set; set it before the bridge starts")
            return None
        return self._checked(path, self.environment[name], f"the environment variable {name}")

    def _checked(self, path: tuple[str, ...], text: str, source: str) -> Secret | None:
        if not text:
            self._problem(path, f"{source} is empty; write the password into it")
        elif not text.isprintable() or len(text) > PASSWORD_BYTES_MAX:
            self._problem(path, f"{source} holds more than a password (a line break, a control character, or too much); write only that")
        else:
            return Secret(text)
        return None

    def _problem(self, path: tuple[str, ...], text: str) -> None:
        self.problems.append(Finding(path, text))


def reason(error: OSError) -> str:
    """What the system says, in small letters."""
    return (error.strerror or str(error)).lower()
