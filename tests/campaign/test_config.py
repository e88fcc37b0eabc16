"""One config of a campaign: what its sections share, and what is refused."""

import pytest

from dbnchurn.campaign.config import CampaignConfig, read_campaign_config
from dbnchurn.campaign.options import AllocateConfig
from dbnchurn.config import json_schema
from dbnchurn.core.errors import ConfigError

CONFIG = """
campaign: spring
currency: EUR
worth: 240
control: 0.2
plan: {customers: 1000, base_rate: 0.1, effect: -0.05}
allocate:
  contact_date: 2026-09-01
  customers: {path: scores.csv, missing: [unknown]}
  id: id
  effect_of: contact
  offers: {discount: {effect: 0.2}}
  channels: {mail: {cost: 1}}
lift: {days: 90}
"""


@pytest.fixture
def read(tmp_path):
    def read(*changes: str, text: str = CONFIG) -> CampaignConfig:
        path = tmp_path / "campaign.yaml"
        path.write_text(text)
        return read_campaign_config(path, changes)

    return read


def test_what_stands_at_the_top_holds_in_every_section(read):
    config = read()
    plan, allocate, lift = config.for_plan(), config.for_allocate(), config.for_lift()
    assert {plan.worth, allocate.worth, lift.worth} == {240}
    assert {plan.currency, allocate.currency, lift.currency} == {"EUR"}
    assert {plan.control, allocate.control} == {0.2}
    assert {allocate.campaign, lift.campaign} == {"spring"}
    assert isinstance(allocate, AllocateConfig)
    assert allocate.customers.missing == ("unknown",)


def test_a_section_may_say_its_own_worth_and_control(read):
    config = read("allocate.worth=revenue", "plan.control=0.5", "lift.every=true")
    assert (config.for_allocate().worth, config.for_lift().worth) == ("revenue", 240)
    assert (config.for_plan().control, config.for_allocate().control) == (0.5, 0.2)
    assert config.for_lift().campaign is None  # all of the log
    own = read("lift.every=true", "lift.campaign=spring").for_lift()
    assert (own.campaign, own.every) == ("spring", True)  # refused where the log is read


def test_the_same_config_without_a_top(read):
    moved = {f"allocate.{k}={v}" for k, v in {"campaign": "a", "currency": "X", "worth": 1}.items()}
    config = read(*moved, "campaign=null", "currency=null", "worth=null", "control=null")
    assert (config.for_allocate().campaign, config.for_allocate().control) == ("a", 0.1)
    assert config.for_plan().worth is None


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        (["lift.currency=USD"], "currency is .EUR. at the top and .USD. in lift"),
        (["allocate.campaign=fall"], "campaign is 'spring' at the top and 'fall' in allocate"),
        (["worth=null"], "allocate needs 'worth': say it at the top"),
        (["budget=800"], "budget: renamed to allocate.budget"),
        (["control=0"], "control"),
    ],
)
def test_two_readings_and_former_keys_are_refused(read, changes, told):
    with pytest.raises(ConfigError, match=told):
        read(*changes)


def test_a_missing_section_is_named_with_the_file(read):
    config = read(text="lift: {days: 9}")
    with pytest.raises(ConfigError, match=r"spring\.yaml: there is no section 'plan'"):
        config.for_plan("spring.yaml")
    with pytest.raises(ConfigError, match=r"spring\.yaml: there is no section 'allocate'"):
        config.for_allocate("spring.yaml")


def test_the_schema_asks_for_no_more_than_the_reader():
    schema = json_schema(CampaignConfig)
    assert "required" not in schema
    assert "campaign" not in schema["$defs"]["AllocateSection"]["required"]
