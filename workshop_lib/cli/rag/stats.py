"""`workshop rag stats`: what a collection holds."""

from workshop_lib.cli.rag.options import AsJson, Collection, Url, print_json
from workshop_lib.cli.terminal import console
from workshop_lib.i18n import _


def stats(collection: Collection = "documents", url: Url = None, as_json: AsJson = False) -> None:
    from workshop_lib.course.extras import require

    require("rag")
    from workshop_lib.cli.rag.opening import Place
    from workshop_lib.cli.rag.view import made, pairs

    place = Place(url, collection)
    held = place.stats()
    if as_json:
        print_json({"place": place.url, **held})
        return
    rows = {_("place"): place.url, _("collection"): collection, **made(held)}
    console().print(pairs(rows), soft_wrap=False)
