#!/usr/bin/env python3
"""Makes number_zones.csv: telephone number prefix -> every time zone a number with it could be in.

    python3 make_number_zones.py > number_zones.csv      (needs the `phonenumbers` package and the system's tzdb)

Sources: libphonenumber's prefix-to-zone map (Apache-2.0, through `phonenumbers`) and tzdb's zone.tab (public domain).
A zone too many only shortens the hours in which somebody is called; a zone too few wakes somebody up. So:
 1. A country has every zone of zone.tab for every region that shares its code, and what libphonenumber adds.
 2. Finer prefixes are cut at two digits after the country code (three in the North American plan: the area code), and
    get every zone found below them. Numbers below them that libphonenumber does not place get the country's zones.
 3. Area codes known to straddle a border of zones get both sides, whatever libphonenumber says.
 4. A prefix that belongs to no place has no zones: 800 and its kin in the North American plan, satellite codes, …
Zones of a country whose clocks agree from now on are written once, by the name of one of them.
"""
from datetime import datetime, timedelta, timezone
from functools import cache
from zoneinfo import ZoneInfo

import phonenumbers
from phonenumbers import COUNTRY_CODE_TO_REGION_CODE
from phonenumbers.tzdata import TIMEZONE_DATA as PLACED

ZONEINFO = "/usr/share/zoneinfo"
FROM = datetime(2026, 1, 1, tzinfo=timezone.utc)
SAMPLES = [FROM + timedelta(hours=12 * step) for step in range(2 * 365 * 4)]

E, C, M, P = "America/New_York", "America/Chicago", "America/Denver", "America/Los_Angeles"
ATLANTIC, NEWFOUNDLAND = "America/Halifax", "America/St_Johns"
STRADDLING = {
    (E, C): "219 270 364 334 423 448 574 606 807 812 850 906 930 931",
    (C, M): "306 308 432 474 580 605 620 639 701 785 915",
    (M, P): "208 236 250 257 458 541 672 775 778 986",
    (E, ATLANTIC, "America/Puerto_Rico"): "367 418 581",
    (ATLANTIC, NEWFOUNDLAND): "709 879",
    ("America/Phoenix", M): "928",
    ("America/Regina", "America/Edmonton", "America/Winnipeg"): "306 474 639",
    ("America/Winnipeg", "America/Toronto", "America/Atikokan"): "807",
    ("America/Vancouver", "America/Edmonton", "America/Fort_Nelson"): "236 250 257 672 778",
    ("America/Whitehorse", "America/Edmonton", "America/Winnipeg", "America/Toronto", "America/Atikokan"): "867",
    ("America/Anchorage", "America/Adak", "America/Juneau", "America/Metlakatla", P): "907",
}
# Places of the plan that have area codes of their own: an area code not placed yet is none of theirs.
SINGLE_CODE_PLACES = {"Pacific/Guam", "Pacific/Pago_Pago", "Pacific/Saipan"}
NOWHERE = ["8" + pair for pair in "00 22 33 44 55 66 77 88".split()] + "600 622 700 710 900".split() + [
    "5" + pair for pair in "00 21 22 23 24 25 26 27 28 29 32 33 35 38 42 43 44 45 46 47 49 50 52 53 54 55 56 58 66 "
    "69 77 78 88 89".split()]


@cache
def clock(zone):
    info = ZoneInfo(zone)
    return tuple(sample.astimezone(info).utcoffset() for sample in SAMPLES)


REPRESENTATIVE = {}
FAMILIAR = [E, C, M, P, "America/Phoenix", "Pacific/Honolulu", "America/Anchorage", ATLANTIC, NEWFOUNDLAND,
            "America/Puerto_Rico", "America/Regina"]


def represent(zone):
    """The first zone of this country asked for whose clock runs as this one's."""
    return REPRESENTATIVE.setdefault(clock(zone), zone)


zones_of_region = {}
for line in open(f"{ZONEINFO}/zone.tab"):
    if not line.startswith("#"):
        region, _, zone = line.split("\t")[:3]
        zones_of_region.setdefault(region, []).append(zone.strip())


def known(zones):
    found = set()
    for zone in zones:
        try:
            found.add(represent(zone))
        except Exception:
            continue
    return found


def inherited(prefix):
    for length in range(len(prefix), 0, -1):
        if prefix[:length] in PLACED:
            return prefix[:length]
    return None


def below(prefix, country_zones):
    """Every zone of the numbers that begin with prefix. An area code of the North American plan is one place, so what
    is said of some of its exchanges holds for all."""
    zones = set()
    for key, placed in PLACED.items():
        if key.startswith(prefix):
            zones |= known(placed)
    if prefix not in PLACED and not prefix.startswith("1"):
        covered = all(any(key == prefix + digit for key in PLACED) for digit in "0123456789")
        if not covered:
            above = inherited(prefix)
            zones |= country_zones if above is None or len(above) < 3 else known(PLACED[above])
    return zones


table = {}
for code, regions in COUNTRY_CODE_TO_REGION_CODE.items():
    cc = str(code)
    if regions == ("001",):
        continue
    REPRESENTATIVE.clear()
    known(FAMILIAR if cc == "1" else (*zones_of_region.get(regions[0], [])[:1], *PLACED.get(cc, ())))
    if cc == "1":
        whole = known(zone for region in ("US", "CA") for zone in zones_of_region[region])
        table[cc] = whole
        for area in range(200, 1000):
            prefix = f"1{area}"
            if any(key.startswith(prefix) for key in PLACED):
                table[prefix] = below(prefix, whole)
        for zones, areas in STRADDLING.items():
            for area in areas.split():
                table[f"1{area}"] = table.get(f"1{area}", set()) | known(zones)
        for area in NOWHERE:
            table[f"1{area}"] = set()
        continue
    country = known(zone for region in regions for zone in zones_of_region.get(region, []))
    country |= known(PLACED.get(cc, ()))
    for key, placed in PLACED.items():
        if key.startswith(cc):
            country |= known(placed)
    table[cc] = country
    if len(country) > 1:
        for pair in range(100):
            prefix = f"{cc}{pair:02}"
            if any(key.startswith(prefix) for key in PLACED):
                narrowed = below(prefix, country)
                if narrowed and narrowed != country:
                    table[prefix] = narrowed

tzdb = open(f"{ZONEINFO}/tzdata.zi").readline().split()[-1]
print(f"# version: libphonenumber {phonenumbers.__version__}, tzdb {tzdb}")
print("# Made by make_number_zones.py, which says how. Do not edit. Longest prefix wins; no zones: not in any place.")
for prefix in sorted(table):
    print(f"{prefix},{'|'.join(sorted(table[prefix]))}")
