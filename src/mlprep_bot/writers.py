"""Who can write an answer here, who does, and the model behind a name."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from mlprep_bot.errors import SettingsError, WriterError
from mlprep_bot.models import Catalogue, Progress, catalogue, choose
from mlprep_bot.settings import Settings

if TYPE_CHECKING:
    from mlprep_bot.adapters.ollama import OllamaServer
    from mlprep_bot.adapters.openai_like import OpenAILikeChat
    from mlprep_bot.ports import ChatModel

EXTRACTIVE = "extractive"


@dataclass(frozen=True, slots=True)
class WriterInfo:
    """A way to an answer: `name` selects it (`extractive`, `ollama:llama3.2:3b`, `openai:NAME`)."""

    name: str
    available: bool
    detail: str
    fix: str = ""


def check_name(name: str) -> None:
    """Raises SettingsError for a name that can be none of a writer, whatever is installed."""
    if name.partition(":")[0] not in ("auto", "ollama", "openai", "none", EXTRACTIVE):
        raise SettingsError(
            f"There is no writer {name!r}.", "Name ollama, openai, extractive or none, or one of `mlprep models`."
        )


class Writers:
    """The writers that the settings allow. Asks the servers anew each time: they come and go."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    def catalogue(self) -> Catalogue:
        """What Ollama has, what would be used and what to fetch."""
        settings = self._settings
        return catalogue(self._ollama(), model=settings.model, allow_cloud=settings.allow_cloud_models)

    def pull(self, name: str, progress: Progress | None = None) -> None:
        """Fetch a model into Ollama. Raises WriterError."""
        self._ollama().pull(name, progress)

    def all(self) -> list[WriterInfo]:
        """Every writer, the preferred ones first, quotations last."""
        infos: list[WriterInfo] = []
        if self._settings.openai_url:
            infos.append(self._openai_info())
        infos.extend(self._ollama_infos())
        infos.append(WriterInfo(EXTRACTIVE, True, "The best sentences of your documents, word for word."))
        return infos

    def active(self, infos: list[WriterInfo] | None = None) -> WriterInfo:
        """Who writes when nobody is named: what the settings ask for if it is there, else quotations."""
        infos = infos or self.all()
        wanted = self._settings.writer
        if wanted == EXTRACTIVE:
            return infos[-1]
        kinds = ("openai:", "ollama:") if wanted == "auto" else (f"{wanted}:",)
        return next((info for info in infos if info.available and info.name.startswith(kinds)), infos[-1])

    def chat_model(self, name: str | None = None) -> ChatModel | None:
        """The model behind a writer's name, None for quotations.

        Without a name: as the settings say. A writer or a model that the settings name must be there, so
        that a failure is not taken for an answer; `auto` alone falls back to quotations. Raises WriterError.
        """
        check_name(name or self._settings.writer)
        kind, _, model = (name or self._settings.writer).partition(":")
        if kind in (EXTRACTIVE, "none"):
            return None
        if kind == "openai":
            return self._openai_model(model)
        if kind == "ollama" or (self._settings.model and not self._settings.openai_url):
            return self._ollama_model(model)
        active = self.active()
        return None if active.name == EXTRACTIVE else self.chat_model(active.name)

    def _ollama(self) -> OllamaServer:
        from mlprep_bot.adapters.ollama import OllamaServer, ollama_url

        return OllamaServer(ollama_url(self._settings.ollama_host), timeout=self._settings.timeout)

    def _ollama_model(self, model: str) -> ChatModel:
        from mlprep_bot.adapters.ollama import OllamaChat

        server = self._ollama()
        settings = self._settings
        chosen = choose(server, model=model or settings.model, allow_cloud=settings.allow_cloud_models)
        return OllamaChat(server, chosen, settings)

    def _openai_model(self, model: str = "") -> OpenAILikeChat:
        from mlprep_bot.adapters.openai_like import OpenAILikeChat

        if not self._settings.openai_url:
            raise SettingsError(
                "The writer is an OpenAI-compatible server, but there is no address.",
                "Set MLPREP_OPENAI_URL, e.g. http://127.0.0.1:8080/v1.",
            )
        chat = OpenAILikeChat(self._settings)
        # The picker's name leaves out the folder of a model file, so it only selects among what is listed.
        return chat if not model or chat.name == f"openai:{model}" else OpenAILikeChat(self._settings, model)

    def _openai_info(self) -> WriterInfo:
        try:
            chat = self._openai_model()
            chat.probe()
            return WriterInfo(chat.name, True, f"At {self._settings.openai_url}.")
        except WriterError as error:
            return WriterInfo("openai", False, error.seen, error.fix)

    def _ollama_infos(self) -> Iterator[WriterInfo]:
        found = self.catalogue()
        if found.problem:
            best = found.recommended.name
            fix = f"Start Ollama (`ollama serve`), then fetch a model: `ollama pull {best}`."
            yield WriterInfo("ollama", False, found.problem, fix)
            return
        usable = [m for m in found.installed if m.chats and (self._settings.allow_cloud_models or not m.cloud)]
        wanted = found.chosen
        for model in sorted(usable, key=lambda m: (m.name not in (wanted, f"{wanted}:latest"), m.name)):
            yield WriterInfo(f"ollama:{model.name}", True, f"Ollama {found.version} at {found.url}.", found.warning)
        if not usable:
            seen = f"Ollama at {found.url} has no chat model."
            yield WriterInfo("ollama", False, seen, f"Fetch one: `ollama pull {found.recommended.name}`.")
