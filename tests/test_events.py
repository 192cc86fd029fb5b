"""The Bus: in order, without gaps, bounded."""

from __future__ import annotations

from mailtrap.events import Bus, Event, Kind


def test_listeners_get_whole_batches_in_order() -> None:
    bus = Bus()
    got: list[list[Event]] = []
    bus.subscribe(got.append)
    bus.publish([(Kind.CAPTURED, "1", "default"), (Kind.CAPTURED, "2", "default")])
    bus.publish([])
    assert [[event.id for event in batch] for batch in got] == [["1", "2"]]
    assert got[0][1].seq == got[0][0].seq + 1


def test_a_subscriber_gets_what_it_missed_and_then_everything_without_a_gap() -> None:
    bus = Bus()
    start = bus.seq
    bus.publish([(Kind.CAPTURED, "1", "default")])
    got: list[list[Event]] = []
    missed = bus.subscribe(got.append, after=start)
    bus.publish([(Kind.CAPTURED, "2", "default")])
    assert missed is not None
    assert [event.id for event in missed] == ["1"]
    assert [event.id for batch in got for event in batch] == ["2"]


def test_what_is_forgotten_is_said_to_be_forgotten() -> None:
    bus = Bus(memory=3)
    start = bus.seq
    for number in range(3):
        bus.publish([(Kind.CAPTURED, str(number), "default")])
    events = bus.since(start)
    assert events is not None
    assert len(events) == 3
    bus.publish([(Kind.CAPTURED, "3", "default")])
    assert bus.since(start) is None
    after = bus.since(start + 1)
    assert after is not None
    assert [event.id for event in after] == ["1", "2", "3"]


def test_a_number_from_another_process_is_not_mistaken_for_ours() -> None:
    bus = Bus()
    assert bus.since(bus.seq - 1) is None
    assert bus.since(bus.seq + 10) is None
    assert bus.since(bus.seq) == []


def test_one_batch_larger_than_the_memory_keeps_its_newest() -> None:
    bus = Bus(memory=2)
    start = bus.seq
    bus.publish([(Kind.CAPTURED, str(number), "default") for number in range(5)])
    assert bus.since(start) is None
    kept = bus.since(start + 3)
    assert kept is not None
    assert [event.id for event in kept] == ["3", "4"]


def test_who_unsubscribes_hears_nothing_more() -> None:
    bus = Bus()
    got: list[list[Event]] = []
    bus.subscribe(got.append)
    bus.unsubscribe(got.append)
    bus.publish([(Kind.CLEARED, "", "")])
    assert got == []
