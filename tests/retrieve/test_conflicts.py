import pytest

from danlu.retrieve.claims.changes import changes
from danlu.retrieve.claims.clauses import Clause
from danlu.retrieve.claims.conflicts import Quoted, conflict_note, conflicts
from danlu.retrieve.claims.document_dates import DocumentDate, document_date, newer

OLD, NEW = DocumentDate("2022-01-10", "stated"), DocumentDate("2024-05-01", "stated")
DIFFERENT = [
    ("How long is the trial?", "The trial lasts 30 days.", "The trial lasts 14 days.", "number"),
    ("When must I submit the travel request?", "Submit the travel request within 30 days.", "The travel request must be submitted within 60 days.", "number"),
    ("How long is the trial period?", "The trial period ends after one month.", "The trial period is limited to two weeks.", "number"),
    ("When does the contract end?", "The contract ends on 31 December 2025.", "The contract ends on 30 June 2025.", "date"),
    ("May visitors enter the laboratory?", "Visitors may enter the laboratory.", "Visitors must not enter the laboratory.", "negation"),
    ("Do I need to restart the server?", "You need to restart the server.", "You do not need to restart the server.", "negation"),
    ("Is the firewall enabled?", "The firewall is enabled by default.", "The firewall is disabled by default.", "opposite"),
    ("Which port does the server use?", "The server listens on port 8080.", "The server listens on port 9090.", "number"),
    ("试用期多长？", "试用期为三个月。", "试用期为6个月。", "number"),
    ("报销申请何时提交？", "报销申请应在30天内提交。", "报销申请须在60天内提交。", "number"),
    ("合同何时到期？", "合同于2025年12月31日到期。", "合同于2025年6月30日到期。", "date"),
    ("访客可以进入实验室吗？", "访客可以进入实验室。", "访客不得进入实验室。", "negation"),
    ("修改后需要重启吗？", "修改后需要重启服务器。", "修改后无需重启服务器。", "negation"),
    ("防火墙默认启用吗？", "防火墙默认启用。", "防火墙默认禁用。", "opposite"),
    ("年假有几天？", "员工每年享有10天年假。", "员工每年享有15天年假。", "number"),
]  # fmt: skip
AGREE = [
    ("How long is the trial?", "The trial lasts 30 days.", "The trial lasts thirty days."),
    ("How long is the warranty?", "The warranty for laptops is two years.", "The warranty for phones is one year."),
    ("What does it cost?", "Plan A costs 30 euros.", "Plan B costs 50 euros."),
    ("When is the library open?", "The library is open from 9:00 to 17:00.", "The museum is open from 10:00 to 18:00."),
    ("How do I restart?", "Restart the server after the upgrade.", "Do not delete the log files."),
    ("When does the contract end?", "The contract ends on 31 December 2025.", "The contract ends on 2025-12-31."),
    ("How does the system boot?", "If you specifically wish not to start a service during boot-up, remove the package.", "After completing the boot process, init executes all start scripts."),
    ("Where are packages updated?", "Packages are updated as Section 8.1.2 says.", "Packages are updated as Section 9.1.1 says."),
    ("怎么精简语言包？", "根据您在安装过程中的选择精简语言包。", "安装软件包过程将无法取消。"),
    ("试用期多长？", "试用期为三个月。", "试用期为3个月。"),
    ("保修期多长？", "笔记本电脑的保修期为两年。", "手机的保修期为一年。"),
    ("年假有几天？", "员工每年享有10天年假。", "员工每月最后一天领取工资。"),
    ("图书馆何时开放？", "图书馆9:00开放。", "博物馆10:00开放。"),
]  # fmt: skip


@pytest.mark.parametrize(("question", "one", "other", "kind"), DIFFERENT, ids=[row[1] for row in DIFFERENT])
def test_two_documents_that_differ_are_both_shown_the_newer_first(
    question: str, one: str, other: str, kind: str
) -> None:
    quotes = [Quoted(one, "docs/old.md", date=OLD), Quoted(other, "docs/new.md", date=NEW)]
    [found] = conflicts(quotes, question)
    assert (found.kind, found.one, found.other) == (kind, 1, 0)
    note = conflict_note(found, quotes, "en" if question.isascii() else "zh")
    assert note.index("2024-05-01") < note.index("2022-01-10")


@pytest.mark.parametrize(("question", "one", "other"), AGREE, ids=[row[1] for row in AGREE])
def test_two_that_agree_or_speak_of_two_things_are_no_conflict(question: str, one: str, other: str) -> None:
    assert conflicts([Quoted(one, "docs/a.md"), Quoted(other, "docs/b.md")], question) == []


LEAVE_2024 = "工作满一年不满十年的员工，每年享有年休假7天；满十年的享有12天。当年未休完的年休假可以顺延至次年3月31日，逾期作废。年休假须提前5个工作日提出申请。"
LEAVE_2025 = "工作满一年不满十年的员工，每年享有年休假8天；满十年的享有12天。当年未休完的年休假可以顺延至次年6月30日，逾期作废。年休假须提前3个工作日提出申请。"
PAY_2024, PAY_2025 = (
    "夜班医生每班补贴180元，夜班护士每班补贴120元，随当月工资发放。",
    "夜班医生每班补贴220元，夜班护士每班补贴150元，随当月工资发放。",
)
DAYS_2024 = "Every employee has 7 days of annual leave. Annual leave that was not taken may be carried over to 31 March. Annual leave must be requested 5 working days ahead."
DAYS_2025 = "Every employee has 8 days of annual leave. Annual leave that was not taken may be carried over to 30 June. Annual leave must be requested 3 working days ahead."
NIGHT_2024, NIGHT_2025 = (
    "Night doctors receive 180 euros per shift and night nurses 120 euros.",
    "Night doctors receive 220 euros per shift and night nurses 150 euros.",
)
ASKED = [
    ("年休假没休完可以顺延到什么时候？", LEAVE_2024, LEAVE_2025, "6月30日", "3月31日"),
    ("年休假要提前几天申请？", LEAVE_2024, LEAVE_2025, "3个工作日", "5个工作日"),
    ("夜班护士每班补贴多少钱？", PAY_2024, PAY_2025, "150元", "120元"),
    ("护士呢？（夜班 每班 补贴）", PAY_2024, PAY_2025, "150元", "120元"),
    ("夜班医生每班补贴多少钱？", PAY_2024, PAY_2025, "220元", "180元"),
    ("Until when may annual leave be carried over?", DAYS_2024, DAYS_2025, "30 June", "31 March"),
    ("When is annual leave lost?", DAYS_2024, DAYS_2025, "30 June", "31 March"),
    ("How many days ahead must annual leave be requested?", DAYS_2024, DAYS_2025, "3 working days", "5 working days"),
    ("How much do night nurses get per shift?", NIGHT_2024, NIGHT_2025, "150 euros", "120 euros"),
    ("What about nurses? (night shift receive)", "Night doctors receive 180 euros per shift, night nurses receive 120 euros per shift.", "Night doctors receive 220 euros per shift, night nurses receive 150 euros per shift.", "150 euros", "120 euros"),
    ("How much do night doctors get per shift?", NIGHT_2024, NIGHT_2025, "220 euros", "180 euros"),
]  # fmt: skip
NOT_ASKED = [
    ("满十年的员工年休假几天？", LEAVE_2024, LEAVE_2025),
    ("运动会什么时候开？", "运动会5月24日开，报名费5元。", "运动会5月24日开，报名费8元。"),
    ("When is the open day?", "The open day on 24 May costs 5 euros.", "The open day on 24 May costs 8 euros."),
    ("How long is the notice period?", "The notice period is 4 weeks. The trial period is 3 months.", "The notice period is 4 weeks. The trial period is 6 months."),
]  # fmt: skip


@pytest.mark.parametrize(("question", "one", "other", "says", "but"), ASKED, ids=[row[0] for row in ASKED])
def test_of_several_facts_that_differ_the_one_asked_for_is_named(
    question: str, one: str, other: str, says: str, but: str
) -> None:
    [found] = conflicts([Quoted(one, "docs/old.md", date=OLD), Quoted(other, "docs/new.md", date=NEW)], question)
    assert says in found.says
    assert but in found.but


@pytest.mark.parametrize(("question", "one", "other"), NOT_ASKED, ids=[row[0] for row in NOT_ASKED])
def test_nothing_is_said_where_the_fact_asked_for_does_not_differ(question: str, one: str, other: str) -> None:
    assert conflicts([Quoted(one, "docs/old.md", date=OLD), Quoted(other, "docs/new.md", date=NEW)], question) == []


CHANGED = [
    ("When is the open day?", "Mr. Weber orders it. The open day was set for 24 May.", "The open day is moved from 24 May to 21 June because of the building works.", "en", "A later statement changes an earlier one"),
    ("How much is the night bonus?", "The night bonus is 120 euros.", "The night bonus is raised from 120 to 150 euros.", "en", "A later statement changes an earlier one"),
    ("开放日是什么时候？", "会议决定，开放日定于5月24日。", "因施工，开放日由5月24日改为6月21日。", "zh", "后来的说法改动了先前的"),
    ("夜班补贴是多少？", "夜班补贴为120元。", "夜班补贴由120元调整为150元。", "zh", "后来的说法改动了先前的"),
]  # fmt: skip


@pytest.mark.parametrize("date", [None, OLD])
@pytest.mark.parametrize(("question", "before", "after", "language", "told"), CHANGED, ids=[row[2] for row in CHANGED])
def test_a_statement_that_changes_another_is_shown_first_even_in_one_document(
    question: str, before: str, after: str, language: str, told: str, date: DocumentDate | None
) -> None:
    for quotes in ([before, after], [after, before]):
        quoted = [Quoted(text, "minutes.md", date=date) for text in quotes]
        [found] = conflicts(quoted, question)
        assert (found.kind, quotes[found.one], quotes[found.other]) == ("changed", after, before)
        assert conflict_note(found, quoted, language).startswith(told)


@pytest.mark.parametrize(
    ("change", "now"),
    [
        ("The open day is moved from 24 May to 21 June.", "The open day is on 21 June."),
        ("The fee is 150 euros instead of 120 euros.", "The fee is 150 euros."),
        ("The fee rises to 150 euros from 120 euros.", "The fee is 150 euros."),
        ("The rent rises by 20 to 120 euros.", "The rent is 20 euros."),
        ("年费由200元提高到300元。", "年费为300元。"),
        ("夜班补贴由120元调整为150元。", "夜班补贴为150元。"),
    ],
)
def test_what_says_the_new_value_agrees_with_the_change(change: str, now: str) -> None:
    one, other = (Clause(text, 0, len(text)) for text in (change, now))
    assert not changes(one, other)


def test_a_change_that_is_older_than_what_it_changed_is_no_later_statement() -> None:
    quotes = [
        Quoted("The night bonus is raised from 100 to 150 euros.", "a.md", date=OLD),
        Quoted("The night bonus is 100 euros.", "b.md", date=NEW),
    ]
    [found] = conflicts(quotes, "How much is the night bonus?")
    assert (found.kind, found.one) == ("number", 1)
    assert conflict_note(found, quotes, "en").startswith("The sources differ: b.md (2024-05-01)")


def test_a_change_of_another_thing_changes_nothing() -> None:
    quotes = [
        Quoted("The car park is open from 10 to 14 February.", "a.md"),
        Quoted("The open day is moved from 24 May to 21 June.", "a.md"),
    ]
    assert conflicts(quotes, "When is the open day?") == []


def test_one_document_does_not_contradict_itself() -> None:
    quotes = [Quoted("The trial lasts 30 days.", "docs/a.md"), Quoted("The trial lasts 14 days.", "docs/a.md")]
    assert conflicts(quotes, "How long is the trial?") == []


def test_versions_of_one_document_do() -> None:
    quotes = [
        Quoted("The trial lasts 30 days.", "docs/a.md", date=OLD),
        Quoted("The trial lasts 14 days.", "docs/a.md", date=NEW),
    ]
    assert len(conflicts(quotes, "How long is the trial?")) == 1


@pytest.mark.parametrize(
    ("meta", "source", "expected"),
    [
        ('{"date": "2024-03-05T10:00:00"}', "a.md", ("2024-03-05", "stated")),
        ('{"date": "5 March 2024"}', "a.md", ("2024-03-05", "stated")),
        ('{"date": "2024年3月"}', "a.md", ("2024-03", "stated")),
        ("{}", "docs/policy-2024-03.pdf", ("2024-03", "named")),
        ("{}", "docs/制度2023年.docx", ("2023", "named")),
    ],
)
def test_a_date_is_what_the_document_says_then_its_name(meta: str, source: str, expected: tuple[str, str]) -> None:
    found = document_date(meta, source)
    assert found is not None
    assert (found.value, found.origin) == expected


def test_without_comparable_dates_nothing_is_newer() -> None:
    assert document_date("{}", "a.md") is None
    assert newer(NEW, None) is None
    assert newer(DocumentDate("2024", "stated"), DocumentDate("2024-05-01", "stated")) is None
    assert newer(NEW, OLD) is True
