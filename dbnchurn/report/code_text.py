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
    'run <code><span class="key">dbnchurn</span> <span class="key">lift</span></code>'
    """
    parts, end = [], 0
    for found in CODE.finditer(text):
        parts.append(escape(text[end : found.start()]))
        key = found["key"]
        if key:
            parts.append(Markup('<code class="key">{}</code>').format(key))
        else:  # a line may break between words, and not after the hyphens of an option
            words = map(Markup('<span class="key">{}</span>').format, found["command"].split())
            parts.append(Markup("<code>{}</code>").format(Markup(" ").join(words)))
        end = found.end()
    return Markup("").join([*parts, escape(text[end:])])
