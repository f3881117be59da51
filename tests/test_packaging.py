"""What is shipped works where nothing else is: the wheel, the locks, the two commands."""

import asyncio
import os
import re
import shutil
import subprocess
import sys
import sysconfig
import tomllib
import venv
import zipfile
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

from bridge import __version__
from tests.peers.broker import Mosquitto
from tests.peers.central_system import CentralSystem
from tests.peers.onlooker import onlooker
from tests.peers.waiting import TIMEOUT_S

ROOT = Path(__file__).parent.parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
LOCKS = sorted((ROOT / "requirements").glob("*.txt"))
BUILD_S = 120


def run(*command: str | Path, cwd: Path = ROOT, timeout_s: float = BUILD_S) -> subprocess.CompletedProcess[str]:
    """A command with a clean environment: no path to the source, nobody at the keyboard."""
    environment = {
        key: value for key, value in os.environ.items() if not key.startswith(("PYTHON", "EVBRIDGE", "COV_", "COVERAGE", "MAKE", "MFLAGS"))
    }
    return subprocess.run(
        [str(part) for part in command],
        cwd=cwd,
        env=environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        timeout=timeout_s,
    )


def locked(lock: Path) -> dict[str, Version]:
    """What a lock pins."""
    return {
        canonicalize_name(name): Version(version) for name, version in re.findall(r"^([\w.-]+)==([^\s;]+)", lock.read_text(), re.MULTILINE)
    }


# --- the wheel ----------------------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Built as a user builds it, without the network."""
    folder = tmp_path_factory.mktemp("wheel")
    built = run(sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", folder)
    assert built.returncode == 0, built.stderr
    (file,) = folder.glob("*.whl")
    return file


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel in an environment of its own, on the lowest versions it says it runs on; the folder of its programs."""
    prepared = run(ROOT / ".ci" / "environment", ".venv-lowest", "requirements/lowest.txt", timeout_s=10 * BUILD_S)
    assert prepared.returncode == 0, prepared.stderr
    folder = tmp_path_factory.mktemp("installed") / "venv"
    venv.create(folder, with_pip=False)
    packages = Path(sysconfig.get_path("purelib", vars={"base": str(folder), "platbase": str(folder)}))
    lowest = Path(sysconfig.get_path("purelib", vars={"base": str(ROOT / ".venv-lowest"), "platbase": str(ROOT / ".venv-lowest")}))
    (packages / "lowest.pth").write_text(f"{lowest}\n")
    python = folder / "bin" / "python"
    done = run(sys.executable, "-m", "pip", "--python", python, "install", "--quiet", "--no-index", "--no-deps", wheel)
    assert done.returncode == 0, done.stderr
    return folder / "bin"


def test_the_wheel_holds_all_that_is_needed_and_nothing_else(wheel: Path) -> None:
    """Schemas, SQL and the starter configuration come with the code; tests do not."""
    with zipfile.ZipFile(wheel) as content:
        names = set(content.namelist())
    assert {f"bridge/_schemas/{file.name}" for file in (ROOT / "schemas").iterdir()} <= names
    code = {
        file.relative_to(ROOT).as_posix()
        for file in (ROOT / "bridge").rglob("*")
        if file.is_file() and "__pycache__" not in file.parts and not file.name.startswith(".")
    }
    assert code <= names
    others = {name for name in names if not name.startswith("bridge/")}
    assert all(name.startswith(f"evbridge-{__version__}.dist-info/") for name in others)
    assert any(name.endswith("/licenses/LICENSE") for name in others)


def test_the_installed_bridge_is_not_the_checkout(installed: Path, tmp_path: Path) -> None:
    """The tests that follow prove something."""
    found = run(installed / "python", "-c", "import bridge, websockets; print(bridge.__file__, websockets.__version__)", cwd=tmp_path)
    file, version = found.stdout.split()
    assert not Path(file).is_relative_to(ROOT)
    assert Version(version) == locked(ROOT / "requirements" / "lowest.txt")["websockets"]


def test_the_installed_bridge_leads_a_newcomer_to_a_right_configuration(installed: Path, tmp_path: Path) -> None:
    """Version, schemas, init, check: without the source beside it."""
    version = run(installed / "evbridge", "--version", cwd=tmp_path)
    assert version.stdout == f"evbridge {__version__}\n"
    for command in (["schemas", "--check"], ["init"], ["check"], ["topics", "--table"], ["demo", "--help"]):
        ended = run(installed / "evbridge", *command, cwd=tmp_path)
        assert ended.returncode == 0, (command, ended.stdout, ended.stderr)
        assert ended.stderr == ""


async def test_the_installed_bridge_serves_a_charge_point_on_the_lowest_versions(installed: Path, tmp_path: Path) -> None:
    """Broker and central system are reached with every library at the lowest version we promise."""
    with Mosquitto() as broker:
        async with onlooker(broker) as topics, CentralSystem() as csms:
            (tmp_path / "evbridge.toml").write_text(
                f'[mqtt]\nhost = "{broker.host}"\nport = {broker.port}\n'
                f'[csms.office]\nurl = "{csms.url}"\n[charge_points.garage]\ncsms = "office"\n'
            )
            process = await asyncio.create_subprocess_exec(
                installed / "evbridge", "run", cwd=tmp_path, stdin=subprocess.DEVNULL, stderr=subprocess.PIPE
            )
            try:
                await topics.shows("charge_point/garage/online", "true")
                process.terminate()
                _, log = await asyncio.wait_for(process.communicate(), TIMEOUT_S)
            finally:
                if process.returncode is None:
                    process.kill()
    assert process.returncode == 0, log.decode()
    assert csms.faults() == []


# --- dependencies -------------------------------------------------------------------------------------------------------------------


def test_every_dependency_has_a_lower_bound_and_a_reason() -> None:
    """Whoever moves a bound knows why it is there."""
    text = (ROOT / "pyproject.toml").read_text()
    for line in PROJECT["project"]["dependencies"] + PROJECT["project"]["optional-dependencies"]["demo"]:
        assert any(specifier.operator == ">=" for specifier in Requirement(line).specifier), line
        assert re.search(re.escape(f'"{line}"') + r"[\],]*\s+# \S+", text), line


@pytest.mark.parametrize("lock", LOCKS, ids=lambda lock: str(lock.stem))
def test_locks_keep_the_bounds_and_name_no_host(lock: Path) -> None:
    """What is installed is what pyproject.toml promises, proven by hashes, from wherever a machine gets its packages."""
    pinned = locked(lock)
    for line in PROJECT["project"]["dependencies"]:
        wanted = Requirement(line)
        assert pinned[canonicalize_name(wanted.name)] in wanted.specifier
    text = lock.read_text()
    assert "://" not in text
    assert len(pinned) == len(re.findall(r"==[^\n]*\\\n    --hash=sha256:", text))


def test_the_lowest_lock_is_the_lowest() -> None:
    """Each library is tested at the very bound that is promised."""
    pinned = locked(ROOT / "requirements" / "lowest.txt")
    for line in PROJECT["project"]["dependencies"]:
        wanted = Requirement(line)
        lowest = min(Version(specifier.version) for specifier in wanted.specifier if specifier.operator == ">=")
        assert pinned[canonicalize_name(wanted.name)].release[:2] == (*lowest.release, 0)[:2], line


def test_the_tests_run_on_newer_websockets_than_the_demo() -> None:
    """The embedded broker holds it at 15.0.1; nobody else is held."""
    assert locked(ROOT / "requirements" / "demo.txt")["websockets"] == Version("15.0.1")
    assert locked(ROOT / "requirements" / "dev.txt")["websockets"] > Version("16")
    assert locked(ROOT / "requirements" / "dev.txt")["websockets"] == locked(ROOT / "requirements" / "run.txt")["websockets"]


def test_the_lock_of_the_node_parts_names_no_host() -> None:
    text = (ROOT / "tests" / "node" / "package-lock.json").read_text()
    assert '"resolved"' not in text


# --- the two commands ---------------------------------------------------------------------------------------------------------------


def test_make_offers_the_two_commands() -> None:
    """`make` alone tells what there is."""
    told = run("make")
    assert told.returncode == 0
    assert "make demo\t" in told.stdout
    assert "make test\t" in told.stdout


def test_ci_does_what_make_test_does() -> None:
    """One script, nothing weaker."""
    script = (ROOT / ".ci" / "run").read_text()
    assert "exec make --no-print-directory test" in script
    assert os.access(ROOT / ".ci" / "run", os.X_OK)


def test_make_demo_tells_its_story_and_its_books_balance() -> None:
    """As a newcomer sees it, in its own environment; here with the embedded broker."""
    told = run("make", "demo", "ARGS=--once --broker embedded", timeout_s=10 * BUILD_S)
    assert told.returncode == 0, told.stdout + told.stderr
    assert told.stdout.rstrip().endswith("central system + local + gaps = meter.")


@pytest.fixture
def bare(tmp_path: Path) -> Path:
    """A PATH with nothing on it but the shell's own tools."""
    for tool in ("sh", "dirname", "cmp", "cp", "rm", "id", "cat", "env"):
        found = shutil.which(tool)
        assert found is not None
        (tmp_path / tool).symlink_to(found)
    return tmp_path


def script(name: str, path: Path, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [shutil.which("sh") or "sh", str(ROOT / ".ci" / name), *arguments],
        env={"PATH": str(path), **environment},
        capture_output=True,
        text=True,
        check=False,
        timeout=BUILD_S,
    )


def test_a_missing_python_is_told_with_what_to_do(bare: Path) -> None:
    ended = script("python", bare)
    assert ended.returncode == 1
    assert ended.stderr.startswith("Python 3.11 or newer is needed.")


def test_a_python_without_venv_is_told_with_the_command_to_type(bare: Path) -> None:
    """Debian ships Python without the part that makes environments."""
    fake = bare / "python3"
    fake.write_text('#!/bin/sh\ncase "$2" in *ensurepip*) exit 1;; esac\nexit 0\n')
    fake.chmod(0o755)
    ended = script("python", bare)
    assert ended.returncode == 1
    assert "sudo apt-get install python3-venv" in ended.stderr


def test_an_old_python_is_passed_over(bare: Path) -> None:
    """The first that is new enough is taken."""
    old = bare / "python3"
    old.write_text("#!/bin/sh\nexit 1\n")
    old.chmod(0o755)
    (bare / "python3.12").symlink_to(sys.executable)
    ended = script("python", bare)
    assert ended.stdout == "python3.12\n"


def test_missing_peers_are_a_failure_with_the_command_to_type(bare: Path) -> None:
    """Never a skip: whoever reads green knows that everything ran."""
    nobody = bare / "id"
    nobody.unlink()
    nobody.write_text("#!/bin/sh\necho 1000\n")
    nobody.chmod(0o755)
    peers = bare / ".ci" / "peers"
    peers.parent.mkdir()
    # a copy that looks for mosquitto only where this test says
    peers.write_text((ROOT / ".ci" / "peers").read_text().replace("PATH=$PATH:/usr/sbin:/usr/local/sbin", ":"))
    ended = subprocess.run(
        [shutil.which("sh") or "sh", str(peers)], env={"PATH": str(bare), "CI": "true"}, capture_output=True, text=True, check=False
    )
    assert ended.returncode == 1
    assert "sudo apt-get install mosquitto mosquitto-clients nodejs npm" in ended.stderr
