"""A sentence-transformers model that lies in a folder, named for its content."""

import hashlib
import json
from pathlib import Path

from workshop_lib.i18n import _
from workshop_lib.rag.embedders.transformer import TransformerEmbedder
from workshop_lib.rag.errors import NotAModel

MODULES = "modules.json"


def from_folder(folder: Path, *, device: str = "cpu") -> TransformerEmbedder:
    """The model in `folder`, named `FOLDER@HASH` after all that the folder holds.

    So a collection that one model made is refused to another that took its place, and a copy elsewhere is the same
    model. Hashing takes about a second for each gigabyte.

    Raises:
        NotAModel: the folder holds none, or can't be read.
    """
    folder = folder.resolve()
    check_modules(folder)
    return TransformerEmbedder(lambda: folder, name=f"{folder.name}@{_content(folder)[:12]}", device=device)


def check_modules(folder: Path) -> None:
    """Nothing, if `folder` says of which modules its model is made.

    Raises:
        NotAModel: it doesn't.
    """
    mend = _("SentenceTransformer(…).save(folder) writes one")
    try:
        modules = json.loads((folder / MODULES).read_bytes())
    except FileNotFoundError:
        text = _("expected a sentence-transformers model in {folder}, which has no {file}. {mend}")
        raise NotAModel(text.format(folder=folder, file=MODULES, mend=mend)) from None
    except (OSError, ValueError) as error:
        text = _("expected a sentence-transformers model in {folder}, but its {file} can't be read: {error}. {mend}")
        raise NotAModel(text.format(folder=folder, file=MODULES, error=error, mend=mend)) from error
    if not isinstance(modules, list) or not modules:
        text = _("expected a sentence-transformers model in {folder}, but its {file} lists no modules. {mend}")
        raise NotAModel(text.format(folder=folder, file=MODULES, mend=mend))


def _content(folder: Path) -> str:
    whole = hashlib.sha256()
    try:
        for path in sorted(folder.rglob("*")):
            name = path.relative_to(folder)
            if path.is_file() and path.suffix != ".md" and not any(part.startswith(".") for part in name.parts):
                with path.open("rb") as file:
                    whole.update(f"{name.as_posix()}\n{hashlib.file_digest(file, 'sha256').hexdigest()}\n".encode())
    except OSError as error:
        raise NotAModel(
            _("expected a model's files in {folder}, but: {error}").format(folder=folder, error=error)
        ) from error
    return whole.hexdigest()
