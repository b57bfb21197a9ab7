"""Where a picture was taken: the place or nothing, whatever a file says, and never at the cost of the picture."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL.TiffImagePlugin import IFDRational

from searchindex.images import decode
from searchindex.images.gps import location_of
from searchindex.points import Location
from tests.searchindex.images.pictures import CORNERS, encoded, gps

# As in production, where Pillow's warnings of damaged metadata are switched off.
pytestmark = pytest.mark.filterwarnings("ignore::UserWarning")

BERLIN = ((52, 1), (31, 1), (12_345, 1000)), "N", ((13, 1), (24, 1), (1836, 100)), "E"
WHOLE = decode(encoded(CORNERS, "JPEG"))


def taken_at(*place, format: str = "JPEG") -> Location | None:
    return decode(encoded(CORNERS, format, exif=gps(*place))).location


@pytest.mark.parametrize("format", ["JPEG", "PNG", "WEBP"])
def test_a_place_is_in_degrees(format):
    """As maps and Qdrant take it, whatever the format of the picture."""
    assert taken_at(*BERLIN, format=format) == Location(lon=13.4051, lat=52.5200958)


def test_the_south_and_the_west_are_negative():
    """Rio de Janeiro is not in the Arctic Ocean; and there is no negative zero."""
    (lat, _, lon, _) = BERLIN
    assert taken_at(lat, "S", lon, "W") == Location(lon=-13.4051, lat=-52.5200958)
    zero = ((0, 1),) * 3
    assert str(taken_at(zero, "S", zero, "W")) == "Location(lon=0.0, lat=0.0)"


@pytest.mark.parametrize(
    ("degrees", "minutes", "seconds"), [((525_200_958, 10_000_000), (0, 1), (0, 1)), ((52, 1), (31_205_748, 1_000_000), (0, 1))]
)
def test_fractions_may_stand_in_any_part(degrees, minutes, seconds):
    """Phones write seconds, some programs decimal degrees or minutes."""
    _, north, lon, east = BERLIN
    assert taken_at((degrees, minutes, seconds), north, lon, east) == Location(lon=13.4051, lat=52.5200958)


@pytest.mark.parametrize(
    "place",
    [
        (((0, 0), (0, 0), (0, 0)), "N", *BERLIN[2:]),  # what cameras write that found no satellite
        (((52, 1), (31, 0), (12, 1)), "N", *BERLIN[2:]),
        (((91, 1), (0, 1), (0, 1)), "N", *BERLIN[2:]),
        (((90, 1), (0, 1), (1, 1000)), "N", *BERLIN[2:]),
        (((52, 1), (61, 1), (0, 1)), "N", *BERLIN[2:]),
        (((52, 1), (31, 1), (99, 1)), "N", *BERLIN[2:]),
        (*BERLIN[:2], ((180, 1), (1, 1), (0, 1)), "E"),
        (((52, 1), (31, 1)), "N", *BERLIN[2:]),
        (BERLIN[0], None, *BERLIN[2:]),
        (*BERLIN[:3], None),
        (*BERLIN[:3], "N"),
        (BERLIN[0], "", *BERLIN[2:]),
        (None, "N", *BERLIN[2:]),
        (*BERLIN[:2], None, "E"),
    ],
)
def test_half_a_place_is_none(place):
    """A zero denominator, a part out of range or missing costs the place, and nothing else of the picture."""
    found = decode(encoded(CORNERS, "PNG", exif=gps(*place, orientation=3)))
    assert found.location is None
    assert np.array_equal(found.rgb, CORNERS[::-1, ::-1]), "it is no longer turned upright"


def parts(value: float) -> tuple[tuple[int, int], ...]:
    """Degrees, minutes and ten-thousandths of a second, as cameras write them."""
    units = round(value * 36_000_000)
    return (units // 36_000_000, 1), (units // 600_000 % 60, 1), (units % 600_000, 10_000)


@given(st.floats(-90, 90), st.floats(-180, 180))
def test_every_place_on_earth_is_found_again(lat: float, lon: float):
    """To a decimetre, which is more than a receiver knows."""
    found = taken_at(parts(abs(lat)), "S" if lat < 0 else "N", parts(abs(lon)), "W" if lon < 0 else "E")
    assert found is not None
    assert (found.lat, found.lon) == (pytest.approx(lat, abs=1e-7), pytest.approx(lon, abs=1e-7))


WILD = st.one_of(
    st.none(),
    st.text(max_size=3),
    st.sampled_from(["N", "S", "E", "W", b"N", "n\0"]),
    st.binary(max_size=4),
    st.floats(),
    st.integers(-(2**63), 2**63),
    st.lists(
        st.one_of(
            st.builds(IFDRational, st.integers(-(2**31), 2**32), st.integers(-2, 2**32)),
            st.floats(),
            st.integers(0, 90),
            st.text(max_size=2),
            st.none(),
            st.just((1, 2)),
        ),
        max_size=4,
    ).map(tuple),
)


@given(st.dictionaries(st.integers(0, 5), WILD))
@settings(max_examples=500)
def test_anything_is_a_place_or_none(tags):
    """What comes out can be stored and searched: two finite numbers in range, or nothing."""
    found = location_of(tags)
    assert found is None or (-90 <= found.lat <= 90 and -180 <= found.lon <= 180)


@given(data=st.data())
@settings(max_examples=300, deadline=None)
def test_no_mutation_of_its_tags_costs_a_picture(data):
    """Wherever the metadata of a picture is damaged, its pixels are those that it had, upright or not."""
    content = bytearray(encoded(CORNERS, "JPEG", exif=gps(*BERLIN)))
    start = content.index(b"Exif\0\0") + 6
    for _ in range(data.draw(st.integers(1, 6))):
        content[start + data.draw(st.integers(0, len(gps(*BERLIN)) - 7))] = data.draw(st.integers(0, 255))
    found = decode(bytes(content))
    assert sorted(found.rgb.ravel()) == sorted(WHOLE.rgb.ravel())
    assert found.location is None or (abs(found.location.lat) <= 90 and abs(found.location.lon) <= 180)
