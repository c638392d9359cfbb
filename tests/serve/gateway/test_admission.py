import asyncio

import pytest

from danlu.serve.gateway.admission import Admission
from danlu.serve.wire.errors import ApiError


async def hold(seats: Admission, order: list[str], name: str, priority: int = 5, caller: str = "") -> None:
    async with seats.seat(caller or name, priority):
        order.append(name)
        await asyncio.sleep(0)


async def settled() -> None:
    for _ in range(5):
        await asyncio.sleep(0)


def test_the_urgent_go_first_and_within_a_priority_who_came_first() -> None:
    async def scenario() -> list[str]:
        seats, order = Admission(1, 10, 10), list[str]()
        async with seats.seat("first"):
            plan = [("late", 9), ("normal", 5), ("urgent", 0), ("normal too", 5)]
            waiting = [asyncio.create_task(hold(seats, order, name, priority)) for name, priority in plan]
            await settled()
            assert (seats.running, seats.waiting) == (1, 4)
        await asyncio.gather(*waiting)
        assert (seats.running, seats.waiting) == (0, 0)
        return order

    assert asyncio.run(scenario()) == ["urgent", "normal", "normal too", "late"]


@pytest.mark.parametrize(("waiting", "per_caller"), [(1, 10), (10, 1)])
def test_who_finds_the_queue_full_is_told_at_once_when_to_come_again(waiting: int, per_caller: int) -> None:
    async def scenario() -> None:
        seats = Admission(1, waiting, per_caller)
        async with seats.seat("a"):
            queued = asyncio.create_task(hold(seats, [], "b", caller="b"))
            await settled()
            with pytest.raises(ApiError) as refused:
                await hold(seats, [], "b", caller="b")
            assert (refused.value.status, refused.value.code) == (429, "server_busy")
            assert int(refused.value.headers["retry-after"]) >= 1
        await queued

    asyncio.run(scenario())


def test_seats_of_those_who_left_the_queue_are_not_lost() -> None:
    async def scenario() -> None:
        seats, order = Admission(1, 10, 10), list[str]()
        async with seats.seat("first"):
            leaver = asyncio.create_task(hold(seats, order, "leaver"))
            stayer = asyncio.create_task(hold(seats, order, "stayer"))
            await settled()
            leaver.cancel()
            await settled()
        await stayer
        assert (order, seats.running, seats.waiting) == (["stayer"], 0, 0)

    asyncio.run(scenario())


def test_a_seat_that_was_given_in_the_moment_of_leaving_goes_on_to_the_next() -> None:
    async def scenario() -> None:
        seats, order = Admission(1, 10, 10), list[str]()
        async with seats.seat("first"):
            leaver = asyncio.create_task(hold(seats, order, "leaver"))
            stayer = asyncio.create_task(hold(seats, order, "stayer"))
            await settled()
        leaver.cancel()
        await asyncio.gather(leaver, stayer, return_exceptions=True)
        assert (order, seats.running) == (["stayer"], 0)

    asyncio.run(scenario())
