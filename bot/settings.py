"""Settings: one frozen tree from ``heqi.toml`` and the environment. Every value is checked where it stands."""

from __future__ import annotations

import ipaddress
import os
import sys
import tomllib
from collections.abc import Iterator, Mapping
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Union
from urllib.parse import urlsplit

from babel.numbers import get_currency_precision, list_currencies
from pydantic import AfterValidator, BeforeValidator, Field, model_validator
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict
from typing_extensions import override

from adapters.channels import CHANNELS
from adapters.engines import ENGINES, NEEDED, EngineSettings
from adapters.secret import Secret
from adapters.settings import AccountSettings, Id, PrivateFile, Table, VariableName, WebAddress
from adapters.slack.settings import SlackSettings
from adapters.webchat.settings import WebChatSettings
from dialogs.language import DETECTORS
from dialogs.messages import (
    Manner,
    Reason,
    Shop,
)
from dialogs.promises import Money
from dialogs.remedies import LADDER

ENV_PREFIX = "HEQI_"

Glossary = Mapping[str, Mapping[str, str]]

# Engines that take no key, and those that do with or without: what they cannot work without stands in NEEDED.
_KEYLESS = frozenset({"google", "mymemory"})


def _database_address(value: str) -> str:
    parts = urlsplit(value)
    if parts.scheme.partition("+")[0] not in {"sqlite", "postgresql"}:
        raise ValueError("应以 sqlite:/// 或 postgresql:// 开头 (must begin with sqlite:/// or postgresql://)")
    return value


def _network(value: str) -> str:
    try:
        ipaddress.ip_network(value, strict=False)
    except ValueError:
        raise ValueError("应为 IP 地址或网段，如 10.0.0.0/8 (an IP address or network)") from None
    return value


def _currency(value: str) -> str:
    if value not in _CURRENCIES:
        raise ValueError("应为 ISO 4217 货币代码，如 USD (an ISO 4217 currency code)")
    return value


def _one_of(*choices: str) -> AfterValidator:
    def check(value: str) -> str:
        if value not in choices:
            raise ValueError(f"可选：{', '.join(choices)} (one of these)")
        return value

    return AfterValidator(check)


def engine_id(engine: Mapping[str, Any]) -> str | None:
    """The id of an ``[[engines]]`` entry: its label, else its name."""
    return engine.get("label") or engine.get("name")


def gaps(engine: Mapping[str, Any]) -> Iterator[str]:
    """What an ``[[engines]]`` entry lacks or has too much, as sentences."""
    name = str(engine.get("name"))
    keys = [key for key in ("key_env", "key_file") if key in engine]
    for need in NEEDED.get(name, ()):
        if need == "key" and not keys:
            yield "缺少 key_env 或 key_file (key_env or key_file is required)"
        elif need != "key" and need not in engine:
            yield f"缺少 {need} ({need} is required)"
    if len(keys) > 1:
        yield "key_env 和 key_file 只能填一个 (only one of key_env and key_file)"
    elif keys and name in _KEYLESS:
        yield f"这个引擎不需要密钥，请删去 {keys[0]} (this engine takes no key)"


def _exact(value: object) -> object:
    """A TOML float reads as what was typed (5.10), never as its binary neighbour."""
    return str(value) if isinstance(value, float) else value


def _glossary_file(value: Path) -> Path:
    try:
        table = tomllib.loads(value.read_text(encoding="utf-8-sig"))
    except OSError as error:
        raise ValueError(f"无法读取：{error.strerror} (cannot be read)") from None
    except ValueError as error:
        raise ValueError(f"不是有效的 TOML：{error} (not valid TOML)") from None
    for term, wordings in table.items():
        if not isinstance(wordings, dict) or not all(isinstance(word, str) for word in wordings.values()):
            raise ValueError(f'“{term}” 应写成 {{ en = "…", es = "…" }} (a table of language = wording)')
    return value


def _own_replies(value: Path) -> Path:
    if not value.is_dir():
        raise ValueError("没有这个文件夹 (there is no such folder)")
    return value


_CURRENCIES = frozenset(list_currencies())


class Server(Table):
    """Where Heqi listens and how it is reached."""

    host: Annotated[str, Field(min_length=1)] = "127.0.0.1"
    port: Annotated[int, Field(ge=0, le=65535)] = 8080  # 0: any free port
    public_url: WebAddress | None = None  # behind a proxy
    trusted_proxies: tuple[Annotated[str, AfterValidator(_network)], ...] = ("127.0.0.1",)

    @property
    def url(self) -> str:
        """The address people open."""
        host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(self.host, self.host)  # noqa: S104 - everywhere means here too
        host = f"[{host}]" if ":" in host else host
        return self.public_url or f"http://{host}:{self.port}"

    @property
    def platform_url(self) -> str | None:
        """The address platforms can call, None when there is none: they call https only."""
        return self.public_url if self.public_url and self.public_url.startswith("https://") else None


class Database(Table):
    """Where the rows are; without ``url`` a SQLite file in the data folder."""

    url: Annotated[str, AfterValidator(_database_address)] | None = None


class Operations(Table):
    """Who may read the metrics, and from what on those who run the installation are told of trouble."""

    metrics_from: tuple[Annotated[str, AfterValidator(_network)], ...] = ()  # beside this machine itself
    lag: Annotated[int, Field(ge=10, le=24 * 3600)] = 120  # seconds work may lie open
    failures: Annotated[int, Field(ge=1)] = 10  # parked turns, or failed deliveries, within ten minutes


class Retention(Table):
    """How long what is over is kept, in days; None: for ever. See ``bot.retention`` for how long it may be needed.

    At least 30: WhatsApp hands in again for 7 days what was not acknowledged, Telegram for one, and who removes the
    message no longer knows it.
    """

    messages_days: Annotated[int, Field(ge=30)] | None = None  # resolved conversations, since anything happened in them
    archive: bool = True  # write them to files before
    attachments_days: Annotated[int, Field(ge=30)] | None = None  # bytes of attachments in resolved conversations
    translations_days: Annotated[int, Field(ge=1)] | None = 400  # the memory; what is needed again is translated again


class Tracing(Table):
    """Where traces are sent: an OpenTelemetry collector that takes OTLP over HTTP."""

    endpoint: WebAddress


class Engine(Table):
    """One translation engine. Its key comes from the environment or a file, never from the settings."""

    name: Annotated[str, _one_of(*ENGINES)]
    label: Id | None = None  # tells two engines of one name apart
    url: WebAddress | None = None
    model: Annotated[str, Field(min_length=1)] | None = None
    key_env: VariableName | None = None
    key_file: PrivateFile | None = None
    timeout: Annotated[float, Field(gt=0, le=120)] = 8.0  # seconds for one call
    rate: Annotated[float, Field(gt=0)] | None = None  # calls per second at most

    def value(self) -> EngineSettings:
        """The same as the adapters know it; the key is read where it is kept."""
        return EngineSettings(
            name=self.name,
            label=self.label or "",
            url=self.url or "",
            key=_key(self.key_env, self.key_file),
            model=self.model or "",
            timeout=self.timeout,
            rate_per_second=self.rate or 0.0,
        )


def _key(variable: str | None, file: Path | None) -> Secret:
    """The key where it is kept; empty where none is set."""
    if variable:
        return Secret(os.environ[variable].strip())
    return Secret(file.read_text(encoding="utf-8-sig").strip()) if file else Secret()


class Model(Table):
    """A language model behind a server that speaks OpenAI's chat completions."""

    url: WebAddress
    model: Annotated[str, Field(min_length=1)]
    key_env: VariableName | None = None
    key_file: PrivateFile | None = None
    timeout: Annotated[float, Field(gt=0, le=120)] = 15.0  # seconds for one answer

    @model_validator(mode="after")
    def _one_key(self) -> Model:
        if self.key_env and self.key_file:
            raise ValueError("key_env 和 key_file 只能填一个 (only one of key_env and key_file)")
        return self

    def value(self, name: str) -> EngineSettings:
        """The same as the adapters know it, as ``name``; the key is read where it is kept."""
        return EngineSettings(
            name=name,
            url=self.url,
            key=_key(self.key_env, self.key_file),
            model=self.model,
            timeout=self.timeout,
            retries=0,  # the cues have read the message already: nobody waits twice
        )


class ReadingSettings(Table):
    """What is asked about a buyer's message beside the cues."""

    embeddings: bool = False  # needs the extra heqi[embeddings]
    model: Model | None = None


class DraftSettings(Table):
    """Who writes one more proposal beside those of the playbooks."""

    model: Model | None = None


class Limit(Table):
    """An amount a seller may promise alone in one case."""

    amount: Annotated[Decimal, BeforeValidator(_exact), Field(gt=0, allow_inf_nan=False)]
    currency: Annotated[str, AfterValidator(_currency)]

    @model_validator(mode="after")
    def _whole(self) -> Limit:
        places = get_currency_precision(self.currency)
        if self.amount != round(self.amount, places):
            raise ValueError(f"{self.currency} 最多 {places} 位小数 ({self.currency} has {places} decimal places)")
        return self

    def money(self) -> Money:
        """The same as a value that travels."""
        return Money(self.amount, self.currency)


class ShopSettings(Table):
    """One shop: its limits, its words and the order its engines are asked in."""

    id: Id
    name: Annotated[str, Field(min_length=1)]
    response_minutes: Annotated[int, Field(ge=1, le=24 * 60)] = 5
    goodwill: Limit | None = None
    credit: Limit | None = None
    agent_daily: tuple[Limit, ...] = ()
    shop_daily: tuple[Limit, ...] = ()
    order_share: Annotated[int, Field(ge=1, le=100)] | None = None
    follow_up_days: Annotated[int, Field(ge=1, le=60)] = 2
    learn: bool = True
    extend_days: Annotated[int, Field(ge=1, le=365)] | None = None
    manner: Manner = Manner.FORMAL
    platform: Annotated[str, Field(pattern=r"^[a-z0-9_]*$")] = ""
    remedies: frozenset[Annotated[str, _one_of(*LADDER)]] = frozenset(LADDER)  # what an agent may offer alone
    escalate: frozenset[Reason] = frozenset(Reason)  # what the team is told of at once
    unanswered_minutes: Annotated[int, Field(ge=1, le=7 * 24 * 60)] = 15  # so long a buyer waits before that
    engines: tuple[str, ...] | None = None  # None: all, in the order of [[engines]]
    glossary: Glossary = Field(default_factory=dict)
    glossary_file: Annotated[Path, AfterValidator(_glossary_file)] | None = None
    replies_folder: Annotated[Path, AfterValidator(_own_replies)] | None = None  # the shop's own over the common ones

    @model_validator(mode="after")
    def _one_currency(self) -> ShopSettings:
        """What is promised in one currency can only be held against a limit in it."""
        base = self.goodwill or self.credit
        limits: dict[str, tuple[Limit, ...]] = {"agent_daily": self.agent_daily, "shop_daily": self.shop_daily}
        limits["credit"] = (self.credit,) if self.credit else ()
        for name, given in limits.items():
            currencies = {limit.currency for limit in given}
            if base and currencies and base.currency not in currencies:
                found = ", ".join(sorted(currencies))
                wanted = base.currency
                raise ValueError(f"{name} 是 {found}，缺少 {wanted} ({name} is in {found}, it needs one in {wanted})")
        return self

    def shop(self) -> Shop:
        """The same as the dialogs know it; words of ``glossary`` win over those of ``glossary_file``."""
        words: dict[str, Mapping[str, str]] = {}
        if self.glossary_file:
            words.update(tomllib.loads(self.glossary_file.read_text(encoding="utf-8-sig")))
        words.update(self.glossary)
        return Shop(
            id=self.id,
            name=self.name,
            response_minutes=self.response_minutes,
            goodwill=self.goodwill.money() if self.goodwill else None,
            credit=self.credit.money() if self.credit else None,
            agent_daily=tuple(limit.money() for limit in self.agent_daily),
            shop_daily=tuple(limit.money() for limit in self.shop_daily),
            order_share=self.order_share,
            follow_up_days=self.follow_up_days,
            learn=self.learn,
            extend_days=self.extend_days,
            manner=self.manner,
            platform=self.platform,
            remedies=self.remedies,
            escalate=self.escalate,
            unanswered_minutes=self.unanswered_minutes,
            glossary=words,
        )


if TYPE_CHECKING:
    AnyAccount = AccountSettings
else:
    # What an entry of [[accounts]] may be, told apart by its channel; made from the one list of channels.
    AnyAccount = Annotated[
        Union[tuple(kind.settings for kind in CHANNELS.values())],  # noqa: UP007
        Field(discriminator="channel"),
    ]

DEFAULT_ENGINES = (Engine(name="google"),)
# Nothing ready-built of eldc exists for Windows; the next best is installed there instead.
DEFAULT_DETECTOR = "py3langid" if sys.platform == "win32" else "eldc"
DEFAULT_SHOPS = (ShopSettings(id="main", name="Heqi Store"),)  # buyers read it


class Settings(BaseSettings):
    """Everything that can be set. ``bot.settings_file.load`` makes it; nothing else reads the environment."""

    model_config = SettingsConfigDict(
        frozen=True,
        extra="forbid",
        env_prefix=ENV_PREFIX,
        env_nested_delimiter="__",
    )

    data: Path = Path("var")  # folder of the database and the attachments
    detector: Annotated[str, _one_of(*DETECTORS)] = DEFAULT_DETECTOR
    server: Server = Server()
    database: Database = Database()
    engines: tuple[Engine, ...] = DEFAULT_ENGINES
    shops: Annotated[tuple[ShopSettings, ...], Field(min_length=1)] = DEFAULT_SHOPS
    accounts: tuple[AnyAccount, ...] = ()  # none: a web chat for every shop, see channel_accounts
    slack: SlackSettings | None = None
    reading: ReadingSettings = ReadingSettings()
    drafts: DraftSettings = DraftSettings()
    operations: Operations = Operations()
    retention: Retention = Retention()
    tracing: Tracing | None = None

    @classmethod
    @override
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """File and environment are merged before, so that every problem can name where its value stands."""
        return (init_settings,)

    @property
    def database_url(self) -> str:
        """The address of the database."""
        return self.database.url or f"sqlite:///{self.data / 'heqi.sqlite'}"

    @property
    def is_shared(self) -> bool:
        """Whether several processes can work on the database: PostgreSQL's can, a SQLite file belongs to one."""
        return not self.database_url.startswith("sqlite")

    @property
    def channel_accounts(self) -> tuple[AccountSettings, ...]:
        """The accounts; when none is set, the first shop's web chat is ``web``, those of others ``web-<shop>``."""
        if self.accounts:
            return self.accounts
        first, *others = self.shops
        return (
            WebChatSettings(channel="webchat", id="web", shop=first.id),
            *(WebChatSettings(channel="webchat", id=f"web-{shop.id}", shop=shop.id) for shop in others),
        )

    @property
    def shop_values(self) -> Mapping[str, Shop]:
        """Every shop as the dialogs know it, by id."""
        return {shop.id: shop.shop() for shop in self.shops}

    @property
    def own_replies(self) -> Mapping[str, Path]:
        """The folders of shops that have replies of their own, by shop."""
        return {shop.id: shop.replies_folder for shop in self.shops if shop.replies_folder is not None}

    def engine_order(self, shop: str) -> tuple[str, ...]:
        """Ids of the engines a shop asks, in order."""
        own = next((entry.engines for entry in self.shops if entry.id == shop), None)
        return tuple(engine.label or engine.name for engine in self.engines) if own is None else own
