"""A model of the Hugging Face hub, asked for by name: the one embedder that may need a network."""

from pathlib import Path

from workshop_lib.i18n import _
from workshop_lib.rag.embedders.folder import MODULES, check_modules
from workshop_lib.rag.embedders.transformer import TransformerEmbedder
from workshop_lib.rag.errors import ModelMissing, NotAModel

PREFIX = "hf:"
_PATIENCE = 10.0


def from_hub(asked: str, *, device: str = "cpu") -> TransformerEmbedder:
    """The model `ORG/NAME`, or `ORG/NAME@REVISION`; its name is `hf:ORG/NAME@COMMIT`.

    What the hub's own cache (HF_HOME) holds is used as it is. For anything else the hub is asked at once which commit
    it has, and for the files with the first text; with HF_HUB_OFFLINE=1 it is not asked.

    Raises:
        ModelMissing: there is no such model, or it isn't in the cache and the hub can't be reached.
        NotAModel: it isn't a sentence-transformers model.
    """
    repository, _at, revision = asked.partition("@")
    commit = _cached(repository, revision or "main") or _asked(repository, revision or "main")
    return TransformerEmbedder(
        lambda: _fetch(repository, commit), name=f"{PREFIX}{repository}@{commit[:12]}", device=device
    )


def _cached(repository: str, revision: str) -> str:
    from huggingface_hub import hf_hub_download
    from huggingface_hub.errors import LocalEntryNotFoundError

    try:
        modules = Path(hf_hub_download(repository, MODULES, revision=revision, local_files_only=True))
    except LocalEntryNotFoundError:
        return ""
    except (OSError, ValueError) as error:
        raise _missing(repository, error) from error
    check_modules(modules.parent)
    # The cache's layout: …/snapshots/COMMIT/modules.json
    return modules.parent.name


def _asked(repository: str, revision: str) -> str:
    from huggingface_hub import HfApi

    try:
        # A download would try for half a minute to reach a hub that can't be reached.
        model = HfApi().model_info(repository, revision=revision, timeout=_PATIENCE)
    except Exception as error:
        # Whichever HTTP library the hub's client uses, each has errors of its own.
        raise _missing(repository, error) from error
    if not model.sha or not any(file.rfilename == MODULES for file in model.siblings or ()):
        raise NotAModel(
            _("expected a sentence-transformers model, and {repository} on the hub has no {file}").format(
                repository=repository, file=MODULES
            )
        )
    return model.sha


def _fetch(repository: str, commit: str) -> Path:
    from huggingface_hub import snapshot_download

    # The same weights for other runtimes would be many times the download.
    others = ["onnx/*", "openvino/*", "*.h5", "*.ot", "*.msgpack", "*.onnx", "*.gguf"]
    try:
        return Path(snapshot_download(repository, revision=commit, ignore_patterns=others))
    except Exception as error:
        raise _missing(repository, error) from error


def _missing(repository: str, error: Exception) -> ModelMissing:
    why = " ".join(str(error).split())[:200]
    text = _(
        "expected the model {repository} from the Hugging Face hub or its cache, but: {why}. Without a "
        "network use minilm, minilm-int8 or use, or the folder of a model that you have"
    )
    return ModelMissing(text.format(repository=repository, why=why))
