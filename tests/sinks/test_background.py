import gc
import threading
import weakref

import pytest

from streamseg.sinks.background import Background


def test_jobs_run_in_order_and_close_waits_for_them() -> None:
    done: list[int] = []
    background = Background("test")
    for i in range(200):
        background.put(lambda i=i: done.append(i))
    background.close()
    assert done == list(range(200))


def test_a_full_queue_holds_the_caller_back() -> None:
    gate, held = threading.Event(), threading.Event()
    background = Background("test")
    background.put(gate.wait)

    def fill() -> None:
        for _ in range(100):
            background.put(lambda: None)
        held.set()

    caller = threading.Thread(target=fill)
    caller.start()
    assert not held.wait(0.05)
    gate.set()
    assert held.wait(10)
    caller.join()
    background.close()


def test_waiting_ends_when_every_job_is_done_and_forgotten() -> None:
    class Held:
        pass

    background = Background("test")
    for _ in range(3):
        held = Held()
        told = weakref.ref(held)
        done = threading.Event()
        background.put(lambda kept=held, done=done: done.set())
        del held
        background.wait()
        assert done.is_set()
        assert told() is None
    background.close()


def test_waiting_raises_what_a_job_raised() -> None:
    background = Background("test")
    background.put(lambda: {}["lost"])
    for _ in range(2):
        with pytest.raises(KeyError, match="lost"):
            background.wait()
    background.close()


def test_what_a_job_raises_is_raised_once_and_nobody_hangs() -> None:
    background = Background("test")
    ran: list[int] = []
    background.put(lambda: {}["lost"])
    with pytest.raises(KeyError, match="lost"):
        for _ in range(100_000):
            background.put(lambda: ran.append(1))
    assert not ran
    background.close()


def test_close_raises_what_nobody_has_heard_of() -> None:
    background = Background("test")
    background.put(lambda: {}["lost"])
    with pytest.raises(KeyError, match="lost"):
        background.close()


def test_one_that_is_left_does_the_job_at_hand_and_no_other() -> None:
    done, begun, go_on = list[int](), threading.Event(), threading.Event()
    background = Background("left")
    background.put(lambda: (begun.set(), go_on.wait(20), done.append(0)))
    background.put(lambda: done.append(1))
    assert begun.wait(20)
    leaving = threading.Thread(target=background.leave)
    leaving.start()
    leaving.join(0.2)
    assert leaving.is_alive() and done == []
    go_on.set()
    leaving.join(20)
    assert not leaving.is_alive() and not background._thread.is_alive()
    assert done == [0]


def test_one_that_is_forgotten_does_its_jobs_and_ends() -> None:
    done = list[int]()
    background = Background("forgotten")
    thread = background._thread
    for i in range(5):
        background.put(lambda i=i: done.append(i))  # type: ignore[misc]
    del background
    gc.collect()
    thread.join(timeout=20)
    assert not thread.is_alive()
    assert done == [0, 1, 2, 3, 4]
