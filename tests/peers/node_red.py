"""A real Node-RED, as a user runs it: the settings of examples/compose, flows deployed and buttons pressed by its admin API.

with NodeRed(broker) as editor:
    editor.deploy(load("01 Tap and lamp"))
    editor.press("Anna's card")
"""

import contextlib
import json
import os
import shutil
import signal
import subprocess
import tempfile
import threading
import urllib.error
import urllib.request
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from tests.peers.bridge_process import REPOSITORY
from tests.peers.broker import free_port
from tests.peers.node import installed, node_program
from tests.peers.onlooker import Broker
from tests.peers.waiting import SLOWNESS

START_S = 60.0 * SLOWNESS
"""Four seconds on an idle machine; the tests run beside it."""
FLOWS = REPOSITORY / "examples" / "node-red"
SETTINGS = REPOSITORY / "examples" / "compose" / "node-red-settings.js"

Flow = list[dict[str, Any]]


def load(name: str) -> Flow:
    """A flow of examples/node-red."""
    flow: Flow = json.loads((FLOWS / f"{name}.json").read_text())
    return flow


class NodeRed:
    """One Node-RED. Use it as a context manager; leave it before the broker ends."""

    def __init__(self, broker: Broker, *, account: tuple[str, str] | None = None, library: Path | None = None) -> None:
        """`account`: user and password at the broker; `library`: flows for the import menu."""
        self.port = free_port()
        self._broker = broker
        self._account = account
        self._folder = Path(tempfile.mkdtemp(prefix="evbridge-node-red-"))
        self._process: subprocess.Popen[str] | None = None
        self._lines: list[str] = []
        self._news = threading.Condition()
        self._flow: Flow = []
        if library is not None:
            (self._folder / "lib").mkdir()
            (self._folder / "lib" / "flows").symlink_to(library)

    # --- what a user does -----------------------------------------------------------------------------------------------------------

    def deploy(self, flow: Flow) -> None:
        """Replace everything by this flow and start it; AssertionError if one of its nodes is not part of Node-RED itself."""
        known = {kind for module in self._ask("GET", "/nodes") for kind in module["types"]}
        missing = {node["type"] for node in flow} - known - {"tab", "group", "subflow"}
        # Node-RED would answer 200 and run nothing.
        assert not missing, f"nodes that are not in Node-RED's core: {missing}"
        seen = len(self._lines)
        revision = self._ask("GET", "/flows")["rev"]
        self._ask("POST", "/flows", {"rev": revision, "flows": flow}, {"Node-RED-Deployment-Type": "full"})
        self._flow = flow
        self._wait_for("Started flows", seen)

    def press(self, name: str, **properties: str) -> None:
        """Press an inject node's button, by its name; `properties` replace those of the message."""
        found = [node for node in self._flow if node["type"] == "inject" and node["name"] == name]
        assert len(found) == 1, f"{len(found)} buttons are called {name!r}"
        changed = [{"p": key, "v": value, "vt": "str"} for key, value in properties.items()]
        self._ask("POST", f"/inject/{found[0]['id']}", {"__user_inject_props__": changed} if changed else {})

    def library(self) -> list[str]:
        """What the menu Import > Local offers."""
        return sorted(entry if isinstance(entry, str) else entry["fn"] for entry in self._ask("GET", "/library/local/flows/"))

    @property
    def buttons(self) -> list[str]:
        """The names of all inject nodes that are deployed."""
        return [node["name"] for node in self._flow if node["type"] == "inject"]

    def log(self) -> str:
        """What it wrote."""
        return "".join(self._lines)

    def troubles(self) -> list[str]:
        """Warnings and errors in its log."""
        return [line for line in self._lines if "[warn]" in line or "[error]" in line]

    # --- its life -------------------------------------------------------------------------------------------------------------------

    def start(self) -> None:
        """Start it and wait until its admin API answers and flows can run."""
        program = installed("node-red") / "red.js"
        account = {} if self._account is None else {"MQTT_USER": self._account[0], "MQTT_PASSWORD": self._account[1]}
        self._process = subprocess.Popen(
            [node_program(), str(program), "--userDir", str(self._folder), "--settings", str(SETTINGS)],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            env={
                **os.environ,
                "NODE_RED_HOST": "127.0.0.1",
                "NODE_RED_PORT": str(self.port),
                "MQTT_HOST": self._broker.host,
                "MQTT_PORT": str(self._broker.port),
                **account,
            },
        )
        threading.Thread(target=self._read, args=[self._process], name="node-red", daemon=True).start()
        self._wait_for("Server now running", 0)
        self._wait_for("Started flows", 0)

    def close(self) -> None:
        """End it and remove its files."""
        if self._process is not None:
            self._process.send_signal(signal.SIGTERM)
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._process.wait(START_S)
            self._process.kill()
            self._process.wait()
        shutil.rmtree(self._folder, ignore_errors=True)

    def __enter__(self) -> Self:
        """Start."""
        try:
            self.start()
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        """Close."""
        self.close()
        if error is not None:
            print(self.log())

    # --- inside ---------------------------------------------------------------------------------------------------------------------

    def _read(self, process: subprocess.Popen[str]) -> None:
        assert process.stdout is not None
        with process.stdout:
            for line in process.stdout:
                with self._news:
                    self._lines.append(line)
                    self._news.notify_all()
        with self._news:
            self._lines.append("(ended)\n")
            self._news.notify_all()

    def _wait_for(self, text: str, seen: int) -> None:
        def there() -> bool:
            return any(text in line or line == "(ended)\n" for line in self._lines[seen:])

        with self._news:
            found = self._news.wait_for(there, START_S)
        assert found, f"Node-RED did not say {text!r}:\n{self.log()}"
        assert "(ended)\n" not in self._lines, f"Node-RED ended:\n{self.log()}"

    def _ask(self, method: str, path: str, body: object = None, headers: dict[str, str] | None = None) -> Any:  # noqa: ANN401 - JSON
        request = urllib.request.Request(
            f"http://127.0.0.1:{self.port}{path}",
            method=method,
            data=None if body is None else json.dumps(body).encode(),
            headers={"Accept": "application/json", "Content-Type": "application/json", "Node-RED-API-Version": "v2", **(headers or {})},
        )
        try:
            with urllib.request.urlopen(request, timeout=START_S) as answer:
                text = answer.read()
        except urllib.error.HTTPError as error:
            with error:
                raise AssertionError(f"{method} {path}: {error.code} {error.read().decode(errors='replace')}") from None
        return json.loads(text) if text.startswith((b"{", b"[")) else None
