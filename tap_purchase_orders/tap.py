"""The tap: settings in, catalog and messages out."""

from __future__ import annotations

import logging
import signal
from collections.abc import Mapping
from contextlib import suppress
from functools import cached_property
from typing import IO, TYPE_CHECKING, Any, ClassVar

import click
from singer_sdk.exceptions import ConfigValidationError, MappingError
from singer_sdk.helpers._catalog import get_selected_schema
from singer_sdk.helpers.capabilities import PluginCapabilities, TapCapabilities
from singer_sdk.singerlib import Catalog
from singer_sdk.tap_base import CliTestOptionValue, Tap
from typing_extensions import override

from tap_purchase_orders.auth.method import AuthMethod
from tap_purchase_orders.auth.registry import auth_method
from tap_purchase_orders.catalog import FULL_TABLE, catalog_warnings, read_catalog
from tap_purchase_orders.cli import (
    TapCommand,
    checked_config,
    checked_environment,
    checked_input,
)
from tap_purchase_orders.concurrency.cancellation import CancelToken
from tap_purchase_orders.errors import EndedBySignalError, SettingsError
from tap_purchase_orders.extraction.batch import Selection
from tap_purchase_orders.extraction.connection_test import try_connections
from tap_purchase_orders.extraction.factory import open_extractions
from tap_purchase_orders.extraction.order_children import PROVISIONING
from tap_purchase_orders.incremental.state import State, state_value
from tap_purchase_orders.logs import hide_in_log
from tap_purchase_orders.messages.message_writer import MessageWriter
from tap_purchase_orders.messages.record_writer import RecordWriter
from tap_purchase_orders.messages.state_messages import StateMessages
from tap_purchase_orders.records.issues import ISSUES_STREAM
from tap_purchase_orders.records.schemas import has_decimal, with_numbers_of
from tap_purchase_orders.redaction import configured_secrets
from tap_purchase_orders.run_history import RunHistory
from tap_purchase_orders.settings.load import load_settings
from tap_purchase_orders.settings.schema import (
    settings_schema,
    settings_schema_with_plug_ins,
)
from tap_purchase_orders.stream_maps import prepare
from tap_purchase_orders.streams import STREAMS, TapStream
from tap_purchase_orders.sync import Extraction, Sync
from tap_purchase_orders.urls import VERSION

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence
    from types import FrameType

    from tap_purchase_orders.config import Settings

_SCHEMA = settings_schema()
_OWN_SETTINGS = frozenset(_SCHEMA["properties"])
_TEST_HELP = (
    "Sign in to each configured system, read one thing, and say whether it works or "
    "which setting to look at. --test=schema writes the SCHEMA messages."
)
_SDK_TESTS = {CliTestOptionValue.Disabled.value, CliTestOptionValue.Schema.value}


class TapPurchaseOrders(Tap):
    """Purchase orders of Microsoft Partner Center and of AppZen."""

    name = "tap-purchase-orders"
    # A copy: the SDK adds its settings to it.
    config_jsonschema: ClassVar[dict[str, Any]] = settings_schema()
    message_writer_class = MessageWriter
    # Only the streams of the configured upstreams are discovered.
    dynamic_catalog = True
    capabilities: ClassVar[list[Any]] = [
        TapCapabilities.CATALOG,
        TapCapabilities.STATE,
        TapCapabilities.DISCOVER,
        PluginCapabilities.ABOUT,
        PluginCapabilities.STREAM_MAPS,
        PluginCapabilities.FLATTENING,
        PluginCapabilities.STRUCTURED_LOGGING,
    ]

    @override
    def __init__(
        self, *, catalog: Catalog | dict[str, Any] | None = None, **options: Any
    ) -> None:
        self._cancel_token = CancelToken()
        self._signal: int | None = None
        if isinstance(catalog, Mapping) and not isinstance(catalog, Catalog):
            catalog = read_catalog(catalog)
        super().__init__(catalog=catalog, **options)
        self._hide_secrets()

    def _hide_secrets(self) -> None:
        """Keep the credentials out of the log from now on."""
        own = {name: self._config.get(name) for name in _OWN_SETTINGS}
        schema = _SCHEMA
        # If the settings are invalid, every undeclared text counts as a secret.
        with suppress(SettingsError):
            schema = settings_schema_with_plug_ins(self.settings)
        self._secrets = configured_secrets(own, schema)
        hide_in_log(self._secrets)

    @property
    def _writer(self) -> MessageWriter:
        writer = self.message_writer
        assert isinstance(writer, MessageWriter)  # noqa: S101  # the class says so
        return writer

    @cached_property
    def settings(self) -> Settings:
        """The settings, checked and typed.

        Raises:
            SettingsError: They cannot be used.
        """
        # The SDK's own settings are known by name; it checks them where it uses them.
        own = {
            name: value
            for name, value in self._config.items()
            if name not in self._sdk_settings()
        }
        return load_settings(own, _SCHEMA)

    @classmethod
    def _sdk_settings(cls) -> set[str]:
        """Return the names of the settings that the SDK adds."""
        return set(cls._full_schema()["properties"]) - _OWN_SETTINGS

    @classmethod
    def _full_schema(cls) -> dict[str, Any]:
        """Return the schema of all settings, those of the SDK itself included."""
        cls.append_builtin_config(cls.config_jsonschema)
        return cls.config_jsonschema

    @override
    def _validate_config(self, *, raise_errors: bool = True) -> list[str]:
        """Check the settings; the SDK's own check would show values in its errors."""
        try:
            _ = self.settings
        except SettingsError as error:
            mistakes = list(error.mistakes)
            if raise_errors:
                msg = "the settings cannot be used"
                raise ConfigValidationError(
                    msg, errors=mistakes, schema=self._full_schema()
                ) from error
            return mistakes
        return []

    @override
    def load_state(self, state: dict[str, Any]) -> None:
        """Load the state of earlier runs.

        Raises:
            SettingsError: It cannot be read.
        """
        self._loaded_state = State(state_value(state))
        # The SDK would keep the whole state in memory without using it.
        super().load_state({})

    @override
    def discover_streams(self) -> Sequence[TapStream]:
        """Return the streams of the configured upstreams."""
        return [
            stream(self, self.records_of, self.settings.decimal_type)
            for stream in STREAMS
            if stream.upstream is None or stream.upstream in self._upstreams()
            if stream.switch is None or getattr(self.settings, stream.switch)
        ]

    @override
    def setup_mapper(self) -> None:
        """Set up the stream maps by the schemas that the records have.

        Raises:
            SettingsError: The settings of the maps cannot be used.
        """
        try:
            # The SDK's own would take the schemas of the catalog.
            super(Tap, self).setup_mapper()
            for entry in self.catalog.streams:
                name = entry.stream or entry.tap_stream_id
                schema = self._declared(name, entry.schema.to_dict())
                selected = entry.metadata.resolve_selection()
                schema = get_selected_schema(name, schema, selected)
                keys = entry.key_properties
                if not keys and isinstance(own := self.streams.get(name), TapStream):
                    # Without keys, a loader would add rows and replace none.
                    keys = own.primary_keys or own.keys
                self.mapper.register_raw_stream_schema(name, schema, keys)
                prepare(self.mapper.stream_maps[name])
        except (MappingError, NotImplementedError, ValueError) as error:
            msg = f"`stream_maps` or flattening: {error}"
            raise SettingsError(msg) from error

    @property
    @override
    def catalog_dict(self) -> dict[str, Any]:
        """The catalog, with the schemas that the records have."""
        catalog = super().catalog_dict
        for entry in catalog["streams"]:
            entry["schema"] = self._declared(entry["stream"], entry["schema"])
        return catalog

    def _declared(self, stream: str, schema: dict[str, Any]) -> dict[str, Any]:
        """Return a schema of a catalog with numbers as the stream declares them."""
        own = self.streams.get(stream)
        has_decimals = self.settings.decimal_type is not None or has_decimal(schema)
        if own is None or not has_decimals:
            return schema
        declared: dict[str, Any] = with_numbers_of(own.schema, schema)
        return declared

    def _upstreams(self) -> set[str]:
        return {
            upstream
            for upstream in ("partner_center", "appzen")
            if getattr(self.settings, upstream) is not None
        }

    @override  # type: ignore[misc]
    def sync_all(self) -> None:
        """Read what is selected and write it.

        The SDK's loop reads one stream after another. Here one response feeds several
        streams, and many requests are under way while one thread writes: so this
        method, final in the SDK, is replaced as a whole.

        Raises:
            RunFailedError: Something was not read.
            EndedBySignalError: A signal ended the run.
        """
        self._check_credentials()
        selected = {
            name: stream
            for name, stream in self.streams.items()
            if isinstance(stream, TapStream) and stream.selected
        }
        full_table = frozenset(
            name
            for name, stream in selected.items()
            if stream.replication_method == FULL_TABLE
        )
        state = self._loaded_state
        writer = self._writer
        deselected = {name: s.deselected_fields for name, s in selected.items()}
        fingerprints = {name: s.fingerprint for name, s in selected.items()}
        selection = Selection(frozenset(selected), full_table, deselected, fingerprints)
        extractions = open_extractions(
            self.settings, selection, state, self._cancel_token, self._secrets
        )
        self._warn_of_selection(selected, extractions)
        run = Sync(
            extractions,
            RecordWriter(selected, writer),
            StateMessages(state, writer),
            RunHistory(
                self.settings.shard, self.plugin_version, self.settings.decimal_type
            ),
            before_waiting=writer.flush,
            cancel_token=self._cancel_token,
            strict=self.settings.strict,
        )
        try:
            run.run()
        finally:
            # A run that was cut off never looks finished, nor failed by itself.
            if self._signal is not None:
                raise EndedBySignalError(self._signal)

    def _warn_of_selection(
        self, selected: Collection[str], extractions: Sequence[Extraction]
    ) -> None:
        """Say what is selected in vain."""
        if self.input_catalog is not None:
            known = [vars(stream)["name"] for stream in STREAMS]
            for line in catalog_warnings(self.input_catalog, known, self.streams):
                self.logger.warning("%s", line)
        if not selected:
            self.logger.warning("no stream is selected: nothing is read")
        elif not any(extraction.is_wanted for extraction in extractions):
            self.logger.warning(
                "no selected stream is read from an upstream: nothing is asked"
            )

    def _check_credentials(self) -> None:
        """Return if the credentials are of the kind that the selection needs.

        Raises:
            SettingsError: A selected stream needs a user's token.
        """
        section = self.settings.partner_center
        if section is None or not self.streams[PROVISIONING].selected:
            return
        method = auth_method("partner_center", section.auth)
        if isinstance(method, AuthMethod) and method.is_app_only:
            msg = (
                f"the stream {PROVISIONING} needs a user's token, and "
                f"`partner_center.auth.method` is App-only: deselect the stream, or "
                f"choose another method"
            )
            raise SettingsError(msg)

    def records_of(self, stream: str) -> Iterator[dict[str, Any]]:
        """Yield all records of one stream, without a state."""
        selection = Selection(frozenset({stream}), frozenset({stream}))
        for extraction in open_extractions(
            self.settings, selection, State({}), self._cancel_token, self._secrets
        ):
            for batch in extraction.batches(lambda: None):
                for name, record in batch.rows:
                    # Without a word of fields, records are dictionaries.
                    if name == stream and isinstance(record, dict):
                        yield record
                if stream == ISSUES_STREAM:
                    yield from (issue.record() for issue in batch.issues)

    @classmethod
    @override
    def get_plugin_version(cls) -> str:
        """Return the version, which the SDK would look up each time."""
        return VERSION

    @classmethod
    @override
    def cb_config(cls, ctx: click.Context, param: click.Option, value: Any) -> Any:
        """Return the configuration of the files that were named."""
        checked_config(value)
        if "ENV" in value:
            sections = ("partner_center", "appzen", "shard")
            checked_environment(cls._env_var_prefix + s.upper() for s in sections)
        return super().cb_config(ctx, param, value)

    @classmethod
    @override
    def invoke(
        cls,
        *,
        state: IO[str] | None = None,
        catalog: IO[str] | None = None,
        **options: Any,
    ) -> None:
        """Run the tap with the options of the command line."""
        super().invoke(
            state=checked_input("--state", state),
            catalog=checked_input("--catalog", catalog),
            **options,
        )

    @classmethod
    @override
    def cb_test(cls, ctx: click.Context, param: click.Option, value: str) -> None:
        """Say for each configured upstream whether it works."""
        if value in _SDK_TESTS:
            super().cb_test(ctx, param, value)
            return
        config = ctx.params["config"]
        tap = cls(config=config.config, parse_env_config=config.parse_env)
        checks = try_connections(tap.settings, tap._secrets)
        for check in checks:
            cls.logger.log(
                logging.INFO if check.works else logging.ERROR, "%s", check.message
            )
            if check.warning is not None:
                cls.logger.warning("%s", check.warning)
        ctx.exit(0 if all(check.works for check in checks) else 1)

    @classmethod
    @override
    def get_singer_command(cls) -> click.Command:
        """Return the command, whose errors are one line each."""
        command = super().get_singer_command()
        for option in command.params:
            if isinstance(option, click.Option) and option.name == "test":
                option.help = _TEST_HELP
        return TapCommand(
            name=command.name,
            callback=command.callback,
            params=command.params,
            help=command.help,
            context_settings=command.context_settings,
            logger=cls.logger,
        )

    @override
    def _handle_termination(self, signum: int, frame: FrameType | None) -> None:
        """Ask the run to end; a second signal ends the process at once."""
        for known in (signal.SIGINT, signal.SIGTERM):
            signal.signal(known, signal.SIG_DFL)
        self._signal = signum
        self._cancel_token.cancel()
        # It may have interrupted the writing of another line, and does without then.
        with suppress(RuntimeError):
            self.logger.info("%s: ending", signal.Signals(signum).name)
