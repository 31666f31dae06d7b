"""Fixes that were found to do harm, or might: each with what is written now, or why nothing is."""

from __future__ import annotations

import sys
import textwrap
import types

import pytest

from tests.fixes.mended import mended

HEAD = "import redis\nfrom celery import shared_task\n\n\n"


def task(body: str, parameters: str = "path", head: str = HEAD) -> str:
    """A module with one task."""
    lines = textwrap.indent(textwrap.dedent(body).strip("\n"), "    ")
    return f"{head}@shared_task\ndef run({parameters}):\n{lines}\n"


def unfixed(text: str) -> str:
    """The reasons for leaving a module as it is, asked at the lowest confidence."""
    done = mended(text, confidence="possible")
    assert done.text == text
    return "\n".join(done.reasons)


@pytest.mark.parametrize(
    "body",
    [
        'f = open(path, "w")\nfcntl.flock(f, fcntl.LOCK_EX)\nwork()',
        'f = open(path, "w")\nfcntl.lockf(f.fileno(), fcntl.LOCK_EX)\nwork()',
        'f = open(path, "a")\nportalocker.lock(f, portalocker.LOCK_EX)\nwork()',
        'f = open(path, "w")\nfaulthandler.enable(f)\nwork()',
        's = socket.socket()\ns.bind(("", 0))\ns.listen()\nport = s.getsockname()[1]\nwork(port)',
        's = sqlite3.connect("file:x?mode=memory&cache=shared", uri=True)\ns.execute("create table t (a)")\nwork()',
        'for name in path:\n    f = open(name, "w")\n    fcntl.flock(f, fcntl.LOCK_EX)',
    ],
)
def test_what_is_held_by_being_open_is_not_let_go(body: str) -> None:
    head = "import fcntl\nimport socket\nimport sqlite3\n\nfrom celery import shared_task\n\n\n"
    assert "what it holds by being open" in unfixed(task(body, head=head))


def test_a_lock_may_end_with_the_function() -> None:
    body = 'f = open(path, "w")\nfcntl.flock(f, fcntl.LOCK_EX)\nf.write("x")'
    assert "    with open(path" in mended(task(body), confidence="possible").text


@pytest.mark.parametrize(
    ("body", "last"),
    [
        ('f = open(path, "w")\nfd = f.fileno()\nos.write(fd, b"x")', "os.write(fd"),
        ('files = dict(upload=open(path, "rb"))\nsend(files)', "send(files)"),
        ('f = open(path, "rb")\nfiles = tuple([f])\nsend(files)', "send(files)"),
        (
            'f = open(path, "rb")\nfiles = dict(zip("a", (f,)))\nx = f.read()\nsend(x)',
            "x = f.read()",
        ),
    ],
)
def test_what_still_needs_the_handle_stays_inside(body: str, last: str) -> None:
    assert f"        {last}" in mended(task(body), confidence="possible").text


def test_an_archive_of_arrays_reads_on() -> None:
    reasons = unfixed(task('data = np.load(open(path, "rb"))\nreturn data["a"]'))
    assert "still reads from it is returned" in reasons


def test_names_looked_up_by_text_are_not_followed() -> None:
    assert "by their text" in unfixed(task('f = open(path)\nx = f.read()\neval("f.seek(0)")'))


def test_a_comment_for_a_tool_stays_on_its_line() -> None:
    name = "a_handle_with_a_long_name_of_its_own"
    call = f'{name} = open(path, "w", encoding="utf-8", errors="replace")'
    text = mended(task(f"{call}  # type: ignore[call]\n{name}.write(path)")).text
    assert f" as {name}:  # type: ignore[call]\n" in text
    assert "    with open(path" in text


TRIED = """
from celery import shared_task

try:
    import redis
except ImportError:
    redis = None


@shared_task
def run(key):
    return redis.Redis(host="a").get(key)
""".lstrip()


def test_importing_a_helper_evaluates_no_type_that_may_be_missing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    celery = types.ModuleType("celery")
    celery.__dict__["shared_task"] = lambda function: function
    monkeypatch.setitem(sys.modules, "celery", celery)
    monkeypatch.setitem(sys.modules, "redis", None)
    fixed = mended(TRIED).text
    exec(compile(fixed, "main.py", "exec"), {})
    assert 'def _redis_client() -> "redis.Redis":' in fixed


def test_a_type_that_is_imported_further_down_is_quoted() -> None:
    text = task('return redis.Redis(host="a").get(1)', head="from celery import shared_task\n\n\n")
    fixed = mended(f"{text}\n\nimport redis\n").text
    assert 'def _redis_client() -> "redis.Redis":' in fixed


@pytest.mark.parametrize(
    ("parameters", "head", "written"),
    [
        ('team: "Team"', "if TYPE_CHECKING:\n    from teams import Team\n\n\n", 'team: "Team"'),
        ("team: T", "", "team"),
        ("team: str", "", "team: str"),
    ],
)
def test_types_of_keys(parameters: str, head: str, written: str) -> None:
    text = task("return redis.Redis(host=team).get(1)", parameters, HEAD + head)
    assert (
        f"def _redis_client({written}) -> redis.Redis:" in mended(text, confidence="possible").text
    )


@pytest.mark.parametrize(
    ("body", "parameters", "reason"),
    [
        ("return redis.Redis(**options).get(1)", "**options: str", "cannot be the key of a cache"),
        ("return redis.Redis(**task.opts).get(1)", "task", "is a collection"),
        ('return redis.Redis(host=task.hosts["a"]).get(1)', "task", "is a collection"),
        ("host = HOSTS.pop()\nreturn redis.Redis(host=host).get(1)", "x", "an object of this call"),
        ("host = random.choice(HOSTS)\nreturn redis.Redis(host=host).get(1)", "x", "an object of"),
        ("return redis.Redis(host=random.choice(HOSTS)).get(1)", "x", "another value each time"),
        ("global HOST\nHOST = x\nreturn redis.Redis(host=HOST).get(1)", "x", "itself gives `HOST`"),
    ],
)
def test_what_cannot_be_kept(body: str, parameters: str, reason: str) -> None:
    assert reason in unfixed(task(body, parameters))


@pytest.mark.parametrize("part", ["__class__.host", "super().host", "__HOST"])
def test_names_of_a_class_stay_in_it(part: str) -> None:
    method = f"    def run(self, key):\n        return redis.Redis(host={part}).get(key)\n"
    text = f"import redis\nfrom celery import Task\n\n\nclass Job(Task):\n{method}"
    assert "outside of its class" in unfixed(text)


def test_parameters_of_a_helper_differ() -> None:
    body = "return redis.Redis(host=a.name, client_name=b.name).get(1)"
    text = mended(task(body, "a, b"), confidence="possible").text
    assert "def _redis_client(name, b_name)" in text
    body = 'url = json.dumps(team)\nreturn redis.Redis.from_url(url, x=cfg.json).get("x")'
    text = mended(task(body, "cfg, team: str"), confidence="possible").text
    assert "def _redis_client(cfg_json, team: str)" in text


@pytest.mark.parametrize(
    ("head", "call"),
    [
        ('HOST = "a"\n\n\ndef configure(host):\n    global HOST\n    HOST = host\n', "host=HOST"),
        ('CONF = {"a": 1}\n\n\ndef configure(host):\n    CONF.update(a=host)\n', "**CONF"),
        ('class Conf:\n    HOST = "a"\n\n    @classmethod\n    def set(cls, host):\n        cls.HOST = host\n',
         "host=Conf.HOST"),
        ("import os\n", 'host=os.getenv("HOST", "a")'),
        ("def pick():\n    return input()\n", "host=pick()"),
    ],
)  # fmt: skip
def test_what_may_change_is_no_constant(head: str, call: str) -> None:
    text = task(f"return redis.Redis({call}).get(1)", "x", f"{HEAD}{head}\n\n")
    done = mended(text, confidence="possible")
    assert [f.fix.applicability for f in done.fixed if f.fix and f.code == "CLK101"] == ["unsafe"]


@pytest.mark.parametrize("head", ['"""Doc."""\n\nfrom __future__ import annotations; x = 1\n',
                                  '(\n    "doc"\n)\nfrom __future__ import annotations\n'])  # fmt: skip
def test_future_imports_stay_first(head: str) -> None:
    text = mended(task('return redis.Redis(host="a").get(1)', head=head + HEAD)).text
    assert "import functools" in text
    compile(text, "main.py", "exec", dont_inherit=True)


@pytest.mark.parametrize("between", ["cache = {}\n", "from mine import *\n"])
def test_a_decorator_that_means_something_else_by_now_is_not_used(between: str) -> None:
    head = f"from functools import cache\n\n{HEAD}{between}\n\n"
    text = mended(task('return redis.Redis(host="a").get(1)', head=head)).text
    assert "@functools.cache\ndef _redis_client" in text


def test_a_memo_of_a_function_that_acts_is_not_safely_bounded() -> None:
    text = "from functools import cache\n\n\n@cache\ndef {}(msg: str) -> bool:\n    return f(msg)\n"
    use = "\n\nfrom celery import shared_task\n\n\n@shared_task\ndef run(x):\n    return {}(x)\n"
    for name, trust in (("is_known", "safe"), ("register_once", "unsafe")):
        done = mended((text + use).format(name, name), confidence="possible")
        assert [f.fix.applicability for f in done.fixed if f.fix] == [trust]


@pytest.mark.parametrize(
    ("body", "call", "trust"),
    [
        ('return redis.Redis(host="a")', "_client().get(x)", "safe"),
        ('COUNT.inc()\n    return redis.Redis(host="a")', "_client().get(x)", "unsafe"),
        (
            'if not UP:\n        return None\n    return redis.Redis(host="a")',
            "_client().get(x)",
            "unsafe",
        ),
    ],
)
def test_a_producer_that_does_more_is_not_safely_memoized(body: str, call: str, trust: str) -> None:
    head = f"{HEAD}def _client():\n    {body}\n\n\n"
    done = mended(task(f"return {call}", "x", head), confidence="possible")
    assert [f.fix.applicability for f in done.fixed if f.fix] == [trust]
