"""all-MiniLM-L6-v2 with int8 weights on ONNX Runtime: the same dimensions, its own vectors, faster queries."""

import os
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from workshop_lib.rag.embedders.batched import BatchedEmbedder
from workshop_lib.rag.embedders.once import Once
from workshop_lib.rag.embedders.weights import MINILM, MINILM_INT8

if TYPE_CHECKING:
    from onnxruntime import InferenceSession
    from tokenizers import Tokenizer


class MiniLMInt8(BatchedEmbedder):
    """Mean of the last hidden states over a text's tokens, as the float model pools.

    On the shelf's chunks the cosine to the float model's vector is 0.9995 as a rule, 0.9989 at worst.

    Args:
        threads: of ONNX Runtime; default: OMP_NUM_THREADS, which it does not read itself, else every core.

    Raises:
        ModelMissing: a package isn't installed. With the first text, `ModelChanged` is raised too.
    """

    name = "minilm-int8"
    dimension = 384
    max_tokens = 256
    languages = frozenset({"en"})
    identity = f"{name}:{MINILM_INT8.identity}:{MINILM.identity}"
    # Alone a text has no padding, and its vector can't depend on its neighbours'. On a CPU that costs nothing.
    batch = 1

    def __init__(self, *, threads: int | None = None) -> None:
        super().__init__()
        self._threads = _cap() if threads is None else threads
        MINILM_INT8.find()
        MINILM.find()
        self._session = Once(self._open)
        self._tokenizer = Once(self._read_tokenizer)

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        """As `Embedder`."""
        encoded = self._tokenizer().encode_batch(list(texts))
        return [len(e.ids) + sum(len(rest.ids) - 2 for rest in e.overflowing) for e in encoded]

    def _encode(self, texts: list[str], *, query: bool) -> tuple[npt.NDArray[np.floating], list[bool]]:
        encoded = [self._tokenizer().encode(text) for text in texts]
        ids = np.zeros((len(texts), max(len(e.ids) for e in encoded)), dtype=np.int64)
        mask = np.zeros_like(ids)
        for row, e in enumerate(encoded):
            ids[row, : len(e.ids)], mask[row, : len(e.ids)] = e.ids, 1
        inputs = {"input_ids": ids, "attention_mask": mask, "token_type_ids": np.zeros_like(ids)}
        hidden = np.asarray(self._session().run(None, inputs)[0])
        weights = mask[:, :, None].astype(np.float32)
        return (hidden * weights).sum(axis=1) / weights.sum(axis=1), [bool(e.overflowing) for e in encoded]

    def _open(self) -> "InferenceSession":
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = self._threads
        # Its threads would burn a core between two queries, which other kernels need.
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        path = MINILM_INT8.checked() / "model.onnx"
        return onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])

    def _read_tokenizer(self) -> "Tokenizer":
        from tokenizers import Tokenizer

        tokenizer = Tokenizer.from_file(str(MINILM.checked("tokenizer.json") / "tokenizer.json"))
        # The file says 128; the float model reads 256, and the two should see the same text.
        tokenizer.enable_truncation(self.max_tokens)
        tokenizer.no_padding()
        return tokenizer


def _cap() -> int:
    given = os.environ.get("OMP_NUM_THREADS", "")
    return int(given) if given.isdigit() else 0
