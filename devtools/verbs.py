"""The verbs of `dev.py`: what each is for, and what it runs."""

from __future__ import annotations

import signal
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from services import processes, reviewboard
from services.processes import ServiceError

from devtools import browser, demo, environment, lab, report
from devtools.environment import Environment

ROOT = Path(__file__).resolve().parent.parent
INTERRUPTED = 130

# How long a test run may take to end in its own way after Ctrl-C, fixtures included.
PATIENCE = 15.0

HELP = """\
usage: python3 dev.py VERB [options]        (or: make VERB)

  demo    record a real service, stop it, and prove the recording offline
          --keep   then keep the new notebook and cassettes in the repository
  test    all offline tests; extra arguments go to pytest: dev.py test -- -k name
  live    the tests against real loopback services and in a real browser
  bench   the figures, one line each; dev.py bench NAME for one (make bench ONLY=NAME)
  lab     JupyterLab with Review Board running, so that you click Connect yourself
  check   ruff, formatting, types
  help    this text

Everything is installed into .venv and .services, both ignored by git; nothing else is touched.
"""

TYPED = (("-p", "services", "-p", "devtools"), ("dev.py",))


def main(arguments: Sequence[str]) -> int:
    """Run one verb; its exit status."""
    verb, *rest = arguments or ["help"]
    extra = [word for word in rest if word != "--"] if rest[:1] == ["--"] else rest
    run = VERBS.get(verb.lstrip("-"))
    if run is None:
        print(f"dev.py: there is no verb {verb!r}\n\n{HELP}", file=sys.stderr)
        return 2
    processes.install_signal_handlers()
    processes.adopt_orphans()
    try:
        return run(extra)
    except KeyboardInterrupt:
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        _end_everything()
        report.show("\ninterrupted: everything that was started here has been stopped")
        return INTERRUPTED
    except report.StepFailedError:
        return 1
    except ServiceError as error:
        report.show(report.style(f"dev.py {verb}: failed", "1;31"))
        report.show_error(error)
        return 1
    finally:
        _end_everything()


def _end_everything() -> None:
    processes.stop_all()
    processes.end_orphans()


def run(command: Sequence[str | Path], variables: dict[str, str]) -> int:
    """Run a command whose output goes where ours goes; its exit status."""
    child = processes.start(command, env=variables, cwd=ROOT)
    try:
        return child.wait()
    except KeyboardInterrupt:
        child.interrupt()
        child.wait_quietly(PATIENCE)
        raise
    finally:
        child.stop()


def do_test(extra: Sequence[str]) -> int:
    """All offline tests."""
    place = _environment()
    words = ["-m", "pytest", "-q", "-m", "not live", *extra]
    return run([place.python, *words], place.variables())


def do_live(extra: Sequence[str]) -> int:
    """Tests against real services and in a real browser."""
    place = _environment()
    variables = place.variables({"CHROMIUM": browser.find()})
    reviewboard.prepare(ROOT, report.say)
    words = ["-m", "pytest", "-q", "-m", "live", "tests/live", *extra]
    return run([place.python, *words], variables)


def do_bench(extra: Sequence[str]) -> int:
    """The figures."""
    place = _environment()
    return run([place.python, "-m", "benchmarks", *extra], place.variables())


def do_check(extra: Sequence[str]) -> int:
    """Style, formatting and types; all of them, even if one fails."""
    place = _environment()
    ruff, mypy = place.program("ruff"), place.program("mypy")
    commands: list[list[str | Path]] = [[ruff, "check"], [ruff, "format", "--check"], [mypy]]
    commands += [[mypy, "--strict", *words] for words in TYPED]
    failed = [command for command in commands if run([*command, *extra], place.variables())]
    for command in failed:
        report.show("failed: " + " ".join([Path(command[0]).name, *map(str, command[1:])]))
    return 1 if failed else 0


def do_demo(extra: Sequence[str]) -> int:
    """The main job, live."""
    return demo.run(ROOT, keep="--keep" in extra)


def do_lab(_extra: Sequence[str]) -> int:
    """JupyterLab beside Review Board."""
    return lab.run(_environment())


def do_help(_extra: Sequence[str]) -> int:
    """This text."""
    report.show(HELP)
    return 0


def _environment() -> Environment:
    return environment.ensure(ROOT, report.say)


VERBS: dict[str, Callable[[Sequence[str]], int]] = {
    "demo": do_demo,
    "test": do_test,
    "live": do_live,
    "bench": do_bench,
    "lab": do_lab,
    "check": do_check,
    "help": do_help,
    "h": do_help,
}
