"""The shape of the catalog: what a resource, an entry point, a memo and a naming hint are.

Every table carries ``why`` (one sentence) and ``source`` (where the fact was read), so that
a judgement can always be traced to evidence. Names are *resolved* dotted names: what an
import means, never how a call is spelled.
"""

from __future__ import annotations

from typing import Literal

import msgspec

from celeryleak_lint.model.findings import Confidence, Effect

Kind = Literal[
    "app", "client", "connection", "connection-pool", "session", "engine", "channel", "executor",
    "model", "producer-consumer", "template-environment", "registration", "handle", "other",
]  # fmt: skip
Safety = Literal["yes", "no", "partial", "unknown"]
FixVerdict = Literal["safe", "review", "wrong", "none"]
Heat = Literal["hot", "loop", "once", "per-run", "unknown"]
Instance = Literal["per-call", "per-process", "per-run", "unknown"]
EntryKind = Literal[
    "decorator", "base-class", "call-argument", "function", "module-level", "signal",
]  # fmt: skip
HeavyKind = Literal["reader", "lazy", "gathering"]
MemoScope = Literal["process", "instance", "request", "external", "none"]


class Exemption(msgspec.Struct, frozen=True):
    """An argument that changes the verdict on one construction of a resource.

    ``argument`` is a keyword name, or a position as ``"0"``; ``equals`` lists literals
    (``":memory:"``, ``"True"``) or resolved names (``"sqlalchemy.pool.NullPool"``) that it
    must have or, where it is a call (``BytesIO(data)``), be made by, or is empty when its
    mere presence (not ``None``) counts. ``"<absent>"`` asks for calls without it,
    ``"<shared>"`` for a value that exists before the call, ``"<written>"`` for a literal. ``then`` is ``"silent"`` (never
    reported) or ``"possible"`` (confidence capped).
    """

    argument: str
    equals: tuple[str, ...]
    then: Literal["silent", "possible"]
    why: str


class Condition(msgspec.Struct, frozen=True):
    """An argument that a call must have: a keyword name or a position as ``"0"``, and its literals.

    Empty ``equals`` asks for its presence only (not ``None``).
    """

    argument: str
    equals: tuple[str, ...]


class Resource(msgspec.Struct, frozen=True):
    """Something that is expensive to build or to keep, or that must explicitly not be reported.

    ``names`` are all resolved dotted names of the constructor, the canonical one first. A
    method of a known type is written ``package.Class.method``. ``derives`` names methods
    whose result keeps the object alive (``engine.connect`` no, ``Sentinel.master_for`` yes):
    keeping the result is keeping the object. ``returns`` is the resolved class name of what
    the constructor returns, when it differs from the name itself (``boto3.client`` gives
    ``botocore.client.BaseClient``). ``cost_ms`` is the measured median of one construction
    in milliseconds on CPython 3.11, warm. ``patterns`` are globs for families too large to
    list, tried after the names: ``*`` stands for characters of one component, ``**`` for any
    characters (``google.cloud.**.*Client``). ``ceiling`` is the highest confidence with
    which a construction may be reported: ``"possible"`` for what costs next to nothing.
    With ``when`` the row speaks only for calls that meet one of its conditions, and before a
    row of the same name without: ``requests.get(..., stream=True)`` leaves a response open.
    ``opens`` names methods without which it holds nothing yet (``SSHClient.connect``).
    """

    id: str
    names: tuple[str, ...]
    distribution: str
    kind: Kind
    report: bool
    effect: Effect
    why: str
    source: tuple[str, ...]
    is_async: bool = False
    returns: str = ""
    close_methods: tuple[str, ...] = ()
    with_closes: bool | None = None
    with_effect: str = ""
    thread_safe: Safety = "unknown"
    fork_safe: Safety = "unknown"
    loop_bound: bool = False
    fix: FixVerdict = "review"
    instead: str = ""
    on_drop: str = ""
    cost_ms: float | None = None
    derives: tuple[str, ...] = ()
    opens: tuple[str, ...] = ()
    unless: tuple[Exemption, ...] = ()
    patterns: tuple[str, ...] = ()
    ceiling: Confidence = "certain"
    when: tuple[Condition, ...] = ()


class EntryPoint(msgspec.Struct, frozen=True):
    """How a framework says that a function runs often, once, or once a process run.

    ``decorator``: ``names`` decorate the function (``flask.Flask.route`` matches
    ``@app.route(...)`` where ``app`` is known to be a ``flask.Flask``; ``receivers`` lists
    variable names accepted when the receiver's class cannot be resolved).
    ``base-class``: classes deriving from ``names``; their ``methods`` get the heat,
    ``once_methods`` run once, and ``instance`` tells how often the class is built.
    ``call-argument``: the callable given to a call of ``names`` at position or keyword
    ``arguments`` gets the heat. ``signal``: ``@name.connect`` and ``name.connect(f)``.
    ``function``: functions called ``names`` (simple names, exceptionally) whose parameters
    are ``parameters``: at top level, or methods when ``self`` leads the parameters.
    ``module-level``: files matching ``paths`` (globs) or importing ``imports`` run their
    module level that often. ``long_lived`` is false when the process ends with the job, so
    nothing can pile up. ``patterns`` are globs for names that are generated, as in
    ``Resource``; ``methods`` and ``once_methods`` may hold globs too (``validate_*``), where
    ``*`` alone means every public method. A call-argument entry of heat ``"unknown"`` runs
    its argument as often as the call, one of heat ``"loop"`` once for each item it is given;
    a true argument of ``kept_by`` makes the framework keep the first answer.
    """

    id: str
    framework: str
    kind: EntryKind
    heat: Heat
    why: str
    source: tuple[str, ...]
    names: tuple[str, ...] = ()
    receivers: tuple[str, ...] = ()
    methods: tuple[str, ...] = ()
    once_methods: tuple[str, ...] = ()
    instance: Instance = "unknown"
    arguments: tuple[str, ...] = ()
    parameters: tuple[str, ...] = ()
    paths: tuple[str, ...] = ()
    imports: tuple[str, ...] = ()
    long_lived: bool = True
    patterns: tuple[str, ...] = ()
    kept_by: tuple[str, ...] = ()


class Memo(msgspec.Struct, frozen=True):
    """A decorator, descriptor or wrapper that keeps a result, and how long it keeps it.

    ``scope`` ``"external"`` pickles values into a store (wrong for clients), ``"none"`` is
    a look-alike that keeps nothing. ``async_ok`` is true when it may decorate ``async def``.
    ``pins_instance`` is true when, on a method, ``self`` becomes part of the key.
    """

    id: str
    names: tuple[str, ...]
    scope: MemoScope
    why: str
    source: tuple[str, ...]
    async_ok: bool = False
    pins_instance: bool = False


class Heavy(msgspec.Struct, frozen=True):
    """A call that holds a whole data set in memory at once.

    A ``"reader"`` loads by itself what its argument or receiver names; a ``"lazy"`` call
    does so when its result is made a list, or is iterated where ``iterates`` is set; a
    ``"gathering"`` one builds everything that the comprehension given to it yields.
    ``methods`` are names that say it whatever the receiver is (``fetchall``); ``names`` and
    ``patterns`` are resolved as in ``Resource``. ``bounded_by`` are arguments (keywords or
    positions) that bound it, ``"0"`` for a method with any argument. ``bounding_calls`` are
    methods around it, in its chain of calls, that do (``limit``), and ``filters`` those that
    narrow it to some rows. ``needs`` are words of which one must stand in the chain of a
    method or pattern (``objects``, ``query``). ``better`` is what to do instead, in a few
    words. ``ceiling`` as in ``Resource``.
    """

    id: str
    names: tuple[str, ...]
    library: str
    kind: HeavyKind
    better: str
    why: str
    source: tuple[str, ...]
    patterns: tuple[str, ...] = ()
    methods: tuple[str, ...] = ()
    needs: tuple[str, ...] = ()
    bounded_by: tuple[str, ...] = ()
    bounding_calls: tuple[str, ...] = ()
    filters: tuple[str, ...] = ()
    iterates: bool = False
    ceiling: Confidence = "likely"


class Vocabulary(msgspec.Struct, frozen=True):
    """Whole words of identifiers that hint at how often a function runs, or whose value it holds.

    A word matches one ``_``- or case-separated part of a name: ``setup`` matches
    ``setup_pool`` and ``PoolSetup``, never ``setuptools``. A phrase with ``_`` matches
    consecutive parts, an entry with ``=`` before it only a whole name (``=type`` does not
    match ``user_type``). ``once``: start-up and maintenance names. ``settings``: roots of
    names that hold configuration. ``credential``: arguments that carry a caller's secret.
    ``per_call``: parameter names that carry one request, message or user. ``entity_key``:
    words in the key of a collection that grow with traffic. ``configuration_key``: words
    in a key that configuration or code size bounds. ``job_runners``: packages whose workers
    fork a process for each job, so that nothing outlives it. ``identity_types``: resolved
    names of classes without value equality that are passed as arguments, so that a memo
    keyed by one never hits for a new object. ``growing_table``: words in the name of a
    model class whose rows traffic adds. ``frequent``: words of daily work (handling,
    fetching, running), which speak for a function whose caller is not known. ``seldom``: words
    of what is asked for now and then: what only it builds is possible, what only it
    collects may still grow. ``administration``: verbs that before a word of ``administered``,
    parts of an infrastructure, make a name of that kind (``delete_cluster``).
    """

    once: tuple[str, ...] = ()
    settings: tuple[str, ...] = ()
    credential: tuple[str, ...] = ()
    per_call: tuple[str, ...] = ()
    entity_key: tuple[str, ...] = ()
    configuration_key: tuple[str, ...] = ()
    job_runners: tuple[str, ...] = ()
    identity_types: tuple[str, ...] = ()
    frequent: tuple[str, ...] = ()
    seldom: tuple[str, ...] = ()
    administration: tuple[str, ...] = ()
    administered: tuple[str, ...] = ()
    growing_table: tuple[str, ...] = ()


class Tables(msgspec.Struct, frozen=True):
    """Everything a catalog holds, as validated values, before it is indexed for lookup."""

    resources: tuple[Resource, ...] = ()
    entry_points: tuple[EntryPoint, ...] = ()
    memos: tuple[Memo, ...] = ()
    heavy: tuple[Heavy, ...] = ()
    vocabulary: Vocabulary = msgspec.field(default_factory=Vocabulary)
