from danlu.serve.access.login import Logins


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def test_a_link_opens_one_session() -> None:
    logins = Logins(900, 3600)
    token = logins.new_link_token()
    secret = logins.exchange(token)
    assert secret is not None
    session = logins.session(secret)
    assert session is not None and session.key_id is None and session.caller.startswith("login:")
    assert logins.exchange(token) is None
    assert logins.exchange("") is None
    assert logins.session(token) is None
    assert logins.session("") is None


def test_links_and_sessions_expire() -> None:
    clock = Clock()
    logins = Logins(900, 3600, now=clock)
    late, early = logins.new_link_token(), logins.new_link_token()
    secret = logins.exchange(early)
    assert secret is not None
    clock.now = 900.0
    assert logins.exchange(late) is None
    clock.now = 3599.0
    assert logins.session(secret) is not None
    clock.now = 3600.0
    assert logins.session(secret) is None


def test_sessions_of_one_key_share_its_rate_limit() -> None:
    logins = Logins(900, 3600)
    first, second = logins.session(logins.open("k1")), logins.session(logins.open("k1"))
    assert first is not None and second is not None and first.caller == second.caller == "key:k1"


def test_sessions_are_bounded() -> None:
    logins = Logins(900, 3600)
    oldest = logins.open(None)
    for _ in range(1000):
        newest = logins.open(None)
    assert logins.session(oldest) is None and logins.session(newest) is not None
