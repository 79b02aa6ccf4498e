"""The outlets' feeds and files as the demo serves them, and the watch file that goes with them."""

from pathlib import Path

import feedparser  # type: ignore[import-untyped]
import pytest
from ruamel.yaml import YAML

from seeds import SEEDS, SITES, Site, originals_folder, site_files, watch_text
from seeds.build import documents

BASES = {"a": "http://127.0.0.1:7001", "b": "http://127.0.0.1:7002"}


@pytest.mark.parametrize("site", SITES.values(), ids=lambda site: site.name)
def test_a_feed_lists_seven_articles_the_newest_first_with_all_they_need(site: Site) -> None:
    parsed = feedparser.parse((SEEDS / site.feed.lstrip("/")).read_bytes())
    assert not parsed.bozo
    assert parsed.version == {"a": "rss20", "b": "atom10"}[site.key]
    assert len({entry.id for entry in parsed.entries}) == len(parsed.entries) == 7
    assert all(entry.title and entry.author and entry.summary for entry in parsed.entries)
    dates = [entry.published_parsed for entry in parsed.entries]
    assert dates == sorted(dates, reverse=True)
    assert all(date[:2] == (2023, 4) for date in dates)


@pytest.mark.parametrize("site", SITES.values(), ids=lambda site: site.name)
def test_every_link_of_a_served_feed_is_served(site: Site) -> None:
    base = BASES[site.key]
    files = site_files(site, base)
    links = [entry.link for entry in feedparser.parse(files[site.feed][0]).entries]
    assert len(links) == 7
    assert all(link.removeprefix(base) in files for link in links)


@pytest.mark.parametrize("site", SITES.values(), ids=lambda site: site.name)
def test_nothing_served_leads_to_the_made_up_origins(site: Site) -> None:
    for content, content_type in site_files(site, BASES[site.key]).values():
        assert content_type
        assert all(outlet.origin.encode() not in content for outlet in SITES.values())


def test_the_two_restatements_are_told_by_two_outlets() -> None:
    sites = {document.meta.slug: document.meta.site for document in documents()}
    assert sites["blinken-hanoi-visit"] != sites["strategic-upgrade-question"]


def test_the_watch_file_is_moved_to_the_demo_s_addresses() -> None:
    text = watch_text(BASES, mail_port=7025, hook_port=7080, public_url="http://127.0.0.1:7090")
    watch = YAML(typ="safe").load(text)
    assert [feed["url"] for feed in watch["feeds"]] == [BASES[key] + SITES[key].feed for key in SITES]
    assert watch["channels"]["desk-mail"]["port"] == 7025
    assert watch["channels"]["desk-hook"]["url"] == "webhook://127.0.0.1:7080/hook"
    assert watch["settings"]["public_url"] == "http://127.0.0.1:7090"


def test_the_watch_file_has_no_quiet_hours_budget_or_digest() -> None:
    text = (SEEDS / "watch.yaml").read_text(encoding="utf-8")
    assert not any(word in text for word in ("quiet", "budget", "digest"))


def test_the_folder_of_the_seed_documents_is_named_by_the_environment(tmp_path: Path) -> None:
    assert originals_folder({"WIREWATCH_SEEDS": str(tmp_path)}) == tmp_path
    assert originals_folder({"WIREWATCH_SEEDS": str(tmp_path / "missing")}) is None
