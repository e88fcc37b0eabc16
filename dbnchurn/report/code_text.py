"""Commands and keys of the config in the sentences of a page, marked as code."""

from __future__ import annotations

import re

from markupsafe import Markup, escape

CODE = re.compile(
    r"(?P<key>\bcampaign\.(?:contacts|offer|costs)\b)|'(?P<command>dbnchurn [^'<>&]+)'"
)


def coded(text: str) -> Markup:
    """A sentence as HTML, with keys and quoted commands in code style; the rest is escaped.

    Examples
    --------
    >>> str(coded("a < b, see campaign.offer"))
    'a &lt; b, see <code class="key">campaign.offer</code>'
    >>> str(coded("run 'dbnchurn lift'"))
    'run <code>dbnchurn lift</code>'
    """
    parts, end = [], 0
    for found in CODE.finditer(text):
        parts.append(escape(text[end : found.start()]))
        key = found["key"]
        code = Markup('<code class="key">{}</code>') if key else Markup("<code>{}</code>")
        parts.append(code.format(key or found["command"]))
        end = found.end()
    return Markup("").join([*parts, escape(text[end:])])
