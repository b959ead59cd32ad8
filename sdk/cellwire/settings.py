"""The one reader of the environment and of `[tool.cellwire]`; every value knows its source.

Precedence, highest first: an argument in code, the environment, `[tool.cellwire]` in
`pyproject.toml`, the default. One thing stands above all: record mode `none` is a lock, and no
argument in a cell loosens it.

| variable | meaning |
|---|---|
| CELLWIRE_RECORD_MODE | vcrpy's words: none, once, new_episodes, all, rewrite; unset: decided for you |
| CELLWIRE_RECORD | cassettes (`github/list_issues`, globs) to record anew while the rest plays |
| CELLWIRE_STAGE | folder that takes what CELLWIRE_RECORD records, until all of it succeeded |
| CELLWIRE_CASSETTES | folder of the cassettes; unset: `cassettes/` beside the nearest pyproject.toml |
| CELLWIRE_DATA_DIR | folder of the vault; unset: the user's data folder |
| CELLWIRE_KEY | key of the vault (a Fernet key); unset: a 0600 key file |
| CELLWIRE_LEDGER | JSON-lines file that takes note of what was played, recorded, missed, blocked |
| CELLWIRE_REDIRECT_PORT, CELLWIRE_RECEIVER_PORT | fixed loopback ports |

`[tool.cellwire]` takes `record_mode`, `cassettes` (a folder), `checkpoint_seconds`, and `allow`: a
list of digests, as the leak gate names them, of values that look like secrets and are none.
"""

from __future__ import annotations

import os
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, TypeAlias, cast, get_args

from cellwire.errors import SettingsError

RecordMode: TypeAlias = Literal["none", "once", "new_episodes", "all", "rewrite"]
MODES: tuple[str, ...] = get_args(RecordMode)


@dataclass(frozen=True)
class Settings:
    """What the process was told, resolved once, when the workspace opens.

    Attributes:
        record_mode: A vcrpy word, or None: decided for each block.
        record_mode_source: Who said so: "CELLWIRE_RECORD_MODE", "CI", "[tool.cellwire]", "default".
        record: Patterns of cassettes to record anew while the rest plays.
        stage: Folder that takes what `record` names, or None: in place.
        cassettes: Folder of the cassettes.
        project: Folder that holds pyproject.toml, or the working folder.
        data_dir: Folder of the vault, or None: the user's data folder.
        vault_key: A Fernet key, or None: a key file. Never shown.
        ledger: File that takes the evidence, or None.
        redirect_port: Port of the OAuth listener; None: as the auth kind says.
        receiver_port: Port of the webhook receiver; 0: any free one.
        allow: Digests of values that the leak gate takes for secrets and that are none.
        checkpoint_seconds: Longest time between two checkpoints of a recording.
        environ: The environment as it was; only stores read it.
    """

    record_mode: RecordMode | None
    record_mode_source: str
    record: tuple[str, ...]
    stage: Path | None
    cassettes: Path
    project: Path
    data_dir: Path | None
    vault_key: str | None
    ledger: Path | None
    redirect_port: int | None
    receiver_port: int
    allow: tuple[str, ...]
    checkpoint_seconds: float
    environ: Mapping[str, str]

    def __repr__(self) -> str:
        """Say the mode and where from; the rest may hold secrets."""
        return f"<Settings record_mode={self.record_mode} ({self.record_mode_source})>"

    @property
    def locked(self) -> bool:
        """Whether everything plays, whatever a cell says; only `cellwire record` opens it."""
        return self.record_mode == "none" and not self.record

    @classmethod
    def load(cls, environ: Mapping[str, str] | None = None, folder: Path | None = None) -> Settings:
        """Read the environment and the nearest `pyproject.toml`.

        Raises:
            SettingsError: A value cannot be used; names the variable and what it may be.
        """
        env = dict(os.environ if environ is None else environ)
        start = (folder or Path.cwd()).resolve()
        project = _project(start)
        table = _table(project)
        mode, source = _mode(env, table)
        return cls(
            record_mode=mode,
            record_mode_source=source,
            record=tuple(filter(None, env.get("CELLWIRE_RECORD", "").split(","))),
            stage=_path(env, "CELLWIRE_STAGE"),
            cassettes=_path(env, "CELLWIRE_CASSETTES") or _cassettes(start, project, table),
            project=project or start,
            data_dir=_path(env, "CELLWIRE_DATA_DIR"),
            vault_key=env.get("CELLWIRE_KEY"),
            ledger=_path(env, "CELLWIRE_LEDGER"),
            redirect_port=_port(env, "CELLWIRE_REDIRECT_PORT"),
            receiver_port=_port(env, "CELLWIRE_RECEIVER_PORT") or 0,
            allow=tuple(map(str, table.get("allow", ()))),
            checkpoint_seconds=float(table.get("checkpoint_seconds", 5.0)),
            environ=env,
        )


def check_mode(value: str, source: str) -> RecordMode:
    """Give `value` back if it is a record mode.

    Raises:
        SettingsError: It is not; says where it came from and which words there are.
    """
    if value in MODES:
        return cast(RecordMode, value)
    raise SettingsError(
        f"{source}: {value!r} is no record mode",
        next_step=f"Use one of {', '.join(MODES)} (vcrpy's words), or leave it unset.",
    )


def _mode(env: Mapping[str, str], table: Mapping[str, Any]) -> tuple[RecordMode | None, str]:
    if value := env.get("CELLWIRE_RECORD_MODE"):
        return check_mode(value, "CELLWIRE_RECORD_MODE"), "CELLWIRE_RECORD_MODE"
    if env.get("CI", "").lower() not in ("", "0", "false"):
        return "none", "CI"
    if value := table.get("record_mode"):
        return check_mode(str(value), "[tool.cellwire] record_mode"), "[tool.cellwire]"
    return None, "default"


def _project(start: Path) -> Path | None:
    return next((d for d in (start, *start.parents) if (d / "pyproject.toml").is_file()), None)


def _cassettes(start: Path, project: Path | None, table: Mapping[str, Any]) -> Path:
    if project and (named := table.get("cassettes")):
        return project / str(named)
    nearest = next((d for d in (start, *start.parents) if (d / "cassettes").is_dir()), None)
    return (project or nearest or start) / "cassettes"


def _table(project: Path | None) -> dict[str, Any]:
    if project is None:
        return {}
    path = project / "pyproject.toml"
    try:
        table: dict[str, Any] = tomllib.loads(path.read_text("utf-8"))
    except (OSError, tomllib.TOMLDecodeError) as error:
        raise SettingsError(f"{path} cannot be read: {error}", next_step="Mend the file.") from None
    found: dict[str, Any] = table.get("tool", {}).get("cellwire", {})
    return found


def _path(env: Mapping[str, str], name: str) -> Path | None:
    value = env.get(name)
    return Path(value).expanduser().resolve() if value else None


def _port(env: Mapping[str, str], name: str) -> int | None:
    value = env.get(name)
    if not value:
        return None
    if value.isdigit() and int(value) < 65536:  # noqa: PLR2004 - TCP's own border
        return int(value)
    raise SettingsError(f"{name}: {value!r} is no port", next_step="Use a number up to 65535.")
