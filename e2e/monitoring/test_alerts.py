"""Every alert by promtool: valid for Prometheus, firing when it is to, silent when not."""

import shutil
import subprocess
from pathlib import Path

import pytest
import yaml

from e2e.monitoring.programs import BUILD_SECONDS, prometheus_programs

RULES = Path(__file__).parents[2] / "charts/searchindex/files/alerts.yaml"
CASES = Path(__file__).with_name("alerts_test.yaml")

pytestmark = pytest.mark.timeout(BUILD_SECONDS)


def promtool(*arguments: str | Path) -> str:
    done = subprocess.run([prometheus_programs() / "promtool", *arguments], capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr


def test_prometheus_takes_the_rules():
    """Queries, durations and the templates in what they say."""
    assert "SUCCESS" in promtool("check", "rules", "--lint=all", "--lint-fatal", RULES)


def test_alerts_fire_when_they_are_to(tmp_path: Path):
    """Each at least once, and each at least once not. Without the annotations: promtool would want each of them repeated in each case."""
    rules = yaml.safe_load(RULES.read_text("utf-8"))
    for rule in (each for group in rules["groups"] for each in group["rules"]):
        del rule["annotations"]
    (tmp_path / "alerts.yaml").write_text(yaml.safe_dump(rules))
    shutil.copy(CASES, tmp_path)
    assert "SUCCESS" in promtool("test", "rules", tmp_path / CASES.name)
