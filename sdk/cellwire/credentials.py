"""The fields of a credential: what is stored, what is secret, what a form asks for.

An auth kind brings its own fields; an author adds more with a `Credentials` model. The pydantic
model of all of them is built only when somebody asks for it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from types import UnionType
from typing import Any, Union, get_args, get_origin

from pydantic import BaseModel, ConfigDict, SecretStr, ValidationError, create_model
from pydantic.fields import FieldInfo

from cellwire.errors import DefinitionError


class Credentials(BaseModel):
    """Fields an integration stores beside those its auth kind brings.

    A `SecretStr` field is secret: hidden in forms, never synced to a widget, redacted everywhere.
    Each is also read from the environment: `GITHUB_TOKEN`, `GITHUB_WORK_TOKEN` for "work".
    """

    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)


@dataclass(frozen=True)
class Field:
    """One field of a credential.

    Attributes:
        name: Python name; upper-cased behind the integration's name it is the variable.
        secret: Whether it must never be shown or stored in the clear.
        required: Whether `connect()` asks for it when it is missing.
        default: Value when nothing is given.
        help: One line for the form.
    """

    name: str
    secret: bool = True
    required: bool = True
    default: str | None = None
    help: str = ""


def fields_of(model: type[Credentials] | None) -> tuple[Field, ...]:
    """Read the fields an author declared.

    Raises:
        DefinitionError: A field is of a type that no form and no variable can give.
    """
    return tuple(_field(n, i) for n, i in model.model_fields.items()) if model else ()


def _field(name: str, info: FieldInfo) -> Field:
    union = get_origin(info.annotation) in (Union, UnionType)
    kinds = set(get_args(info.annotation) if union else [info.annotation])
    if not kinds & {str, SecretStr, int, bool}:
        raise DefinitionError(
            f"credential field {name!r} is of type {info.annotation!r}",
            next_step="Use str, int, bool, or SecretStr for what must stay secret.",
        )
    default = None if info.is_required() or info.default is None else _reveal(info.default)
    return Field(
        name,
        secret=SecretStr in kinds,
        required=info.is_required(),
        default=default,
        help=info.description or "",
    )


def _reveal(value: Any) -> str:
    return value.get_secret_value() if isinstance(value, SecretStr) else str(value)


def model_of(
    name: str, author: type[Credentials] | None, fields: Iterable[Field]
) -> type[Credentials]:
    """Build the pydantic model of every field: the author's first, then the auth kind's."""
    own = author.model_fields if author else {}
    more: dict[str, Any] = {
        field.name: (
            SecretStr if field.secret else str,
            ...
            if field.required
            else SecretStr(field.default or "")
            if field.secret
            else (field.default or ""),
        )
        for field in fields
        if field.name not in own
    }
    return create_model(f"{name}_credentials", __base__=author or Credentials, **more)


def fill(model: type[Credentials], values: Mapping[str, str]) -> Credentials:
    """Validate values into the model.

    Raises:
        DefinitionError: A value does not fit its field; names the field, never the value.
    """
    try:
        return model.model_validate({k: v for k, v in values.items() if k in model.model_fields})
    except ValidationError as error:
        wrong = "; ".join(f"{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in error.errors())
        raise DefinitionError(
            f"the credentials do not fit: {wrong}", next_step="Give them again: connect(again=True)"
        ) from None
