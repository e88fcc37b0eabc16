"""Pages are compared piece by piece: texts, labels, drawings, and what is left."""

import pytest

from dbnchurn.core.html.page_content import PageContent, page_differences
from dbnchurn.core.html.plain_page import bullets, plain_page, rows_table

TABLE = rows_table(["group", "left", "stayed"], [["a", "1,204", "7.5 %"], ["b", "3", "−2"]])
PAGE = plain_page(
    "A page", "It is so.", [bullets("Groups", ["one of 7"]), TABLE, "<svg><path d='M1'/></svg>"]
)


def test_a_page_differs_in_nothing_from_itself():
    page = PageContent.of(PAGE)
    assert page_differences(page, page) == []
    assert (page.numbers, page.pictures) == (5, 1)
    assert page.made_by == {"command": None}


@pytest.mark.parametrize(
    ("old", "new", "line"),
    [
        (">1,204<", ">1,205<", "Groups, a, left: '1,205' on the page, '1,204' made again"),
        ("one of 7", "one of 8", "Groups: 'one of 8' on the page, 'one of 7' made again"),
        (
            '<p class="verdict">It is so.</p>',
            "",
            "A page: nothing on the page, 'It is so.' made again",
        ),
        ("</ul>", "<li>2</li></ul>", "Groups: '2' on the page, nothing made again"),
        ("M1", "M2", "Groups: the drawing differs"),
        ("<ul>", '<ul class="wide">', "the page differs in what is no text and no drawing"),
        ("<svg>", '<svg aria-label="9">', "Groups: the drawing differs"),
    ],
)
def test_what_is_changed_is_named_once_with_its_place(old, new, line):
    assert PAGE.count(old) == 1
    changed = PageContent.of(PAGE.replace(old, new))
    (found,) = page_differences(changed, PageContent.of(PAGE))
    assert found.startswith(line)


def test_what_a_page_says_of_its_command_is_no_difference():
    other = PAGE.replace("{&quot;command&quot;: null}", "{}")
    assert other != PAGE
    assert page_differences(PageContent.of(other), PageContent.of(PAGE)) == []
    assert PageContent.of(PAGE.replace("{&quot;command", "[&quot;command")).made_by is None
    assert PageContent.of("<p>7").made_by is None
