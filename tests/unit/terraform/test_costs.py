"""docs/aws-costs.md adds up, and counts what the plans of terraform/ make."""

import re
from decimal import ROUND_HALF_UP, Decimal
from typing import NamedTuple

import pytest

from common.settings import ROOT

PAGE = (ROOT / "docs" / "aws-costs.md").read_text(encoding="utf-8")
CENT = Decimal("0.01")
HOURS = 24
DAYS = 30


class Part(NamedTuple):
    name: str
    quantity: Decimal
    price: Decimal
    cost: Decimal
    is_idle: bool


def cells(line: str) -> list[str]:
    return [cell.strip().strip("*") for cell in line.strip("|").split("|")]


def section(title: str) -> tuple[list[Part], Decimal, Decimal]:
    """Return the parts of a section's table, and its sums: of all, and of those that cost while idle."""
    rows = [
        cells(line)
        for line in PAGE.partition(f"\n### {title}\n")[2].partition("\n#")[0].splitlines()
        if re.match(r"\| (?!part )", line)
    ]
    *parts, last = rows
    return (
        [Part(row[0], Decimal(row[1]), Decimal(row[3]), Decimal(row[4]), row[5] == "yes") for row in parts],
        Decimal(last[4]),
        Decimal(last[5]),
    )


SECTIONS = re.findall(r"^### (.+)$", PAGE, re.M)
SHARED, MANAGED, PROVISIONED, _ENDPOINTS, AIRFLOW = SECTIONS


def default(variable: str, module: str = "managed") -> str:
    text = (ROOT / "terraform" / module / "variables.tf").read_text(encoding="utf-8")
    block = text.partition(f'variable "{variable}"')[2].partition("\nvariable ")[0]
    [value] = re.findall(r'^ +default +=\s+"?([^"\n]*)"?$', block, re.M)
    return str(value)


def managed(file: str) -> str:
    return (ROOT / "terraform" / "managed" / file).read_text(encoding="utf-8")


@pytest.mark.parametrize("title", SECTIONS)
def test_each_part_is_its_quantity_times_its_price(title: str) -> None:
    parts, total, idle = section(title)
    assert parts
    for part in parts:
        assert part.cost == (part.quantity * part.price).quantize(CENT, ROUND_HALF_UP), part.name
    assert total == sum(part.cost for part in parts)
    assert idle == sum(part.cost for part in parts if part.is_idle)


def test_the_plans_are_the_sums_of_their_parts() -> None:
    table = PAGE.partition("| plan |")[2].partition("\n\n")[0].splitlines()[2:]
    shown = [[Decimal(cell) for cell in cells(line)[1:]] for line in table]
    sums = {title: section(title)[1:] for title in SECTIONS}
    serverless = [part for part in section(MANAGED)[0] if part.name.startswith("MSK Serverless")]
    less = sum(part.cost for part in serverless), sum(part.cost for part in serverless if part.is_idle)
    expected = []
    for which in range(2):
        shared, both = sums[SHARED][which], sums[SHARED][which] + sums[MANAGED][which]
        provisioned = both - less[which] + sums[PROVISIONED][which]
        expected.append([shared, both, provisioned, provisioned + sums[AIRFLOW][which]])
    days, idles = expected
    assert shown == [[day, idle, day * DAYS] for day, idle in zip(days, idles, strict=True)]
    assert f"of the {days[1]} a day of the default, {idles[1]} are asked" in PAGE


def test_the_page_counts_what_the_plans_make() -> None:
    zones, streams, tables = int(default("zones")), 3, 3
    endpoints = len(
        re.findall(r'"', re.findall(r"interface_endpoints = .* : \[(.+)\]", managed("network.tf"))[0])
    )
    [cpu], [memory] = (
        re.findall(rf"rest-proxy = \{{.*?{what} += (\d+)", managed("tasks.tf"), re.S)[:1]
        for what in ("cpu", "memory")
    )
    flushes = 86_400_000 / int(default("sink_rotate_ms"))
    quantities = {part.name: float(part.quantity) for title in SECTIONS for part in section(title)[0]}
    expected = {
        "Kinesis: three streams of one shard": streams * int(default("kinesis_shards", "shared")) * HOURS,
        "S3: objects of the landing zone": tables * flushes / 1000,
        "MSK Connect: one worker of one MCU": int(re.findall(r"mcu_count += (\d+)", managed("connect.tf"))[0])
        * HOURS,
        "Fargate: the REST proxy's processor": int(cpu) / 1024 * HOURS,
        "Fargate: the REST proxy's memory": int(memory) / 1024 * HOURS,
        f"MSK: two brokers, `{default('kafka_instance_type')}`": zones * HOURS,
        f"MSK: {default('kafka_storage_gb')} GB for each broker": zones
        * int(default("kafka_storage_gb"))
        / DAYS,
        "four interface endpoints in two zones": endpoints / 2 * zones * HOURS,
        f"MWAA: an environment of `{default('airflow_class')}`": HOURS,
    }
    assert {name: quantities[name] for name in expected} == pytest.approx(expected, rel=1e-4)
    assert (default("kafka"), default("egress"), default("postgres_host")) == ("serverless", "nat", "")
