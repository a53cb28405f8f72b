from streamseg.broadcast.waiting import WaitingPictures
from tests.broadcast.encoded import Source


def fetched(waiting: WaitingPictures) -> list[int]:
    found = []
    while (picture := waiting.get(0)) is not None:
        found.append(picture.seq)
    return found


def test_pictures_come_out_as_they_went_in() -> None:
    waiting, source = WaitingPictures(), Source()
    for picture in source.take(25):
        waiting.put(picture)
    assert fetched(waiting) == list(range(25)) and waiting.dropped == 0


def test_it_begins_with_a_key_picture() -> None:
    waiting, source = WaitingPictures(), Source()
    source.take(7)
    for picture in source.take(30):
        waiting.put(picture)
    assert fetched(waiting) == list(range(20, 37))
    assert waiting.dropped == 13


def test_a_receiver_that_is_behind_goes_on_with_the_next_key_picture() -> None:
    waiting, source = WaitingPictures(most=10), Source()
    for picture in source.take(45):
        waiting.put(picture)
    # 0 to 9 waited, 10 found no room: all are dropped, and what comes before the next key picture; 20 to 29 likewise
    assert fetched(waiting) == list(range(40, 45))
    assert waiting.dropped == 40


def test_after_a_picture_that_is_missing_it_waits_for_a_key_picture() -> None:
    waiting, pictures = WaitingPictures(), Source().take(30)
    for picture in pictures[:5] + pictures[6:]:
        waiting.put(picture)
    assert fetched(waiting) == [*range(5), *range(20, 30)]


def test_another_encoder_begins_with_its_own_key_picture() -> None:
    waiting = WaitingPictures()
    for picture in Source(name="one").take(5) + Source(name="two", first=5).take(3):
        waiting.put(picture)
    for picture in Source(name="three", first=6).take(5)[1:]:
        waiting.put(picture)
    assert fetched(waiting) == list(range(8))


def test_to_begin_anew_is_to_wait_for_the_next_key_picture() -> None:
    waiting, source = WaitingPictures(), Source()
    for picture in source.take(5):
        waiting.put(picture)
    waiting.begin_anew()
    for picture in source.take(20):
        waiting.put(picture)
    assert fetched(waiting) == list(range(20, 25))


def test_what_waits_at_the_end_can_still_be_had() -> None:
    waiting = WaitingPictures()
    for picture in Source().take(3):
        waiting.put(picture)
    waiting.end()
    assert not waiting.over
    assert [waiting.get().seq for _ in range(3)] == [0, 1, 2]
    assert waiting.over and waiting.get() is None
