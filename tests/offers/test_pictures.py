"""The pictures say in words what they show, and are left out where there is nothing to show."""

from dataclasses import replace

from dbnchurn.offers.pictures import calibration_picture, first_offers_picture


def test_the_title_counts_the_groups_that_took_as_many_as_expected(summary):
    bins = summary.quality.calibration
    inside = sum(part.low <= part.expected <= part.high for part in bins)
    picture = calibration_picture(summary)
    assert picture.title.startswith(f"{inside} of {len(bins)} groups took as many as expected")
    assert picture.alt.count("expected") == len(bins)
    without = replace(summary, quality=replace(summary.quality, calibration=()))
    assert calibration_picture(without) is None


def test_the_most_frequent_first_offer_is_named(summary):
    first = max(summary.listed.offers, key=lambda offer: offer[1])
    picture = first_offers_picture(summary)
    assert picture.title.startswith(f"{first[0]} is the first offer of ")
    without = replace(summary, listed=replace(summary.listed, offers=()))
    assert first_offers_picture(without) is None
