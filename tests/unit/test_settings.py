"""What an operator can set, and how a mistake is told."""

import dataclasses
import re
from pathlib import Path
from typing import get_type_hints

import pytest

from integration_engine.routing.switches import Switches
from integration_engine.settings import FeedSettings, SettingsError, SwitchSettings, load_settings


@pytest.fixture(autouse=True)
def no_settings_from_outside(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    import os

    for name in [name for name in os.environ if name.startswith("CDR_")]:
        monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)


def written(text: str) -> Path:
    path = Path("cdr.toml")
    path.write_text(text, encoding="utf-8")
    return path


def refused(text: str) -> dict[str, str]:
    with pytest.raises(SettingsError) as error:
        load_settings(written(text))
    return dict(error.value.problems)


def test_without_a_file_everything_has_a_default() -> None:
    settings = load_settings()
    assert settings.database_url.get_secret_value() == "sqlite:///var/cdr.sqlite3"
    assert [listener.port for listener in settings.mllp] == [2575]


def test_the_environment_wins_over_the_file(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CDR_HTTP_PORT", "9090")
    settings = load_settings(written("http_port = 8081\nbatch_size = 7\n"))
    assert (settings.http_port, settings.batch_size) == (9090, 7)


def test_what_the_caller_says_wins_over_both(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CDR_HTTP_PORT", "9090")
    assert load_settings(written("http_port = 8081\n"), http_port=0).http_port == 0


def test_an_unknown_setting_is_refused_by_name() -> None:
    assert refused("max_bdy_bytes = 3\n") == {"max_bdy_bytes": "there is no such setting"}


def test_an_unknown_setting_of_a_feed_is_refused_by_place() -> None:
    feed = '[[feeds]]\nname = "a"\npartner = "RTH"\nkind = "hospital-hl7"\nprofile = "nhs-adt"\ncolour = "red"\n'
    assert refused(feed) == {"feeds.0.colour": "there is no such setting"}


def test_an_unknown_switch_is_refused_by_name() -> None:
    assert "switches.looked_after_lead" in refused("[switches]\nlooked_after_lead = false\n")


def test_a_wrong_value_is_named_and_not_shown() -> None:
    problems = refused('http_port = "sesame"\n')
    assert list(problems) == ["http_port"]
    assert "sesame" not in str(problems)


def test_an_address_with_a_password_is_never_printed() -> None:
    settings = load_settings(written('amqp_url = "amqp://gateway:sesame@broker/"\n'))
    assert "sesame" not in repr(settings) + str(settings) + settings.model_dump_json()
    assert settings.amqp_url.get_secret_value() == "amqp://gateway:sesame@broker/"


def test_a_file_that_is_no_toml_is_told_by_line_and_without_its_content() -> None:
    problems = refused('amqp_url = "amqp://u:sesame\n')
    assert "line 1" in problems["cdr.toml"]
    assert "sesame" not in problems["cdr.toml"]


def test_a_file_named_by_hand_must_be_there(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CDR_CONFIG", "elsewhere.toml")
    with pytest.raises(SettingsError, match="no such file"):
        load_settings()


def test_environment_json_that_cannot_be_read_names_the_setting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CDR_MLLP", '[{"po')
    with pytest.raises(SettingsError) as error:
        load_settings()
    assert error.value.problems[0][0] == "mllp"


def test_two_feeds_of_one_name_are_refused() -> None:
    feed = '[[feeds]]\nname = "a"\npartner = "RTH"\nkind = "hospital-hl7"\nprofile = "nhs-adt"\n'
    assert "two feeds have the same name" in refused(feed * 2)["feeds"]


@pytest.mark.parametrize(("setting", "wrong"), [("charset", "klingon"), ("version", "R4")])
def test_a_feeds_character_set_or_version_that_nobody_knows_is_refused(setting: str, wrong: str) -> None:
    feed = '[[feeds]]\nname = "a"\npartner = "RTH"\nkind = "hospital-hl7"\nprofile = "nhs-adt"\n'
    assert setting in refused(f'{feed}{setting} = "{wrong}"\n')["feeds"]


def test_a_feed_is_what_the_adapters_take() -> None:
    settings = load_settings(
        written(
            '[[feeds]]\nname = "a"\npartner = "RTH"\nkind = "police"\nprofile = "niche"\nmidnight_is_unknown = false\n'
        )
    )
    [feed] = settings.feed_list
    assert (feed.partner, feed.kind, feed.profile, feed.midnight_is_unknown) == ("RTH", "police", "niche", False)


def test_every_feed_setting_of_the_adapters_can_be_set() -> None:
    from adapters.adapter import Feed

    assert set(FeedSettings.model_fields) == {field.name for field in dataclasses.fields(Feed)}


def test_every_switch_of_routing_can_be_set_and_nothing_else() -> None:
    assert set(get_type_hints(SwitchSettings)) == {field.name for field in dataclasses.fields(Switches)}


def test_switches_reach_routing_and_the_age_rule() -> None:
    settings = load_settings(written('[switches]\nleap_birthday_in_march = false\ncdop_due = "48h"\n'))
    assert Switches(**settings.switches).cdop_due == "48h"
    assert not settings.age_rules.leap_birthday_in_march


MESH = """
[mesh]
url = "https://mesh.example.nhs.uk"
shared_key = "sesame"
[[mesh.mailboxes]]
id = "x26hc001"
password = "sesame"
"""


def test_a_mailbox_is_known_in_capitals_and_its_password_is_never_printed() -> None:
    settings = load_settings(written(MESH))
    assert settings.mesh
    assert settings.mesh.mailboxes[0].id == settings.mesh.sending == "X26HC001"
    assert "sesame" not in repr(settings) + str(settings) + settings.model_dump_json()


@pytest.mark.parametrize(
    ("said", "instead", "why"),
    [
        ("https://mesh.example.nhs.uk", "http://mesh.example.nhs.uk", "https"),
        ('shared_key = "sesame"', "", "shared_key"),
        ('password = "sesame"', "", "password"),
        ('shared_key = "sesame"', 'shared_key = "sesame"\ncertificate = "a.pem"', "certificate and key"),
        ('shared_key = "sesame"', 'shared_key = "sesame"\nsend_from = "OTHER"', "send_from"),
        (
            "[[mesh.mailboxes]]",
            '[[mesh.senders]]\nmailbox = "A"\npartner = "RTH"\n' * 2 + "[[mesh.mailboxes]]",
            "twice",
        ),
        (
            "[[mesh.mailboxes]]",
            '[[mesh.recipients]]\nrecipient = "cdop.*"\nmailbox = "A"\n[[mesh.mailboxes]]',
            "pattern",
        ),
        (
            "[[mesh.mailboxes]]",
            '[[mesh.workflows]]\nid = "CDR_DELIVERY_ACK"\nkind = "police"\n[[mesh.mailboxes]]',
            "delivery_answer_workflow",
        ),
    ],
)
def test_mesh_that_cant_be_so_is_refused_with_the_reason(said: str, instead: str, why: str) -> None:
    problems = refused(MESH.replace(said, instead, 1))
    assert any(why in text for text in problems.values())
    assert "sesame" not in str(problems)


def test_a_part_of_mesh_may_come_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CDR_MESH__EVERY_SECONDS", "5")
    settings = load_settings(written(MESH))
    assert settings.mesh
    assert settings.mesh.every_seconds == 5


@pytest.mark.parametrize(
    ("folders", "why"),
    [
        (['folder = "in"', 'folder = "in"'], "twice"),
        (['folder = "in"', 'folder = "in/below"'], "within"),
        (['folder = "in"\nkind = "police"'], "partner"),
        (['folder = "in"\npartner = "RTH"\nfeed = "a"'], "kind"),
    ],
)
def test_folders_that_cant_be_so_are_refused_with_the_reason(folders: list[str], why: str) -> None:
    problems = refused("".join(f"[[folders]]\n{each}\n" for each in folders))
    assert any(why in text for text in problems.values())


OIDC = '[oidc]\nissuer = "ISSUER"\nclient_id = "cdr"\n[[oidc.roles]]\nclaim = "r"\nvalue = "x"\nrole = "operator"\n'


def test_a_provider_of_identities_is_asked_over_tls_only_and_sends_people_back_to_a_known_address() -> None:
    ours = 'public_url = "https://cdr.example.org"\n'
    for issuer in ("http://login.example.org", "ftp://127.0.0.1", "login.example.org", "http://127.0.0.1.example.org"):
        assert refused(ours + OIDC.replace("ISSUER", issuer))
    assert refused(OIDC.replace("ISSUER", "https://login.example.org"))
    assert load_settings(written(ours + OIDC.replace("ISSUER", "https://login.example.org"))).oidc
    assert refused('trusted_proxies = ["somewhere"]')


def test_the_examples_of_the_page_about_identity_are_settings() -> None:
    page = (Path(__file__).parents[2] / "docs" / "identity.md").read_text(encoding="utf-8")
    examples = re.findall(r"```toml\n(.*?)```", page, re.DOTALL)
    assert len(examples) == 2
    loaded = [load_settings(written(example)) for example in examples]
    assert loaded[0].http_tls is not None
    assert loaded[1].oidc is not None
    assert loaded[1].oidc.mapped().areas == ("groups", "boards")
