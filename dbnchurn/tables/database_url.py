"""The URL of a PostgreSQL database, taken apart before any driver is given it.

Messages are of this module alone, and hold nothing of the URL: a driver's own message may quote
the part of a password behind a sign that it takes for the end of it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from urllib.parse import unquote

from dbnchurn.core.errors import ConfigError
from dbnchurn.core.secrets import EXAMPLE

SCHEME = re.compile(r"postgres(?:ql)?://")
SIGNS = "write @ as %40, / as %2F, : as %3A, % as %25, a blank as %20"


@dataclass(frozen=True)
class DatabaseUrl:
    """What a URL says, decoded.

    Parameters
    ----------
    settings : dict of str → str
        Names and values as libpq calls them: ``host``, ``port``, ``user``, ``password``,
        ``dbname``, and those behind the question mark.
    secrets : tuple of str
        What no message may hold: the password, decoded and as it is written in the URL.
    """

    settings: dict[str, str] = field(repr=False)
    secrets: tuple[str, ...] = field(repr=False)

    def connection_string(self) -> str:
        """The settings as libpq's ``name='value'``, in which every character is allowed."""
        escaped = {
            name: value.replace("\\", "\\\\").replace("'", "\\'")
            for name, value in self.settings.items()
        }
        return " ".join(f"{name}='{value}'" for name, value in escaped.items())


def parse_database_url(url: str, holder: str) -> DatabaseUrl:
    """Take a URL apart, or say what cannot be read without a word of it.

    Parameters
    ----------
    url : str
        ``postgresql://user:password@host:port/name?sslmode=require``; everything but the scheme may
        be left out. Signs that end a part, ``@`` and ``/`` above all, are written as ``%40`` and
        ``%2F`` inside one.
    holder : str
        What holds it, for messages: the environment variable.

    Returns
    -------
    DatabaseUrl

    Raises
    ------
    ConfigError
        If it is no such URL, or could be read in two ways.

    Examples
    --------
    >>> url = parse_database_url("postgresql://me:a%40b@db:5433/crm", "CRM")
    >>> url.settings["password"], url.settings["host"], url.settings["port"]
    ('a@b', 'db', '5433')
    """
    scheme = SCHEME.match(url)
    if scheme is None:
        raise _unreadable(holder, f"it is to be written as {EXAMPLE}")
    rest = url[scheme.end() :]
    _check_signs(rest, holder)
    user_part, password_part, rest = _credentials(rest, holder)
    place, question, query = rest.partition("?")
    hosts, _, name = place.partition("/")
    if "/" in name or "#" in place or "?" in query:
        raise _unreadable(holder, "it has a / or ? or # too many behind its host; " + SIGNS)
    settings = _hosts(hosts, holder)
    settings |= {"user": unquote(user_part), "password": unquote(password_part)}
    settings["dbname"] = unquote(name)
    parameters = _parameters(query, holder) if question else {}
    settings = {key: value for key, value in (settings | parameters).items() if value}
    written = {password_part, settings.get("password", "")}
    if "password" in parameters:
        written |= {part.partition("=")[2] for part in query.split("&") if "password=" in part}
    return DatabaseUrl(settings, tuple(sorted(written - {""}, key=len, reverse=True)))


def _unreadable(holder: str, why: str) -> ConfigError:
    return ConfigError(f"the URL in {holder} cannot be read: {why}")


def _check_signs(rest: str, holder: str) -> None:
    """Refuse what no URL may hold."""
    if any(c.isspace() or ord(c) < 32 or ord(c) == 127 for c in rest):
        raise _unreadable(holder, "it holds a blank or a control character; " + SIGNS)
    if any(0xD800 <= ord(c) <= 0xDFFF for c in rest):
        raise _unreadable(holder, "it is not UTF-8; write other bytes as %XX of their UTF-8 form")
    if re.search(r"%(?![0-9A-Fa-f]{2})", rest):
        raise _unreadable(holder, "a % in it is not followed by two hexadecimal digits; " + SIGNS)
    try:
        decoded = unquote(rest, errors="strict")
    except UnicodeDecodeError:
        raise _unreadable(holder, "its %XX are not UTF-8") from None
    if "\0" in decoded:
        raise _unreadable(holder, "it holds %00, which no database takes")


def _credentials(rest: str, holder: str) -> tuple[str, str, str]:
    """User, password, and what comes behind them, still encoded."""
    if rest.count("@") > 1:
        raise _unreadable(
            holder, "it has more than one @, so where user and password end is open; " + SIGNS
        )
    before, at, behind = rest.partition("@")
    if not at:
        return "", "", rest
    if "/" in before:
        raise _unreadable(
            holder, "it has a / before its @, so where the host begins is open; " + SIGNS
        )
    user, _, password = before.partition(":")
    return user, password, behind


def _hosts(hosts: str, holder: str) -> dict[str, str]:
    """Hosts and ports; several are divided by commas."""
    names, ports = [], []
    for one in hosts.split(","):
        found = re.fullmatch(r"(\[[0-9A-Fa-f:.%]+\]|[^\[\]:]*)(?::(\d*))?", one)
        if found is None:
            raise _unreadable(
                holder,
                "what stands for host and port is no host:port, where the port is a number and an "
                "IPv6 address is in brackets; " + SIGNS,
            )
        names.append(unquote(found[1].strip("[]")))
        ports.append(found[2] or "")
    return {"host": ",".join(names), "port": ",".join(ports) if any(ports) else ""}


def _parameters(query: str, holder: str) -> dict[str, str]:
    """What stands behind the question mark."""
    found = {}
    for part in filter(None, query.split("&")):
        name, equals, value = part.partition("=")
        if not equals or not re.fullmatch(r"[a-z_]+", name):
            raise _unreadable(holder, "behind its ? it needs name=value&name=value; " + SIGNS)
        found[name] = unquote(value)
    return found
