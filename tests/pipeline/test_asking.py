"""Pages and feeds that a person names are asked for like all others: under the guard, through the proxy."""

from __future__ import annotations

import pytest

from core.errors import InputError
from pipeline.asking import fetched_alone
from tests.builders import World


async def test_a_named_page_goes_through_the_proxy_of_the_installation(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("http_proxy", world.web.url())
    monkeypatch.delenv("no_proxy", raising=False)
    world.web.choose = None
    answer = await fetched_alone(world.settings(proxy_from_env=True), "http://news.example/feed")
    assert answer.status == 200
    assert [request.path for request in world.web.requests] == ["http://news.example/feed"]


async def test_a_named_page_at_a_private_address_is_refused_with_the_setting_that_opens_it(world: World) -> None:
    with pytest.raises(InputError, match="private or special") as told:
        await fetched_alone(world.settings(allow_addresses=""), world.url("/rss"))
    assert "WIREWATCH_ALLOW_ADDRESSES" in told.value.hint
    assert world.web.requests == []
