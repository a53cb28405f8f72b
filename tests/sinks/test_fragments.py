import struct
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streamseg.sinks.fragments import (
    AUDIO,
    DURATION_AT,
    VIDEO,
    Entry,
    Run,
    Sample,
    barely_begun,
    duration_bytes,
    fragment,
    index,
    key_pictures,
)

HEAD = struct.pack(">I4sI", 12, b"ftyp", 0) + struct.pack(">I4sI", 12, b"moov", 0)
samples = st.builds(Sample, st.binary(max_size=20), st.integers(0, 2**32 - 1), st.booleans())
runs = st.builds(Run, st.sampled_from([VIDEO, AUDIO]), st.integers(0, 2**63), st.lists(samples, min_size=1, max_size=4))


def boxes(content: bytes) -> Iterator[tuple[bytes, bytes]]:
    at = 0
    while at < len(content):
        size, kind = struct.unpack_from(">I4s", content, at)
        assert at + size <= len(content)
        yield kind, content[at + 8 : at + size]
        at += size


def read(content: bytes) -> tuple[int, list[Run]]:
    """A fragment's number and runs, read as the standard says."""
    (_, moof), (kind, _) = boxes(content)
    assert kind == b"mdat"
    (kind, header), *tracks = boxes(moof)
    assert kind == b"mfhd"
    found = []
    for kind, track in tracks:
        assert kind == b"traf"
        (_, tfhd), (_, tfdt), (_, trun) = boxes(track)
        flags, track_id = struct.unpack(">II", tfhd)
        assert flags == 0x020000, "offsets count from the moof"
        [begin] = struct.unpack(">4xQ", tfdt)
        held, count, at = struct.unpack_from(">IIi", trun)
        assert held == 0x701
        got = []
        for i in range(count):
            duration, size, sample_flags = struct.unpack_from(">III", trun, 12 + 12 * i)
            got.append(Sample(content[at : at + size], duration, not sample_flags & 0x10000))
            at += size
        found.append(Run(track_id, begin, got))
    return struct.unpack(">4xI", header)[0], found


@given(st.integers(1, 2**32 - 1), st.lists(runs, min_size=1, max_size=3))
def test_a_fragment_says_what_is_in_it(number: int, wanted: list[Run]) -> None:
    assert read(fragment(number, wanted)) == (number, wanted)


@given(runs, st.integers(0, 2**40))
def test_the_first_duration_can_be_corrected_in_place(run: Run, ticks: int) -> None:
    content = bytearray(fragment(1, [run]))
    content[DURATION_AT : DURATION_AT + 4] = duration_bytes(ticks)
    _, [found] = read(bytes(content))
    assert found.samples[0].duration == min(ticks, 2**32 - 1)
    assert found.samples[1:] == run.samples[1:]


def test_durations_that_no_file_can_hold_are_cut() -> None:
    _, [found] = read(fragment(1, [Run(AUDIO, 0, [Sample(b"", 2**40)])]))
    assert found.samples[0].duration == 2**32 - 1


def test_key_pictures_are_found_again_up_to_an_offset(tmp_path: Path) -> None:
    content, keys = HEAD, []
    for i in range(20):
        if i % 3 == 0:
            keys.append(Entry(i * 100, len(content)))
        content += fragment(2 * i + 1, [Run(VIDEO, i * 100, [Sample(bytes(i), 100, i % 3 == 0)])])
        content += fragment(2 * i + 2, [Run(AUDIO, i, [Sample(b"moof", 1)])])
    path = tmp_path / "video.mp4"
    path.write_bytes(content + b"what comes after")
    assert key_pictures(path, len(content)) == keys
    assert key_pictures(path, keys[4].offset) == keys[:4]
    assert key_pictures(path, 0) == []


def test_the_index_tells_its_own_size_at_the_end() -> None:
    content = index([Entry(7, 1000), Entry(9, 2**40)])
    [(kind, body)] = boxes(content)
    assert kind == b"mfra"
    (_, tfra), (_, mfro) = boxes(body)
    assert struct.unpack(">4xI", mfro) == (len(content),)
    assert struct.unpack_from(">IIII", tfra) == (1 << 24, VIDEO, 0, 2)
    assert [struct.unpack_from(">QQ", tfra, 16 + 19 * i) for i in range(2)] == [(7, 1000), (9, 2**40)]


ONE = HEAD + fragment(1, [Run(VIDEO, 0, [Sample(bytes(3000), 1)])])


@pytest.mark.parametrize(
    ("content", "begun"),
    [
        (b"", True),
        (HEAD[:5], True),
        (HEAD, True),
        (ONE[:-2000], True),
        (ONE, True),
        (ONE + fragment(2, [Run(VIDEO, 1, [Sample(b"", 1)])]), False),
        (ONE + index([]), False),
        (HEAD + struct.pack(">I4sI", 12, b"mdat", 0), False),
        (b"what somebody else wrote", False),
    ],
)
def test_a_file_with_one_fragment_at_most_is_barely_begun(tmp_path: Path, content: bytes, begun: bool) -> None:
    path = tmp_path / "annotated.mp4"
    path.write_bytes(content)
    assert barely_begun(path) is begun
