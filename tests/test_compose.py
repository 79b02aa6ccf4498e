"""docker-compose.yml against the compose specification's schema, and against what operators were promised."""

from __future__ import annotations

import json
import os
import re
import subprocess
from importlib.resources import files
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

from core.settings import Settings
from tests.sinks.http import HttpSink

ROOT = Path(__file__).parents[1]
TEXT = (ROOT / "docker-compose.yml").read_text()
OURS = ("prefect-server", "migrate", "worker", "web")
VARIABLE = re.compile(r"\$\{(\w+)(:?[-?][^}]*)?\}")


@pytest.fixture(scope="module")
def compose() -> dict[str, Any]:
    document = yaml.safe_load(TEXT)
    assert isinstance(document, dict)
    return document


@pytest.fixture(scope="module")
def services(compose: dict[str, Any]) -> dict[str, Any]:
    return dict(compose["services"])


def schema() -> dict[str, Any]:
    file = files("check_jsonschema.builtin_schemas.vendor").joinpath("compose-spec.json")
    return dict(json.loads(file.read_text(encoding="utf-8")))


def test_the_file_follows_the_compose_specification(compose: dict[str, Any]) -> None:
    jsonschema.validate(compose, schema())


def test_the_schema_would_refuse_a_misspelt_key(compose: dict[str, Any]) -> None:
    web = {**compose["services"]["web"], "helthcheck": {}}
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate({**compose, "services": {"web": web}}, schema())


def test_the_services_are_those_of_the_guide(services: dict[str, Any]) -> None:
    assert set(services) == {"postgres", *OURS}


def test_every_lasting_service_has_a_health_check(services: dict[str, Any]) -> None:
    for name in set(services) - {"migrate"}:
        check = services[name]["healthcheck"]
        assert check["test"][0] == "CMD", name
        assert {"interval", "timeout", "retries", "start_period"} <= set(check), name


@pytest.mark.parametrize(("name", "port"), [("web", 8080), ("prefect-server", 4200)])
def test_a_health_check_asks_past_the_proxy_that_the_environment_names(
    services: dict[str, Any], name: str, port: int
) -> None:
    _, *asks = services[name]["healthcheck"]["test"]
    with HttpSink() as sink:
        here = [word.replace(f"http://127.0.0.1:{port}", sink.url("").rstrip("/")) for word in asks]
        subprocess.run(here, env={**os.environ, "http_proxy": "http://127.0.0.1:9", "no_proxy": ""}, check=True)
    assert len(sink.requests) == 1
    assert asks[-1] in (ROOT / "Dockerfile").read_text() or name != "web"


def test_prefects_server_is_asked_without_the_proxy_that_feeds_are_asked_through(services: dict[str, Any]) -> None:
    assert "prefect-server" in services["worker"]["environment"]["NO_PROXY"]


def test_the_worker_begins_while_prefects_server_is_away_and_the_deployments_are_registered_later(
    services: dict[str, Any], tmp_path: Path
) -> None:
    said, away = tmp_path / "said", tmp_path / "away"
    away.touch()
    (tmp_path / "sleep").write_text(f"#!/bin/sh\nrm {away}\n")
    (tmp_path / "wirewatch").write_text(
        f"""#!/bin/sh
        echo "$1" >> {said}
        if [ "$1" = deploy ]; then [ ! -e {away} ]; else until [ "$(grep -c deploy {said})" = 2 ]; do :; done; fi"""
    )
    for made in ("sleep", "wirewatch"):
        (tmp_path / made).chmod(0o700)
    assert services["worker"]["depends_on"]["prefect-server"]["required"] is False, "compose starts it all the same"
    words = [*services["worker"]["entrypoint"], *services["worker"]["command"]]
    environ = {**os.environ, "PATH": f"{tmp_path}:{os.environ['PATH']}"}
    subprocess.run(words, env=environ, check=True, timeout=60)
    assert sorted(said.read_text().split()) == ["deploy", "deploy", "worker"]


def test_only_the_page_is_published_and_only_on_loopback(services: dict[str, Any]) -> None:
    assert {name for name in services if "ports" in services[name]} == {"web"}
    assert services["web"]["ports"] == ["${WIREWATCH_PUBLISH:-127.0.0.1:8080}:8080"]


def test_our_services_run_without_root_and_without_capabilities(services: dict[str, Any]) -> None:
    for name in OURS:
        assert services[name]["user"] == "10001:10001"
        assert services[name]["cap_drop"] == ["ALL"]
        assert "no-new-privileges:true" in services[name]["security_opt"]


def test_all_our_services_run_one_image(services: dict[str, Any]) -> None:
    assert len({services[name]["image"] for name in OURS}) == 1


def test_every_password_comes_from_the_environment_and_has_no_default() -> None:
    for name, rest in VARIABLE.findall(TEXT):
        if re.search("PASSWORD|KEY|TOKEN", name):
            needed = name != "WIREWATCH_PASSWORD"  # without it the page refuses to start until somebody is added
            assert rest.startswith(":?") if needed else rest == "-", name


def test_no_password_stands_in_the_file(services: dict[str, Any]) -> None:
    for service in services.values():
        for name, value in service.get("environment", {}).items():
            if value is None:  # taken from .env
                continue
            if re.search("PASSWORD|KEY|AUTH", name) or ("://" in value and "@" in value):
                assert VARIABLE.search(value), name


def test_every_setting_can_be_given_or_is_fixed_by_what_stands_around_it(services: dict[str, Any]) -> None:
    fixed = {"config", "data"}  # by the image: /etc/wirewatch/watch.yaml, /data
    wanted = {f"WIREWATCH_{name.upper()}" for name in set(Settings.model_fields) - fixed}
    of_the_page = {f"WIREWATCH_{name}" for name in ("HOST", "PORT", "PASSWORD", "TRUSTED_PROXIES")}
    assert wanted - of_the_page <= set(services["worker"]["environment"])
    assert wanted <= set(services["web"]["environment"])


def test_every_password_is_named_in_the_example(services: dict[str, Any]) -> None:
    named = set(re.findall(r"^#?(\w+)=", (ROOT / ".env.example").read_text(), re.M))
    used = {name for name, rest in VARIABLE.findall(yaml.dump(services)) if rest}
    assert used == named


def test_the_example_has_no_values() -> None:
    lines = (ROOT / ".env.example").read_text().splitlines()
    assert all(line.endswith("=") for line in lines if line and not line.startswith("#"))


def test_one_service_migrates_and_the_others_wait_for_it(services: dict[str, Any]) -> None:
    assert services["migrate"]["command"] == ["db", "upgrade"]
    for name in ("worker", "web"):
        assert services[name]["depends_on"]["migrate"]["condition"] == "service_completed_successfully"


def test_prefect_has_a_database_and_a_role_of_its_own(services: dict[str, Any]) -> None:
    prefect = services["prefect-server"]["environment"]["PREFECT_SERVER_DATABASE_CONNECTION_URL"]
    own = services["worker"]["environment"]["WIREWATCH_DATABASE"]
    assert prefect.endswith("@postgres:5432/prefect")
    assert own.endswith("@postgres:5432/wirewatch")
    script = (ROOT / "docker" / "prefect-database.sh").read_text()
    assert "CREATE ROLE prefect" in script
    assert "CREATE DATABASE prefect" in script


def test_prefect_asks_for_a_password_sends_nothing_home_and_forgets_old_runs(services: dict[str, Any]) -> None:
    environment = services["prefect-server"]["environment"]
    assert environment["PREFECT_SERVER_API_AUTH_STRING"] == services["worker"]["environment"]["PREFECT_API_AUTH_STRING"]
    assert environment["PREFECT_SERVER_ANALYTICS_ENABLED"] == "false"
    assert environment["PREFECT_SERVER_SERVICES_DB_VACUUM_ENABLED"] == "events,flow_runs"


def test_what_must_last_is_in_a_volume(compose: dict[str, Any], services: dict[str, Any]) -> None:
    assert set(compose["volumes"]) == {"postgres-data", "wirewatch-data"}
    assert "postgres-data:/var/lib/postgresql/data" in services["postgres"]["volumes"]
    for name in ("worker", "web"):
        assert {"type": "volume", "source": "wirewatch-data", "target": "/data"} in services[name]["volumes"]


def test_the_image_is_built_in_stages_and_runs_without_root() -> None:
    lines = (ROOT / "Dockerfile").read_text().splitlines()
    stages = [line for line in lines if line.startswith("FROM ")]
    assert len(stages) == 2
    last = lines[lines.index(stages[-1]) :]
    assert "USER 10001:10001" in last
    assert any(line.startswith("HEALTHCHECK") for line in last)


def test_the_image_is_built_from_what_a_wheel_needs_and_nothing_else() -> None:
    kept = {line[1:] for line in (ROOT / ".dockerignore").read_text().splitlines() if line.startswith("!")}
    listed = set(
        re.findall(
            r'^    "(\w+)",$', (ROOT / "pyproject.toml").read_text().split("packages = [")[1].split("]")[0], re.M
        )
    )
    assert kept == listed | {"pyproject.toml", "requirements.lock", "requirements-build.lock", "README.md", "LICENSE"}
