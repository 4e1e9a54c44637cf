"""Texts to vectors, by models whose weights come with the packages; no network, and no model loaded before it is used.

open_embedder("minilm", cache=…) -> Embedder     by name, folder or hf:ORG/NAME
Embedder, Vectors, Progress                      what an embedder is: `embed_documents`, `embed_query`, `count_tokens`
KNOWN, knows(embedder, "es"), who_knows("es")    the names there are, and who was trained for a language
last_call(embedder) -> Call                      what the last call computed, found cached, or cut at the model's window
CachedEmbedder(embedder, path)                   any embedder, its vectors kept by model and text
BatchedEmbedder                                  for an embedder of one's own: say how to encode a batch
UniversalSentenceEncoder, MiniLMInt8, TransformerEmbedder, minilm(), from_folder(path), from_hub(name)
PACKAGED                                         the packages that carry models, and the hashes of their files
"""

from workshop_lib.rag.embedders.base import Call, Embedder, Progress, Vectors, knows, last_call
from workshop_lib.rag.embedders.batched import BatchedEmbedder
from workshop_lib.rag.embedders.cached import CachedEmbedder
from workshop_lib.rag.embedders.folder import from_folder
from workshop_lib.rag.embedders.hub import from_hub
from workshop_lib.rag.embedders.minilm_int8 import MiniLMInt8
from workshop_lib.rag.embedders.opening import KNOWN, open_embedder, who_knows
from workshop_lib.rag.embedders.transformer import TransformerEmbedder, minilm
from workshop_lib.rag.embedders.use import UniversalSentenceEncoder
from workshop_lib.rag.embedders.weights import PACKAGED

__all__ = [
    "KNOWN",
    "PACKAGED",
    "BatchedEmbedder",
    "CachedEmbedder",
    "Call",
    "Embedder",
    "MiniLMInt8",
    "Progress",
    "TransformerEmbedder",
    "UniversalSentenceEncoder",
    "Vectors",
    "from_folder",
    "from_hub",
    "knows",
    "last_call",
    "minilm",
    "open_embedder",
    "who_knows",
]
