"""The data the course runs on, each set with its source, licence and content hash.

load("documents")      a checked, loaded data set: `Documents`, which yields `Document`s
catalogue()            what there is: name -> `Entry`
changes(entry)         what differs on disk from what was published: `Change`s
DatasetError           the root of the errors, drawn in `workshop_lib.datasets.errors`
"""

from workshop_lib.datasets.documents import Document, Documents
from workshop_lib.datasets.errors import DatasetChanged, DatasetError, UnknownDataset, UnknownDocument
from workshop_lib.datasets.integrity import Change, Entry, changes
from workshop_lib.datasets.markdown import Heading
from workshop_lib.datasets.shelf import catalogue, load

__all__ = [
    "Change",
    "DatasetChanged",
    "DatasetError",
    "Document",
    "Documents",
    "Entry",
    "Heading",
    "UnknownDataset",
    "UnknownDocument",
    "catalogue",
    "changes",
    "load",
]
