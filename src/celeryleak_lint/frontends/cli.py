"""The command ``celeryleak-lint``: what it accepts and which exit code it ends with.

Only click is imported at the top, so that ``--version`` and ``--help`` answer at once.
"""

from __future__ import annotations

import contextlib
import os
import sys
import traceback
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

import click

import celeryleak_lint
from celeryleak_lint.frontends.streams import end_process, let_go_of_stdout, make_usable

if TYPE_CHECKING:
    from celeryleak_lint.frontends.run import Request

PROGRAM = "celeryleak-lint"
CLEAN, FOUND, FAILED, INTERRUPTED = 0, 1, 2, 130

_Command = TypeVar("_Command", bound=Callable[..., Any])


def entry_point() -> None:
    """Run the command with the process's arguments and end the process with its code.

    Nothing is taken apart for it: to free module by module what a run has made is time lost.
    """
    end_process(main(sys.argv[1:]))


def main(arguments: list[str]) -> int:
    """Run the command and give its exit code; whatever goes wrong is one line on stderr."""
    closed = make_usable()
    try:
        code = commands.main(
            arguments, prog_name=PROGRAM, standalone_mode=False, obj=frozenset(closed)
        )
        sys.stdout.flush()
    except click.ClickException as error:
        return _usage_failure(error)
    except (click.Abort, KeyboardInterrupt):
        _complain("interrupted")
        return INTERRUPTED
    except (BrokenPipeError, SystemExit):
        # Nobody reads any more, which click says by an exit of its own.
        let_go_of_stdout()
        return FAILED
    except OSError as error:
        if error.filename is not None:
            return _internal_failure(error)
        let_go_of_stdout()
        _complain(f"cannot write to standard output: {(error.strerror or str(error)).lower()}")
        return FAILED
    except Exception as error:  # noqa: BLE001 - the boundary: users see a line, never a traceback
        return _internal_failure(error)
    return code if isinstance(code, int) else CLEAN


def _internal_failure(error: Exception) -> int:
    _complain(f"internal error: {_described(error)}; please report this")
    return FAILED


def split_codes(_context: object, _option: object, values: tuple[str, ...]) -> tuple[str, ...]:
    """``--select A,B --select C`` means the three codes A, B and C."""
    parts = (part.strip() for value in values for part in value.split(","))
    return tuple(part for part in parts if part)


def _codes(name: str, text: str) -> Callable[[_Command], _Command]:
    return click.option(name, multiple=True, callback=split_codes, metavar="CODES", help=text)


def _as_folder(_context: object, option: click.Parameter, value: str | None) -> str | None:
    """A folder that is there, or that can be made by this name."""
    if value is None or os.path.isdir(value):
        return value
    if not value or os.path.lexists(value):
        raise click.BadParameter(f"{value!r} is no folder", param=option)
    return value


def _as_file(_context: object, option: click.Parameter, value: str | None) -> str | None:
    """A name that a file can have; whether there is one is asked later."""
    if value == "":
        raise click.BadParameter("'' is no file name", param=option)
    return value


def _project_options(command: _Command) -> _Command:
    """Options that every command understands which looks at a project."""
    for option in (
        click.option("--isolated", is_flag=True, help="Read no configuration file."),
        click.option(
            "--config", callback=_as_file, metavar="FILE", help="Read this configuration file."
        ),
        click.option(
            "--cache-dir", callback=_as_folder, metavar="DIR", help="Keep the cache in this folder."
        ),
        click.option("--no-cache", is_flag=True, help="Neither read nor write the cache."),
        click.option(
            "--jobs", type=click.IntRange(min=1), help="Processes to use [one per processor]."
        ),
        click.option(
            "--exclude", multiple=True, metavar="PATTERN", help="Leave out, as in a .gitignore."
        ),
    ):
        command = option(command)
    return command


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(celeryleak_lint.__version__, "-V", "--version", prog_name=PROGRAM)
def commands() -> None:
    """Find what a long-running Python process builds, keeps or opens too often.

    Exit codes: 0 nothing to report, 1 findings, 2 the check could not be done.
    """


@commands.command()
@click.argument("paths", nargs=-1)
@_codes("--select", "Report only these codes or prefixes.")
@_codes("--ignore", "Do not report these codes or prefixes.")
@_codes("--extend-select", "Report these codes, too.")
@click.option(
    "--confidence",
    type=click.Choice(["certain", "likely", "possible"]),
    help="Report findings that are at least this sure [likely].",
)
@click.option("--fix", "fixes", is_flag=True, help="Apply safe fixes; report what is left.")
@click.option("--unsafe-fixes", is_flag=True, help="Let `--fix` and `--diff` use all fixes.")
@click.option("--diff", is_flag=True, help="Show what `--fix` would change; write nothing.")
@click.option(
    "--exit-non-zero-on-fix", is_flag=True, help="Exit with 1 when `--fix` has changed anything."
)
@click.option(
    "--output-format",
    multiple=True,
    metavar="FORMAT[:FILE]",
    help="text (the default), concise, json, sarif, github, gitlab or junit; "
    "several times with a file for each.",
)
@click.option(
    "--output-file", callback=_as_file, metavar="FILE", help="Write the report here, not to stdout."
)
@click.option(
    "--baseline", callback=_as_file, metavar="FILE", help="Do not report what this baseline lists."
)
@click.option(
    "--write-baseline", callback=_as_file, metavar="FILE", help="Write all findings as a baseline."
)
@click.option("--diff-base", metavar="REV", help="Report only what is new since a git revision.")
@click.option(
    "--executor", metavar="URL", help="Have files read by a Dask cluster: dask://HOST:PORT."
)
@click.option("--statistics", is_flag=True, help="Count the findings by code, on stderr.")
@click.option("--quiet", "-q", is_flag=True, help="Print findings and failures, nothing else.")
@click.option("--verbose", "-v", is_flag=True, help="Print the seconds of each stage, on stderr.")
@click.option("--exit-zero", is_flag=True, help="Exit with 0 even if there are findings.")
@click.option("--force-exclude", is_flag=True, help="Exclude even what is named as PATHS.")
@click.option(
    "--stdin-filename",
    callback=_as_file,
    metavar="FILE",
    help="The name of the text read from `-`.",
)
@_project_options
def check(**given: Any) -> int:
    """Check PATHS (default: the working directory; `-` reads stdin).

    The whole project around PATHS is analysed; PATHS choose what is reported.
    """
    from celeryleak_lint.frontends import checking
    from celeryleak_lint.frontends.outputs import Output, read_outputs
    from celeryleak_lint.frontends.run import Trouble

    _contradictions(given)
    outputs = read_outputs(given["output_format"], given["output_file"])
    wrong = tuple(output for output in outputs if not isinstance(output, Output))
    if wrong:
        return checking.complain(Trouble(wrong))
    showing = checking.Showing(
        outputs=tuple(output for output in outputs if isinstance(output, Output)),
        with_statistics=given["statistics"],
        exit_zero=given["exit_zero"],
        is_quiet=given["quiet"],
        is_verbose=given["verbose"],
        applicable=frozenset(("safe", "unsafe") if given["unsafe_fixes"] else ("safe",)),
    )
    request = _request(given, given["paths"])
    if given["write_baseline"] is not None:
        return checking.write_baseline(request, given["write_baseline"], showing)
    if given["fixes"] or given["diff"]:
        from celeryleak_lint.frontends.fixing import Fixing, fix

        return fix(request, showing, Fixing(given["diff"], given["exit_non_zero_on_fix"]))
    return checking.check(request, showing)


@commands.command()
@click.argument("code")
def rule(code: str) -> int:
    """Show the page of one rule, by CODE or name."""
    from celeryleak_lint.frontends.reference import show_rule

    return show_rule(code)


@commands.command()
@click.option(
    "--output-format", type=click.Choice(["text", "json"]), default="text", show_default=True
)
def rules(output_format: str) -> int:
    """List all rules."""
    from celeryleak_lint.frontends.reference import show_rules

    return show_rules(output_format)


@commands.command()
@click.argument("place", metavar="PATH:LINE")
@_project_options
def why(place: str, **given: Any) -> int:
    """Explain what the analysis knows about one line: how often it runs, and by which chain."""
    from celeryleak_lint.frontends.checking import explain_line

    path, _, line = place.rpartition(":")
    if not path or not line.isdecimal() or int(line) < 1:
        raise click.UsageError(f"expected PATH:LINE with a line from 1, found {place!r}")
    return explain_line(_request(given, (path,)), int(line))


@commands.command()
@click.argument("name", required=False)
@click.option("--unused", is_flag=True, help="List your own entries that the project never uses.")
@_project_options
def catalog(name: str | None, *, unused: bool, **given: Any) -> int:
    """Show what is known about libraries: everything, or what answers to a dotted NAME."""
    from celeryleak_lint.frontends.reference import show_catalog, show_unused

    if unused and name is not None:
        raise click.UsageError("`--unused` looks at the whole project and takes no name")
    request = _request(given, ())
    return show_unused(request) if unused else show_catalog(request, name)


@commands.command()
@click.argument("path", required=False)
@_project_options
def config(path: str | None, **given: Any) -> int:
    """Show the settings that hold for PATH, and where each comes from."""
    from celeryleak_lint.frontends.reference import show_config

    return show_config(_request(given, (path,) if path else ()))


@commands.command()
@click.argument("path", required=False)
@click.option(
    "--cache-dir", callback=_as_folder, metavar="DIR", help="The folder that `check` was given."
)
def clean(path: str | None, cache_dir: str | None) -> int:
    """Delete the cache of the project around PATH."""
    from celeryleak_lint.frontends.checking import clean_cache

    _stand_somewhere()
    return clean_cache((path,) if path else (), cache_dir)


def _request(given: dict[str, Any], paths: tuple[str, ...]) -> Request:
    from celeryleak_lint.frontends.run import Request

    _stand_somewhere()
    keys = ("select", "ignore", "extend_select", "exclude", "confidence", "baseline")
    options = {key.replace("_", "-"): given[key] for key in keys if given.get(key)}
    text, name = _unsaved_text(paths, given.get("stdin_filename"))
    return Request(
        paths=() if text is not None else paths,
        options=options,
        config=given["config"],
        isolated=given["isolated"],
        force_exclude=given.get("force_exclude", False),
        text=text,
        text_name=name,
        use_cache=not given["no_cache"],
        cache_folder=given["cache_dir"],
        jobs=given["jobs"] or 0,
        executor=given.get("executor"),
        diff_base=given.get("diff_base"),
    )


def _stand_somewhere() -> None:
    """Paths are seen from the working directory, so there must be one."""
    try:
        os.getcwd()
    except OSError as error:
        raise click.UsageError("the working directory is gone; go to another folder") from error


def _contradictions(given: dict[str, Any]) -> None:
    """Options that make no sense together; raises click's usage error."""
    if given["quiet"] and given["verbose"]:
        raise click.UsageError("`--quiet` and `--verbose` contradict each other")
    if given["exit_non_zero_on_fix"] and not given["fixes"]:
        raise click.UsageError("`--exit-non-zero-on-fix` says how `--fix` ends, which is not given")
    if given["diff"] and (given["output_format"] or given["output_file"]):
        raise click.UsageError(
            "`--diff` prints a patch and no report; leave out the output options"
        )
    if (
        given["fixes"]
        and "-" in given["paths"]
        and (given["output_format"] or given["output_file"])
    ):
        raise click.UsageError(
            "`--fix -` prints the fixed text and no report; leave out the output options"
        )
    if given["write_baseline"] is None:
        return
    against = (
        "baseline", "diff", "diff_base", "fixes", "output_file", "output_format", "stdin_filename",
    )  # fmt: skip
    for name in against:
        if given[name]:
            option = "--fix" if name == "fixes" else f"--{name.replace('_', '-')}"
            raise click.UsageError(f"`--write-baseline` reports nothing, so `{option}` has no use")
    if "-" in given["paths"]:
        raise click.UsageError("`--write-baseline` needs files, not the text of `-`")


def _unsaved_text(paths: tuple[str, ...], name: str | None) -> tuple[bytes | None, str]:
    if "-" not in paths:
        if name is not None:
            raise click.UsageError("`--stdin-filename` names the text of `-`, which is not given")
        return None, ""
    if len(paths) > 1:
        raise click.UsageError("`-` reads one file from stdin and cannot be joined by other paths")
    if "stdin" in (click.get_current_context().obj or ()):
        raise click.UsageError("`-` reads from standard input, which is closed")
    return sys.stdin.buffer.read(), name or "stdin.py"


def _usage_failure(error: click.ClickException) -> int:
    if isinstance(error, click.UsageError) and error.ctx is not None and not sys.argv[1:]:
        click.echo(error.ctx.get_help(), err=True)
        return FAILED
    message = " ".join(error.format_message().split()).rstrip(".")
    _complain(message[:1].lower() + message[1:])
    return FAILED


def _described(error: Exception) -> str:
    where = traceback.extract_tb(error.__traceback__)[-1]
    text = str(error).partition("\n")[0]
    return f"{type(error).__name__}: {text} ({os.path.basename(where.filename)}:{where.lineno})"


def _complain(message: str) -> None:
    with contextlib.suppress(OSError):  # nobody can be told, and the exit code still says it
        click.echo(f"{PROGRAM}: {message}", err=True)
