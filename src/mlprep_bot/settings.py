"""Every setting, in one object. Read in this order: arguments, environment `MLPREP_*`, TOML file, defaults."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any, Literal

from pydantic import Field, ValidationError
from pydantic_settings import (
    BaseSettings,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    TomlConfigSettingsSource,
)

from mlprep_bot.errors import SettingsError


def config_path() -> Path:
    """The TOML file: `$MLPREP_CONFIG`, else `mlprep/config.toml` in the user's configuration folder."""
    named = os.environ.get("MLPREP_CONFIG")
    if named:
        return Path(named).expanduser()
    base = os.environ.get("XDG_CONFIG_HOME") or "~/.config"
    return Path(base).expanduser() / "mlprep" / "config.toml"


def default_data_dir() -> Path:
    """The user's data folder for mlprep, as the XDG base directory specification names it."""
    base = os.environ.get("XDG_DATA_HOME") or "~/.local/share"
    return Path(base).expanduser() / "mlprep"


class Settings(BaseSettings):
    """All settings with their defaults; each is also an environment variable, e.g. `MLPREP_MODEL`."""

    model_config = SettingsConfigDict(env_prefix="MLPREP_", extra="forbid", frozen=True)

    data_dir: Path = Field(default_factory=default_data_dir, description="Holds everything that mlprep writes.")

    embedder: str = Field(
        "all-MiniLM-L6-v2",
        description="Embedding model: `all-MiniLM-L6-v2` (packaged), a folder, any sentence-transformers name, "
        "or `hash` (the fake: fast, no meaning).",
    )
    query_prefix: str = Field("", description="Put before a query by models that were trained with one (E5, BGE).")
    document_prefix: str = Field("", description="Put before a document by models that were trained with one (E5).")
    chroma_url: str = Field("", description="A Chroma server (http://127.0.0.1:8000); empty: embedded in data_dir.")

    writer: Literal["auto", "ollama", "openai", "extractive"] = Field(
        "auto", description="Who writes answers; `auto` is Ollama when it answers and has a model, else extractive."
    )
    model: str = Field("", description="Model name at the writer; empty: the best one that is installed.")
    ollama_host: str = Field("", description="Ollama's address; empty: `$OLLAMA_HOST`, else http://127.0.0.1:11434.")
    openai_url: str = Field("", description="Base URL of an OpenAI-compatible server, e.g. http://127.0.0.1:8080/v1.")
    openai_api_key: str = Field("local", description="Sent to the OpenAI-compatible server; local ones ignore it.")
    allow_cloud_models: bool = Field(False, description="Allow Ollama models that run on somebody else's machine.")
    context_window: int = Field(8192, ge=1024, description="Tokens for prompt and answer together (num_ctx).")
    answer_tokens: int = Field(768, ge=64, description="Tokens kept free for the answer.")
    timeout: float = Field(120.0, gt=0, description="Seconds to wait for the next piece from a writer.")

    budget_chars: int = Field(6000, ge=200, description="Characters of passages that an answer may draw on.")
    coverage: float = Field(
        0.93, gt=0, lt=1, description="Share of answerable questions that the evidence gate lets through."
    )

    host: str = Field("127.0.0.1", description="Address of the page; anything but loopback needs a token.")
    port: int = Field(7860, ge=0, le=65535, description="Port of the page; 0 takes a free one.")
    token: str = Field("", description="Secret that a browser must show; required when the page is not on loopback.")
    upload_mb: int = Field(25, ge=1, description="Largest file that the page accepts, in MiB.")
    lock_wait: float = Field(10.0, ge=0, description="Seconds to wait for another process that is writing.")

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Arguments, then environment, then the TOML file; no `.env`, which strangers' folders may hold."""
        return init_settings, env_settings, TomlConfigSettingsSource(settings_cls, config_path())


def load_settings(**overrides: Any) -> Settings:
    """Settings with `overrides` (None means not given) on top. Raises SettingsError naming each bad value."""
    given = {name: value for name, value in overrides.items() if value is not None}
    try:
        return Settings(**given)
    except ValidationError as error:
        problems = "; ".join(
            f"{'.'.join(map(str, e['loc']))}: {e['msg']} (seen: {e['input']!r})" for e in error.errors()
        )
        raise SettingsError(
            f"Bad setting: {problems}.", f"Change it in the environment (MLPREP_*) or in {config_path()}."
        ) from error
    except ValueError as error:  # a TOML file that does not parse
        raise SettingsError(f"Cannot read {config_path()}: {error}.", "Mend or remove the file.") from error
