"""Pages without templates: whole, in the frame of all pages, and nothing of the content is HTML."""

from html.parser import HTMLParser

from dbnchurn.core.html.picture import Picture
from dbnchurn.core.html.plain_page import bullets, drawing, paragraph, plain_page, rows_table

NASTY = "<script>alert('x')</script> & \"quotes\""


def test_all_content_is_escaped():
    page = plain_page(
        NASTY,
        NASTY,
        [
            paragraph(NASTY, "soft"),
            bullets(NASTY, [NASTY]),
            rows_table([NASTY, "b"], [[NASTY, NASTY]], [NASTY], NASTY),
        ],
    )
    assert "<script" not in page
    assert page.count("&lt;script&gt;") >= 8

    found = set()
    parser = HTMLParser()
    parser.handle_starttag = lambda tag, attrs: found.add(tag)
    parser.feed(page)
    assert "script" not in found
    assert {"table", "h1", "ul", "style"} <= found


def test_an_empty_list_leaves_nothing_and_lines_of_a_cell_stand_below_one_another():
    assert bullets("Notes", []) == ""
    assert "a<br>b" in rows_table(["x", "y"], [["1", "a\nb"]])


def test_a_picture_has_its_words_escaped():
    shown = drawing(Picture(NASTY, NASTY, NASTY, "<svg></svg>"))
    assert shown.count("&lt;script&gt;") == 3
    assert "<svg></svg>" in shown
    assert drawing(None) == ""
