"""meltano.yml, and what other projects get, say what the tap says."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest
import yaml
from jsonschema import Draft202012Validator

from tests.pipeline.meltano_command import (
    PROJECT,
    Meltano,
    meltano_in,
    schema_of_the_project_file,
)
from tests.pipeline.postgres import loader
from tests.tap.tap import run_tap

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

GENERATOR = PROJECT / "docs" / "generate_hub.py"
HUB = PROJECT / "hub"
DEFINITION = HUB / "_data/meltano/extractors/tap-purchase-orders/original.yml"
LOCK = HUB / "plugins/extractors/tap-purchase-orders--original.lock"
WHOLE = yaml.safe_load((PROJECT / "meltano.yml").read_text(encoding="utf-8"))
PLUGINS = WHOLE["plugins"]
EXTRACTOR, *INHERITED = PLUGINS["extractors"]
LOADER, *_ = PLUGINS["loaders"]
OF_THE_HUB = yaml.safe_load(DEFINITION.read_text(encoding="utf-8"))
SETTINGS = {setting["name"]: setting for setting in OF_THE_HUB["settings"]}
BOTH_UPSTREAMS = {
    "run_history": True,
    "partner_center": {"auth": {"method": "bearer_token", "token": "planted"}},
    "appzen": {
        "auth": {
            "method": "api_key",
            "api_key": "planted",
            "customer_id": "planted",
            "customer_key": "planted",
        },
        "purchase_order_numbers": {"source": "list", "numbers": []},
    },
}
# `orders` takes each customer whole once a week.
FOR_BY_HAND = "everything"
SECTIONS = ("shard", "partner_center", "appzen")
# A token that must be in nothing that Meltano says.
PLANTED = "planted-7f3a"


def generate(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, GENERATOR, *arguments],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def leaves(properties: dict[str, Any], prefix: str = "") -> Iterator[str]:
    for name, part in properties.items():
        if "properties" in part:
            yield from leaves(part["properties"], f"{prefix}{name}.")
        else:
            yield f"{prefix}{name}"


def secrets(properties: dict[str, Any], prefix: str = "") -> Iterator[str]:
    for name, part in properties.items():
        if part.get("secret"):
            yield f"{prefix}{name}"
        yield from secrets(part.get("properties", {}), f"{prefix}{name}.")


def tasks(job: dict[str, Any]) -> list[str]:
    """Return the plugins and commands of a job, one by one."""
    return " ".join(job["tasks"]).split()


@pytest.fixture
def meltano(tmp_path: Path) -> Meltano:
    return meltano_in(tmp_path)


@pytest.fixture
def foreign_project(tmp_path: Path) -> Meltano:
    """Meltano in a project that has nothing but the lock file."""
    project = tmp_path / "project"
    (project / "plugins" / "extractors").mkdir(parents=True)
    shutil.copy(LOCK, project / "plugins" / "extractors")
    project.joinpath("meltano.yml").write_text(
        "project_id: 00000000-0000-4000-8000-000000000001\n"
        "send_anonymous_usage_stats: false\n"
        "environments: [{name: dev}]\n"
        "plugins:\n"
        "  extractors:\n"
        "    - {name: tap-purchase-orders, variant: original}\n",
        encoding="utf-8",
    )
    there = meltano_in(tmp_path, BOTH_UPSTREAMS)
    return Meltano(there.directory, there.environment, project)


def test_meltano_knows_of_the_tap_what_other_projects_are_told() -> None:
    shared = EXTRACTOR.keys() & OF_THE_HUB.keys() - {"pip_url"}

    assert shared >= {"capabilities", "executable", "namespace", "select", "settings"}
    assert {name: EXTRACTOR[name] for name in shared} == {
        name: OF_THE_HUB[name] for name in shared
    }


def test_the_definition_is_what_the_code_says(tmp_path: Path) -> None:
    assert generate("--check").returncode == 0

    stale = shutil.copytree(HUB, tmp_path / "hub")
    for path in (DEFINITION, LOCK):
        changed = stale / path.relative_to(HUB)
        changed.write_text(changed.read_text("utf-8").replace("Strict", "Lax"))
    checked = generate("--check", stale).stderr
    assert f"{DEFINITION.name} is out of date" in checked
    assert f"{LOCK.name} is out of date" in checked
    assert generate(stale).returncode == 0
    assert generate("--check", stale).returncode == 0


def test_the_definition_has_what_the_tap_says_about_itself() -> None:
    about = json.loads(run_tap({}, "--about", "--format=json").output)
    schema = about["settings"]["properties"]
    # What the SDK adds has sections, too, but Meltano takes each as one object.
    parts = {n: part if n in SECTIONS else {} for n, part in schema.items()}
    sensitive = {name for name, part in SETTINGS.items() if part.get("sensitive")}

    assert list(SETTINGS) == list(leaves(parts))
    assert sensitive == set(secrets(schema))
    assert OF_THE_HUB["capabilities"] == sorted(about["capabilities"])


# With a default, Meltano would switch an upstream on.
def test_no_setting_of_the_tap_has_a_default_in_meltano() -> None:
    assert not [name for name, part in SETTINGS.items() if "value" in part]


def test_the_lock_file_and_the_definition_say_the_same() -> None:
    lock = json.loads(LOCK.read_text(encoding="utf-8"))

    assert lock.pop("plugin_type") == "extractors"
    assert lock == {name: OF_THE_HUB[name] for name in lock}
    assert set(OF_THE_HUB) - set(lock) == {
        "keywords",
        "maintenance_status",
        "next_steps",
        "prereq",
        "settings_preamble",
        "usage",
    }


def test_meltano_leaves_out_what_the_tap_leaves_out() -> None:
    catalog = json.loads(run_tap(BOTH_UPSTREAMS, "--discover").output)
    left_out = {
        ".".join([stream["stream"], *(part["breadcrumb"][1::2] or ["*"])])
        for stream in catalog["streams"]
        for part in stream["metadata"]
        if part["metadata"].get("selected-by-default") is False
    }

    assert left_out
    assert set(EXTRACTOR["select"]) == {"*.*", *(f"!{name}" for name in left_out)}


def test_together_the_scheduled_plugins_read_all_that_is_on_by_default() -> None:
    catalog = json.loads(run_tap(BOTH_UPSTREAMS, "--discover").output)
    on = {
        stream["stream"]
        for stream in catalog["streams"]
        if f"!{stream['stream']}.*" not in EXTRACTOR["select"]
    }
    selects = {plugin["name"]: set(plugin["select"]) for plugin in INHERITED}

    assert {name for select in selects.values() for name in select} == {
        *(f"{name}.*" for name in on),
        *(name for name in EXTRACTOR["select"] if not name.endswith("*")),
    }
    assert all("extraction_issues.*" in select for select in selects.values())
    # It counts on from the state of the hourly job.
    assert [name for name, select in selects.items() if has_changes(select)] == [
        "tap-purchase-orders--orders"
    ]


def has_changes(select: set[str]) -> bool:
    return "order_status_changes.*" in select


def test_the_project_keeps_to_meltanos_schema_of_its_file() -> None:
    schema = schema_of_the_project_file()
    # Meltano reads it, and has it in its own settings.
    schema["$defs"]["base_setting"]["properties"]["env_aliases"] = {}

    assert not list(Draft202012Validator(schema).iter_errors(WHOLE))


def test_every_schedule_has_a_job_and_every_job_its_plugins() -> None:
    jobs = {job["name"]: job for job in WHOLE["jobs"]}
    commands = {
        f"{plugin['name']}:{command}"
        for plugin in PLUGINS["utilities"]
        for command in plugin.get("commands", {})
    }
    plugins = {plugin["name"] for kind in PLUGINS.values() for plugin in kind}

    scheduled = {schedule["job"] for schedule in WHOLE["schedules"]}
    assert scheduled == set(jobs) - {FOR_BY_HAND}
    assert FOR_BY_HAND in jobs
    for job in jobs.values():
        assert set(tasks(job)) <= plugins | commands


def test_meltano_lists_jobs_and_schedules_without_asking_anybody(
    meltano: Meltano,
) -> None:
    jobs = json.loads(meltano("job", "list", "--format=json"))
    schedules = json.loads(meltano("schedule", "list", "--format=json"))

    assert [job["job_name"] for job in jobs["jobs"]] == [
        job["name"] for job in WHOLE["jobs"]
    ]
    listed = {
        each["name"]: each["cron_interval"] for each in schedules["schedules"]["job"]
    }
    assert listed == {each["name"]: each["interval"] for each in WHOLE["schedules"]}


def test_an_environment_has_schemas_of_its_own() -> None:
    places = [
        value
        for environment in WHOLE["environments"]
        for plugins in environment["config"]["plugins"].values()
        for plugin in plugins
        for name, value in plugin["config"].items()
        if name in {"default_target_schema", "schema"}
    ]

    assert [each["name"] for each in WHOLE["environments"]] == [
        "dev",
        "prod",
        "sandbox",
    ]
    assert len(set(places)) == len(places) == 6


def test_dbt_and_the_report_read_where_the_loader_writes(meltano: Meltano) -> None:
    for environment in WHOLE["environments"]:
        places = {
            plugin["name"]: plugin["config"]
            for plugins in environment["config"]["plugins"].values()
            for plugin in plugins
        }
        loaded = places["target-postgres"]["default_target_schema"]
        assert places["dbt"]["source_schema"] == loaded
        assert places["purchase-orders-report"]["source_schema"] == loaded
    given = {"TARGET_POSTGRES_DEFAULT_TARGET_SCHEMA": "elsewhere"}
    dbt = json.loads(meltano("--environment=prod", "config", "print", "dbt", **given))
    assert dbt["source_schema"] == "elsewhere"


def test_every_setting_of_the_loader_can_be_a_variable(meltano: Meltano) -> None:
    told = subprocess.run(
        [loader(), "--about", "--format=json"],
        capture_output=True,
        timeout=60,
        check=True,
    )
    schema = json.loads(told.stdout)["settings"]["properties"]
    settings = {setting["name"]: setting for setting in LOADER["settings"]}
    # Sections but for the tunnel are one object each.
    parts = {n: part if n == "ssh_tunnel" else {} for n, part in schema.items()}
    assert set(settings) == set(leaves(parts))
    assert set(secrets(schema)) <= {n for n, s in settings.items() if "sensitive" in s}

    given = {"TARGET_POSTGRES_BATCH_SIZE_ROWS": "500"}
    printed = json.loads(meltano("config", "print", "target-postgres", **given))
    assert printed["batch_size_rows"] == 500
    # The tap's records are valid.
    assert printed["validate_records"] is False
    given = {"TARGET_POSTGRES_VALIDATE_RECORDS": "true"}
    printed = json.loads(meltano("config", "print", "target-postgres", **given))
    assert printed["validate_records"] is True


def test_the_project_configures_no_upstream_and_no_secret() -> None:
    assert "config" not in EXTRACTOR
    assert {plugin["name"]: plugin["config"] for plugin in INHERITED} == {
        "tap-purchase-orders--orders": {
            "run_history": True,
            # In place of a weekly job: no setting that says whom to ask, and how.
            "partner_center": {"full_table_days": 7},
        },
        "tap-purchase-orders--purchase-orders": {"run_history": True},
        "tap-purchase-orders--everything": {"run_history": True},
    }
    for environment in WHOLE["environments"]:
        assert "extractors" not in environment["config"]["plugins"]
    sensitive = [
        setting
        for plugins in PLUGINS.values()
        for plugin in plugins
        for setting in plugin.get("settings", ())
        if setting.get("sensitive")
    ]
    assert sensitive
    assert not [setting["name"] for setting in sensitive if "value" in setting]


def test_the_project_asks_nobody_but_the_package_index() -> None:
    assert WHOLE["send_anonymous_usage_stats"] is False
    assert WHOLE["cli"] == {"disable_version_check": True}
    locked = ("--require-hashes -r constraints/", "-c constraints/")
    for plugin in (EXTRACTOR, *PLUGINS["loaders"], *PLUGINS["utilities"]):
        assert plugin["pip_url"].startswith(locked)


def test_another_project_runs_the_tap_from_the_lock_file_alone(
    foreign_project: Meltano,
) -> None:
    wanted = {"TAP_PURCHASE_ORDERS_PARTNER_CENTER_AUTH_TOKEN": PLANTED}
    listed = foreign_project("config", "list", "tap-purchase-orders", **wanted)
    about = foreign_project("invoke", "tap-purchase-orders", "--about", "--format=json")
    extras = foreign_project("config", "print", "--extras", "tap-purchase-orders")

    assert "partner_center.auth.token" in listed
    assert PLANTED not in listed
    assert json.loads(about)["name"] == "tap-purchase-orders"
    assert json.loads(extras)["_select"] == EXTRACTOR["select"]
