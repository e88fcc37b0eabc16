"""Passwords in texts: kept out of messages, and refused where texts are stored."""

from __future__ import annotations

import re

EXAMPLE = "postgresql://USER:PASSWORD@HOST/NAME"
"""How messages write the URL of a database; it holds no password, and is not masked."""

HIDDEN = "*** (the rest of the line is not shown, since it may hold a password)"

_URL = re.compile(
    rf"(?<![A-Za-z0-9+.-])(?!{EXAMPLE})"
    r"(?:postgres(?:ql)?(?:\+\w+)?://(?=\S)"  # with or without a password
    r"|[A-Za-z][A-Za-z0-9+.-]*://[^\s:/@]*:[^\n]*@)[^\n]*"
)
_URL_WITH_PASSWORD = re.compile(
    r"[A-Za-z][A-Za-z0-9+.-]*://[^\s:/@]*:(?!//)[^\n]*@"
    r"|postgres(?:ql)?(?:\+\w+)?://[^\n]*[?&]password="
)
_IN_A_LITERAL = re.compile(r"'[^']*\bpass(?:word|wd)?\s*=\s*[^\s']|\bPASSWORD\s+'[^']", re.I)
_SQL = re.compile(r"\s*(?:select|with|from|values|table)\s", re.I)
_CONNECTION = re.compile(r"(?:^|\s)password\s*=\s*\S", re.I)
_ITS_OTHER_KEYS = re.compile(r"(?:^|\s)(?:host|hostaddr|user|dbname|service)\s*=\s*\S", re.I)


def masked(message: str) -> str:
    """A message without URLs that may hold a password.

    Where such a URL begins, the rest of its line is left out: a password may hold any character,
    so that its end is not known.

    Examples
    --------
    >>> masked("no file postgresql://me:secret@db/crm")
    'no file *** (the rest of the line is not shown, since it may hold a password)'
    >>> masked("see https://example.org and a:b@c")
    'see https://example.org and a:b@c'
    """
    return _URL.sub(HIDDEN, message)


def holds_password(text: str) -> bool:
    """Whether a text of a config or a query seems to hold a password.

    It is a URL with user and password, a connection string with ``password=``, or SQL with one of
    these in a literal.

    Examples
    --------
    >>> holds_password("mysql://me:secret@db/crm"), holds_password("host=db password=secret")
    (True, True)
    >>> holds_password("SELECT * FROM t WHERE password = 'x'"), holds_password("https://a.b:80/c")
    (False, False)
    """
    if _URL_WITH_PASSWORD.search(text) or _IN_A_LITERAL.search(text):
        return True
    if _SQL.match(text):
        return False
    return bool(_CONNECTION.search(text) and _ITS_OTHER_KEYS.search(text))
