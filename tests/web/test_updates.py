"""Those who listen for updates: told what is new and theirs, forgotten when they leave."""

import asyncio
import json

from streamseg.index import Index, schema
from streamseg.web.archive import Archive
from streamseg.web.updates import Updates, _lines
from tests.web.serving import event, made_up, url_of


async def snapshot(call, body):
    return {"streams": [{"name": "a"}, {"name": "b"}, {"name": "late"}]}


async def heard(lines, name):
    """The data of the next message of a name."""
    while not (line := await anext(lines)).startswith(f"event: {name}\n".encode()):
        pass
    return json.loads(line.split(b"data: ")[1])


def test_a_listener_hears_what_is_new_of_its_streams_also_of_those_that_come_later(tmp_path):
    made_up(tmp_path)

    async def scene():
        updates = Updates(snapshot, Archive(tmp_path, url_of(tmp_path)))
        lines = _lines(updates, lambda stream: stream != "b")
        assert [row["name"] for row in await heard(lines, "streams")] == ["a", "late"]
        index = Index(url_of(tmp_path))
        row = {"stream": "late", "source": "late.mp4", "width": 9, "height": 9, "fps": None, "live": True}
        new = [event("b", 9), event("late", 1), event("a", 9, number=1)]
        index.write({schema.streams: [row], schema.events: new})
        index.close()
        assert [(row["stream"], row["track"]) for row in await heard(lines, "happened")] == [("late", 1), ("a", 9)]
        await lines.aclose()
        assert (updates._listeners, updates._looking) == (set(), None), "nobody listens, nobody looks"

    asyncio.run(asyncio.wait_for(scene(), 60))


def test_one_that_takes_nothing_misses_some_and_holds_up_nobody(tmp_path):
    async def scene():
        updates = Updates(snapshot, Archive(tmp_path, None))
        slow, quick = updates.listen(), updates.listen()
        await anext(slow)
        for number in range(20):
            updates._tell("happened", [{"stream": "a", "track": number}])
        assert (await anext(slow))[0] in ("happened", "streams")
        await slow.aclose()
        assert (await anext(quick))[0] == "streams"
        await quick.aclose()

    asyncio.run(asyncio.wait_for(scene(), 60))
