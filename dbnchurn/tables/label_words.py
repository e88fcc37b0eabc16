"""Words that say by themselves who left, in several languages, and the spellings of one class."""

from __future__ import annotations

import re
import unicodedata
from enum import Enum


class Word(Enum):
    """What a known word says of a customer.

    Yes and no answer a question, which the name of the column asks; the other words need none.
    """

    YES = "yes"
    NO = "no"
    LEFT = "left"
    STAYED = "stayed"


# An entry that contains a space is one word of several parts.
YES = """
    1, t, yes, y, ja, j, oui, si, sí, sì, sim, da, да, tak, evet, wahr, vrai, verdadero, verdadeiro
"""
NO = "0, f, no, n, nein, nee, non, não, nao, nej, nie, net, нет, ne, falsch, faux, falso"
LEFT = """
    churn, churned, churner, leave, left, leaver, leaving, leaves, gone, quit, departed, defected,
    cancelled, canceled, cancel, cancels, terminated, closed, inactive, lost, exited, exit,
    attrited, attrition, attrited customer, former customer, lost customer, churned customer,
    deactivated, disconnected, unsubscribed, not renewed, not retained, not active, ported out,
    gekündigt, gekuendigt, kündigung, kuendigung, abgewandert, verloren, inaktiv, ausgetreten,
    résilié, resilie, résiliée, resiliee, parti, partie, perdu, inactif,
    baja, cancelado, cancelada, perdido, inactivo, inactiva, cancelou, inativo, inativa, saiu,
    disdetto, perso, inattivo, cessato, opgezegd, vertrokken, отток, ушёл, ушел
"""
STAYED = """
    stay, stayed, stayer, staying, stays, active, retained, retain, current, existing, open, kept,
    existing customer, current customer, active customer, retained customer, loyal, renewed,
    remained, remaining, no churn, non churn, not churn, not churned, nonchurn, non churner,
    not left, not cancelled, not canceled,
    aktiv, geblieben, bleibt, ungekündigt, ungekuendigt, nicht gekündigt, nicht gekuendigt,
    bestandskunde, actif, active, resté, reste, restée, fidèle, fidele, vigente, activo, activa,
    ativo, ativa, attivo, rimasto, actief, gebleven, остался, активный
"""
# Parts of the name of a column in which 1 or yes says the opposite of leaving.
OPPOSITE = """
    active, aktiv, actif, activo, ativo, attivo, actief, retained, retain, retention, stayed, stay,
    stays, staying, stayer, kept, keep, keeps, loyal, loyalty, current, existing, open, remained,
    remain, remaining, alive, survived, survival, geblieben, bleibt, bestand, fidele, not, no, non,
    nicht, kein, still, noch, encore, ainda, aún, todavía, ancora
"""
# The same, unless the name has a word of leaving as well, as in customer_churn.
OPPOSITE_ALONE = """
    customer, client, subscriber, member, membership, contract, kunde, mitglied, abonnent, vertrag,
    cliente, abonné, abonne, klant
"""
# The same, but where the label is the answer to an offer: there it is the answer itself.
OPPOSITE_OF_LEAVING = "subscribed, subscribe, renewed, renew, renews, renewal, paying, enrolled"


def _listed(words: str) -> list[str]:
    return [unicodedata.normalize("NFKC", word.strip()) for word in words.split(",")]


WORDS = {
    word: meaning
    for meaning, words in ((Word.YES, YES), (Word.NO, NO), (Word.LEFT, LEFT), (Word.STAYED, STAYED))
    for word in _listed(words)
}
OPPOSITE_NAMES, NAMES_OF_CUSTOMERS = set(_listed(OPPOSITE)), set(_listed(OPPOSITE_OF_LEAVING))
STATES = set(_listed(OPPOSITE_ALONE))
FILLING = {"is", "has", "was", "ist", "hat", "a", "in", "under", "flag", "yn", "ind", "status", ""}
WHOLE = re.compile(r"([+-]?)(0|[1-9]\d*)(\.0*)?")
BROKEN = re.compile(r"[+-]?\d*\.\d+|[+-]?\d+(\.\d*)?e[+-]?\d+", re.IGNORECASE)
BOOLEANS = {"true": "1", "false": "0"}
PARTS = re.compile(r"[^\W\d_]+")
GLUED = re.compile("^(is|was|has|still)|(flag|yn|ind|status)$")  # as in isactive
HUMP = re.compile(r"(?<=[^\W\d_A-Z])(?=[A-Z])")


def class_key(value: object) -> str:
    """A text that is the same for all spellings of a class, and for no other class.

    Case, spaces around a word and the ``.0`` of whole numbers make no difference, nor does True in
    place of 1 or False in place of 0.

    Examples
    --------
    >>> [class_key(value) for value in ("Yes", " YES ", 1.0, "1", True, "True.", "A", "0.50")]
    ['yes', 'yes', '1', '1', '1', '1', 'a', '0.5']
    """
    text = unicodedata.normalize("NFKC", str(value)).strip("\ufeff\u200b")
    text = " ".join(text.split()).casefold()
    if match := WHOLE.fullmatch(text):
        sign = "-" if match[1] == "-" and match[2] != "0" else ""
        return sign + match[2]
    if BROKEN.fullmatch(text):
        number = float(text)
        return str(int(number)) if number.is_integer() and abs(number) < 2**53 else repr(number)
    bare = text.rstrip(".")
    if bare in BOOLEANS:
        return BOOLEANS[bare]
    return bare if bare in WORDS else text


def word_of(key: str) -> Word | None:
    """What a class is known to say, by its key.

    Examples
    --------
    >>> word_of("attrited_customer"), word_of("b") is None
    (<Word.LEFT: 'left'>, True)
    """
    return WORDS.get(" ".join(re.split(r"[\s_-]+", key.strip("_ "))) if key[:1] != "-" else key)


def says_the_opposite(name: str | None, leaving: bool = True) -> bool:
    """Whether 1 or yes in a column of this name may mean that the customer stayed.

    Parameters
    ----------
    name : str or None
    leaving : bool, default True
        Whether the label is about leaving; an offer may be to subscribe.

    Returns
    -------
    bool

    Examples
    --------
    >>> [says_the_opposite(name) for name in ("IsActiveMember", "not_churned", "Churn", "inactive")]
    [True, True, False, False]
    """
    if name is None:
        return False
    found = [part.casefold() for part in PARTS.findall(HUMP.sub(" ", name))]
    parts = {*found, *(GLUED.sub("", part) for part in found)}
    if leaving and (parts & STATES) and parts - STATES <= FILLING:
        return True
    return bool(parts & (OPPOSITE_NAMES | (NAMES_OF_CUSTOMERS if leaving else set())))
