import asyncio
import threading
import time

from danlu.serve.routes.mailbox import Mailbox


def test_nothing_is_lost_or_reordered_between_thread_and_loop() -> None:
    async def scenario() -> list[int]:
        mailbox: Mailbox[int] = Mailbox(asyncio.get_running_loop())

        def work() -> None:
            for number in range(20_000):
                mailbox.put(number)
                if number % 97 == 0:
                    time.sleep(0)

        threading.Thread(target=work, daemon=True).start()
        found: list[int] = []
        while len(found) < 20_000:
            found += await asyncio.wait_for(mailbox.get(), 10)
        return found

    assert asyncio.run(scenario()) == list(range(20_000))


def test_put_after_the_loop_has_closed_is_dropped() -> None:
    async def scenario() -> Mailbox[int]:
        return Mailbox(asyncio.get_running_loop())

    asyncio.run(scenario()).put(1)
