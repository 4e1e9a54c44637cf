"""A text's words, as far as two texts can be compared by them."""

import re
import unicodedata

_WORD = re.compile(r"[^\W_]+")

_ENGLISH = (
    "a about after again all also am an and any are as at be because been before being but by can could did do "
    "does doing don down each for from further get had has have having he her here hers him his how i if in into "
    "is it its just like ll me more most my need no nor not now of off on once one only or other our out over own "
    "re s same she should so some such t than that the their them then there these they this those through to too "
    "under until up us use ve very want was way we were what when where which while who whom why will with won "
    "would you your"
)
_SPANISH = (
    "a al algo algunas algunos ante antes como con contra cual cuando de del desde donde durante e el ella ellas "
    "ellos en entre era eran eres es esa esas ese eso esos esta estaba estado estan estar estas este esto estos "
    "estoy fue fuera fueron ha haber habia hace hacer han has hasta hay haya he la las le les lo los mas me mi mis "
    "mucho muy nada ni no nos nosotros nuestra nuestro o os otra otro otros para pero poco por porque puede puedes "
    "puedo que quien se sea ser si sido sin sobre solo son soy su sus tal tambien tanto te tener tengo ti tiene "
    "tienen tienes todo todos tu tus un una unas uno unos usted va vez y ya yo"
)
STOPWORDS = {"en": frozenset(_ENGLISH.split()), "es": frozenset(_SPANISH.split())}


def words(text: str) -> list[str]:
    """Its words in order, in lower case and without accents; a name such as `root_path` is its parts."""
    plain = unicodedata.normalize("NFKD", text.casefold())
    return _WORD.findall("".join(letter for letter in plain if not unicodedata.combining(letter)))
