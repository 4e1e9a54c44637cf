"""The data the course runs on, each set with its source, licence and content hash.

load("documents")      a checked, loaded data set: `Documents`, which yields `Document`s
load("questions")      questions about them, with the page and sentence that answer: `Questions`, of `Question`s
catalogue()            what there is: name -> `Entry`
changes(entry)         what differs on disk from what was published: `Change`s
DatasetError           the root of the errors, drawn in `workshop_lib.datasets.errors`
"""

from workshop_lib.datasets.documents import Document, Documents
from workshop_lib.datasets.errors import (
    DatasetChanged,
    DatasetError,
    UnknownChoice,
    UnknownDataset,
    UnknownDocument,
    UnknownQuestion,
)
from workshop_lib.datasets.integrity import Change, Entry, changes
from workshop_lib.datasets.markdown import Heading
from workshop_lib.datasets.questions import Question, Questions
from workshop_lib.datasets.shelf import catalogue, load

__all__ = [
    "Change",
    "DatasetChanged",
    "DatasetError",
    "Document",
    "Documents",
    "Entry",
    "Heading",
    "Question",
    "Questions",
    "UnknownChoice",
    "UnknownDataset",
    "UnknownDocument",
    "UnknownQuestion",
    "catalogue",
    "changes",
    "load",
]
