"""What an author declares of an integration: frozen, checked, without I/O."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from string import Formatter

from cellwire._http import URL, InvalidURL
from cellwire.auth import Auth, Place
from cellwire.client.pagination import Pagination
from cellwire.credentials import Credentials, Field, fields_of
from cellwire.errors import DefinitionError
from cellwire.webhooks.signatures import Signature

_NAME = re.compile(r"[a-z][a-z0-9_]*")
SIGNING_SECRET = Field(
    "signing_secret", required=False, help="Given when you register the webhook with the service"
)


@dataclass(frozen=True)
class Definition:
    """One integration as declared; the parameters are those of `cellwire.Integration`."""

    name: str
    description: str = ""
    base_url: str = ""
    auth: Auth | None = None
    credentials: type[Credentials] | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    hosts: Sequence[str] = ()
    pagination: Pagination | None = None
    webhooks: Signature | None = None
    check: str | None = None

    def __post_init__(self) -> None:
        if not isinstance(self.name, str) or not _NAME.fullmatch(self.name):
            better = re.sub(r"[^a-z0-9]+", "_", str(self.name).lower()).strip("_") or "my_service"
            raise DefinitionError(
                f"integration name {self.name!r}: it names folders, variables and modules",
                next_step=f"Use lower-case letters, digits and _: {better!r}.",
            )
        self._check_parts()
        self._check_url(self.base_url)

    @cached_property
    def fields(self) -> tuple[Field, ...]:
        """Every credential field: the author's, the auth kind's, the webhook scheme's."""
        own = fields_of(self.credentials)
        brought = (
            *(self.auth.fields if self.auth else ()),
            *([SIGNING_SECRET] * bool(self.webhooks)),
        )
        names = {f.name for f in own}
        return (*own, *(f for f in brought if f.name not in names))

    @property
    def writes(self) -> frozenset[Place]:
        """Every place the auth kind writes to."""
        return self.auth.writes if self.auth else frozenset()

    def resolve(self, template: str, values: Mapping[str, str]) -> str:
        """Fill `{field}` from the credentials; a URL given with a closing slash loses it."""
        return template.format_map({k: v.rstrip("/") for k, v in values.items()})

    @cached_property
    def stand_ins(self) -> Mapping[str, str]:
        """What replay uses for each field; recordings hold the same words."""
        return {f.name: self._stand_in(f) for f in self.fields}

    def deployed(self, values: Mapping[str, str]) -> dict[str, str]:
        """Say what a recording writes for where the service stands: real URL to stand-in.

        Only whole URLs and their authority are replaced, never the field's bare value: a
        subdomain may be an ordinary word.
        """
        if not all(values.get(name) for name in self.templated):
            return {}
        real, shown = (URL(self.resolve(self.base_url, v)) for v in (values, self.stand_ins))
        if not self.templated or real == shown:
            return {}
        pairs = {str(real).rstrip("/"): str(shown).rstrip("/")}
        if real.netloc != shown.netloc:
            origins = [f"{url.scheme}://{url.netloc.decode()}" for url in (real, shown)]
            pairs[origins[0]] = origins[1]
            pairs[real.netloc.decode()] = shown.netloc.decode()
        return pairs

    @cached_property
    def templated(self) -> tuple[str, ...]:
        """Names of the fields that stand in the base URL: where it is deployed."""
        return tuple(name for _, name, _, _ in Formatter().parse(self.base_url) if name)

    def owns(self, url: URL, base: URL) -> bool:
        """Whether a credential may travel to this URL: same origin, or a host declared in `hosts`.

        A declared further host must speak https: a credential is never sent in the clear to it.
        """
        if (url.scheme, url.host, _port(url)) == (base.scheme, base.host, _port(base)):
            return True
        return url.scheme == "https" and url.host in self.hosts

    def _stand_in(self, one: Field) -> str:
        if one.secret:
            return f"cw-{one.name}-1"
        if self.base_url.startswith("{" + one.name + "}"):
            return f"https://{self.name.replace('_', '-')}.test"
        return one.default or one.name.replace("_", "-")

    def _check_parts(self) -> None:
        wanted = (
            ("auth", Auth, "cw.auth.Bearer()"),
            ("pagination", Pagination, 'cw.pagination.NextUrl(at="next")'),
            ("webhooks", Signature, 'cw.signatures.HMAC(header="X-Signature")'),
        )
        for name, contract, example in wanted:
            value = getattr(self, name)
            if value is not None and not isinstance(value, contract):
                raise DefinitionError(
                    f"{self.name}: {name}={value!r} is no {contract.__name__}",
                    next_step=f"Write an instance: {name}={example}.",
                )
        if isinstance(self.hosts, str):
            raise DefinitionError(
                f"{self.name}: hosts={self.hosts!r} is one string",
                next_step=f'Write a list: hosts=["{self.hosts}"]',
            )
        if self.credentials is not None and not (
            isinstance(self.credentials, type) and issubclass(self.credentials, Credentials)
        ):
            raise DefinitionError(
                f"{self.name}: credentials={self.credentials!r} is no credential schema",
                next_step="Write class Access(cw.Credentials): ..., and pass the class.",
            )

    def _check_url(self, template: str) -> None:
        known = {f.name for f in self.fields}
        if missing := [n for n in self.templated if n not in known]:
            raise DefinitionError(
                f"{self.name}: base_url holds {{{missing[0]}}}, which is no credential field",
                next_step=f"Add it to a schema: class Access(cw.Credentials): {missing[0]}: str.",
            )
        try:
            url = URL(self.resolve(template, self.stand_ins))
        except (InvalidURL, ValueError, KeyError, IndexError) as error:
            raise DefinitionError(f"{self.name}: base_url={template!r}: {error}") from None
        if url.scheme not in ("http", "https") or not url.host:
            raise DefinitionError(
                f"{self.name}: base_url={template!r} is no absolute http or https URL",
                next_step='Write base_url="https://api.example.com".',
            )


def _port(url: URL) -> int | None:
    return url.port or {"http": 80, "https": 443}.get(url.scheme)
