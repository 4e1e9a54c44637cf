# %% [markdown]
# # 00 Welcome: one document, one event
#
# **A document arrives. How does every part of a platform hear of it, and how do you find it again a week later?**
#
# In about 20 minutes you will
#
# - know how a TODO works: write, run, check, look at what failed;
# - announce a real document as an *event* that its receiver can verify;
# - publish a shelf of 154 pages, keep what arrives, and find one page again by its correlation id.
#
# ```mermaid
# flowchart LR
#     shelf["a shelf<br/>154 pages"] -->|"announce (0.2)"| bus(("event bus"))
#     bus -->|"data.ingested"| store[("event store")]
#     store -->|"correlation id"| you["you"]
# ```
#
# You need no Docker, no graphics card, no key and no network. To run a cell, click into it and press Shift+Enter. Run
# them all, from the top down.

# %% tags=["parameters"]
fast = True  # fewer repetitions where a cell measures
event_bus_url = ""  # empty: what EVENT_BUS_URL says, else memory://
event_store_url = ""  # empty: what EVENT_STORE_URL says, else a SQLite file

# %%
from workshop_lib.course import answer, begin, case, check, hint, solution
from workshop_lib.settings import Settings

settings = Settings()
event_bus_url = event_bus_url or settings.event_bus_url
event_store_url = event_store_url or settings.event_store_url
begin("00", event_bus=event_bus_url, event_store=event_store_url)

# %% [markdown]
# ## A real shelf
#
# The course runs on pages that people read: the FastAPI documentation, in English and partly in Spanish, as it stood
# in one release. Every file is checked against its published hash when it is loaded, so all of us have the same shelf.

# %%
from workshop_lib.datasets import load

shelf = load("documents")
print(shelf)
for document in list(shelf)[::16]:
    print(f"{document.id:44} {document.title}")

# %% [markdown]
# One page, as the platform sees it: plain text, without its Markdown. It is a Spanish one; you will see why.

# %%
page = shelf["es/async"]
print(page.text[:400], "…")

# %% [markdown]
# ## How a TODO works
#
# How long is that page? A first idea is to take the length of its text.
#
# **Before you run the next cell:** a reader manages about 200 words a minute. Will it say too few minutes, too many,
# or about right?

# %%
length = len(page.text)
print(f"{page.id}: {length} words, {length / 200:.0f} minutes")

# %% [markdown]
# <details><summary>Does that look right?</summary>
#
# No. The page takes about a sixth of that. `len` of a string counts characters. Exercise 0.1 repairs it.
#
# </details>

# %% [markdown]
# ## 0.1
#
# An exercise has three parts: this text, a cell with a `TODO`, and a cell that checks it.
#
# 1. Run both cells as they are. The card says *Not started*.
# 2. Now answer **wrongly, on purpose**: replace the `raise` line by `return len(text)`. Run both cells. The card shows
#    what was tried, what was expected, what came, and the hint for this mistake.
# 3. Repair it. A word is what stands between white space; a word that comes twice counts twice.


# %%
def count_words(text: str) -> int:
    """The number of words in `text`: `count_words("to be or not to be")` is 6."""
    # TODO 0.1: cut the text at its white space, and count the pieces
    ### BEGIN SOLUTION
    return len(text.split())
    ### END SOLUTION


# %%
check("0.1", count_words)

# %% [markdown]
# Stuck? Each of these is a cell's worth of help. Try them in a new cell: press Esc, then B.
#
# | you write | you get |
# | --- | --- |
# | `case("0.1")` | the input on which your answer failed, to explore |
# | `hint("0.1")` | one more hint each time |
# | `solution("0.1")` | a solution, once you have tried |
#
# A right answer is saved outside this notebook. `answer` fetches it. If you skip an exercise, it gives you the
# library's own, and says so: nobody is stranded.

# %%
count_words = answer("0.1")
print(f"{page.id}: {count_words(page.text)} words, {count_words(page.text) / 200:.0f} minutes")

# %% [markdown]
# ## An event is a fact that others can check
#
# A new page has arrived. The index wants to know, and the classifier, and the dashboard. If the page's owner calls
# each of them, it must know them all, and wait for them all. So it says it once, to nobody in particular: it
# publishes an **event**.
#
# An event has *metadata*, the same for all, and a *payload* for its type. Two fields matter on a bad day:
#
# - `content_hash`: was the content cut or changed on its way? The receiver hashes what it got, and compares.
# - `correlation_id`: everything that later happens to this document carries the same id.
#
# **Predict:** is the number of bytes of *Café* the number of its characters?

# %%
word = "Café"
print(len(word), "characters,", len(word.encode()), "bytes:", word.encode())

# %% [markdown]
# <details><summary>Why it matters</summary>
#
# A network and a disk carry bytes. English text hides the difference, so the mistake is found late, by a user who
# writes in another language.
#
# </details>

# %% [markdown]
# ## 0.2
#
# Build the event for one document. The form is given. In place of the `raise` line, set three names: `size`,
# `content_hash` and `correlation_id`. Size and hash describe the **content that the event carries**, encoded in UTF-8.
#
# `sha256(b"…").hexdigest()` is a hash as text. `uuid4()` is a new id.

# %%
from hashlib import sha256
from uuid import uuid4

from workshop_lib.events import DataIngestedEvent


def announce(document):
    """The event that says: this document has arrived. `announce(page).payload.size` is in bytes."""
    # TODO 0.2: content as bytes, its size and hash, and a correlation id of the document's own
    ### BEGIN SOLUTION
    content = document.text.encode()
    size, content_hash = len(content), sha256(content).hexdigest()
    correlation_id = uuid4()
    ### END SOLUTION
    return DataIngestedEvent.for_document(
        document_id=document.id,
        filename=document.filename,
        content=document.text,
        size=size,
        content_hash=content_hash,
        correlation_id=correlation_id,
        source_service="shelf",
    )


# %%
check("0.2", announce)

# %%
announce = answer("0.2")
event = announce(page)
print(event.model_dump_json(indent=2, exclude={"payload": {"content"}}))

# %% [markdown]
# ## Publish, and nobody listens
#
# An **event bus** takes an event and hands it to every queue that asked for its *routing key*, here
# `data.ingested`. This one is the course's smallest: it lives in the memory of this notebook. Chapter 02 puts
# RabbitMQ in its place.
#
# **Predict:** nobody has subscribed yet. What becomes of the event?

# %%
from workshop_lib.events import UnroutableError, open_bus

with open_bus(event_bus_url, "quiet") as quiet_bus:
    try:
        quiet_bus.publish(event)
        print("published")
    except UnroutableError as error:
        print("UnroutableError:", error)

# %% [markdown]
# <details><summary>Is an error not too strict?</summary>
#
# A broker that is not asked to be strict says nothing here, and the document is gone. Data and requests that no
# queue takes are refused on every bus of this course. A plain fact, such as *training has started*, may go unheard.
#
# </details>

# %% [markdown]
# ## 0.3
#
# Publish every document of the shelf, with the store listening. Return each document's correlation id by its id, as a
# receipt. Four calls are all you need:
#
# - `announce(document)` gives the event; its correlation id is `event.metadata.correlation_id`;
# - `bus.subscribe("shelf", ["data.ingested"], handler)`: from now on, the queue *shelf* keeps each such event for
#   `handler`;
# - `bus.publish(event)`;
# - `store.store_event(event)`.
#
# Who calls `store_event`? And what has to happen first?
#
# Publishing and handling are two things: the publisher goes on at once, and a handler runs when its bus *consumes*. In
# a service that never ends. In a notebook, `bus.drain()` calls the handlers until nothing is left. The check and the
# next cell do that; your function need not.


# %%
def publish_shelf(documents, announce, bus, store):
    """Publish one event a document, keep what arrives; returns {document id: correlation id}."""
    receipts = {}
    # TODO 0.3: let the store listen, then publish each document and note its correlation id
    ### BEGIN SOLUTION
    bus.subscribe("shelf", ["data.ingested"], store.store_event)
    for document in documents:
        event = announce(document)
        bus.publish(event)
        receipts[document.id] = event.metadata.correlation_id
    ### END SOLUTION
    return receipts


# %%
check("0.3", publish_shelf)

# %% [markdown]
# ## The whole shelf
#
# Your function, or the library's, now publishes all 154 pages. The cell measures what it costs here.

# %%
import time

from workshop_lib.events import open_store

publish_shelf = answer("0.3")
pages = list(shelf)
store = open_store(event_store_url)
with open_bus(event_bus_url) as bus:
    start = time.perf_counter()
    receipts = publish_shelf(pages, announce, bus, store)
    bus.drain()
    seconds = time.perf_counter() - start
print(f"{len(receipts)} pages published and stored in {seconds:.2f} s")
print(f"{seconds / len(receipts) * 1000:.1f} ms a page")

# %% [markdown]
# ## Find one again
#
# The receipt leads to the event, and the event to its page. Whoever reads it can verify that nothing was lost.

# %%
found = store.get_events_by_correlation(receipts["es/async"])
for event in found:
    content = event.payload.content.encode()
    intact = sha256(content).hexdigest() == event.payload.content_hash
    print(f"{event.metadata.timestamp:%H:%M:%S} {event.metadata.event_type.value}")
    print(f"{event.payload.filename}, {event.payload.size} bytes, content intact: {intact}")

# %% [markdown]
# How long does finding take, among all the stored events?

# %%
import statistics

milliseconds = []
for correlation_id in list(receipts.values())[:: 10 if fast else 1]:
    start = time.perf_counter()
    store.get_events_by_correlation(correlation_id)
    milliseconds.append((time.perf_counter() - start) * 1000)
print(f"median of {len(milliseconds)} look-ups: {statistics.median(milliseconds):.2f} ms")

# %% [markdown]
# ## What you have published
#
# The plot reads the *store*, not the shelf: each bar is made of events that arrived.

# %%
import matplotlib.pyplot as plt

lengths = {"en": [], "es": []}
for correlation_id in receipts.values():
    for event in store.get_events_by_correlation(correlation_id):
        lengths[event.payload.document_id[:2]].append(count_words(event.payload.content))

figure, axes = plt.subplots(figsize=(8, 3.5))
edges = [2 ** (step / 2) for step in range(3, 32)]
labels = [f"English, {len(lengths['en'])} pages", f"Spanish, {len(lengths['es'])} pages"]
colours = ["#4c78a8", "#f58518"]
axes.hist([lengths["en"], lengths["es"]], bins=edges, stacked=True, label=labels, color=colours)
axes.set(xscale="log", xlabel="words in a page (logarithmic)", ylabel="pages")
axes.set_title("The shelf, as it arrived in the store")
axes.xaxis.set_major_formatter("{x:.0f}")
axes.yaxis.get_major_locator().set_params(integer=True)
axes.legend()
plt.show()

# %% [markdown]
# **Look:** where are most pages? One page stands far to the right. Find out which it is:
# `max(pages, key=lambda p: count_words(p.text)).id`. Would you want it in one piece in a search index?

# %%
store.close()

# %% [markdown]
# ## The platform to come
#
# The green part runs: you built what goes over it. Each later chapter adds a box. An arrow from or to the bus is an
# event; the others are calls.
#
# ```mermaid
# flowchart LR
#     shelf["shelf"] -->|"data.ingested"| bus(("event bus"))
#     bus --> store[("event store")]
#     bus --> training["training"]
#     training --> registry["model registry"]
#     registry --> api["production API"]
#     bus --> rag["index and RAG"]
#     rag --> api
#     api --> monitoring["monitoring"]
#     monitoring -->|"retraining.requested"| bus
#     classDef done fill:#2e7d32,color:#ffffff,stroke:#1b5e20
#     class shelf,bus,store done
# ```
#
# **You built** a measure (0.1), an event that can be verified and found again (0.2), and a shelf that announces
# itself (0.3). The cells above say whose answers ran, and what they cost on this machine.
#
# **At a thousand times the size** this breaks first at the bus: it lives in one process, and ends with it. What was
# published and not yet handled is gone. Chapter 02 is about that.
#
# **To argue about:** the event carries the whole content. When is it better to carry only an address, and what must
# then hold for the address?
#
# **To read:** the CloudEvents specification, for what else an event's metadata may say; and Martin Fowler, *What do
# you mean by "Event-Driven"?*, for three meanings of the word.
