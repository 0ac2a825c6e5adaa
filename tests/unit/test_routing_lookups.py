"""Loading what ONS and the NHS publish: postcode directories of the last ten years, and organisation files."""

import csv
import io
import zipfile
from pathlib import Path

import pytest

from integration_engine.routing.postcode_directory import load_directory
from integration_engine.routing.postcodes import PackedPostcodes, canonical_postcode
from integration_engine.routing.reference import load_reference
from integration_engine.routing.sites import load_ods, load_sites
from integration_engine.routing.tables import ReferenceDataError

ROWS = [
    ("RG1 2LU", "E06000038", "", "E92000001"),
    ("RG1 1LZ", "E06000038", "199806", "E92000001"),
    ("SW1A 1AA", "E09000033", "", "E92000001"),
    ("S1 2HH", "E08000039", "", "E92000001"),
    ("M1 1AE", "E08000003", "", "E92000001"),
    ("LL11 1AY", "W06000006", "", "W92000004"),
    ("IM1 1AA", "", "", "M83000003"),
    ("RG1 9XX", "", "200001", "E92000001"),
]


def directory(pcd: str, district: str, country: str = "ctry", *, extra: str = "oa21", end: str = "\r\n") -> str:
    text = io.StringIO()
    write = csv.writer(text, lineterminator=end, quoting=csv.QUOTE_ALL)
    write.writerow([pcd, extra, "dointr", "doterm", district, country])
    for postcode, lad, ended, nation in ROWS:
        spelt = postcode.replace(" ", "").ljust(7) if pcd in ("pcd", "pcd7") else postcode
        write.writerow([spelt, "x", "198001", ended, lad, nation])
    return text.getvalue()


def packed(folder: Path, text: str, name: str = "NSPL.csv") -> PackedPostcodes:
    source = folder / name
    source.write_text(text, encoding="utf-8-sig")
    load_directory(source, folder / "postcodes.bin")
    return PackedPostcodes(folder / "postcodes.bin")


@pytest.mark.parametrize(
    ("pcd", "district", "country"),
    [
        ("pcds", "laua", "ctry"),
        ("pcd", "oslaua", "ctry"),
        ("pcd2", "laua", "ctry"),
        ("PCDS", "LAUA", "CTRY"),
        ("pcd7", "lad23cd", "ctry23cd"),
        ("pcds", "lad24cd", "ctry24cd"),
        ("pcds", "lad25cd", "ctry25cd"),
        ("postcode", "ladcd", "ctrycd"),
    ],
)
def test_headings_of_ten_years_are_recognised(tmp_path: Path, pcd: str, district: str, country: str) -> None:
    lookup = packed(tmp_path, directory(pcd, district, country))
    assert lookup.district("RG12LU") == "E06000038"
    assert lookup.district("SW1A1AA") == "E09000033"
    assert lookup.district("S12HH") == "E08000039"
    assert lookup.district("LL111AY") == "W06000006"


def test_terminated_postcodes_stay_findable_and_unplaced_ones_have_no_district(tmp_path: Path) -> None:
    lookup = packed(tmp_path, directory("pcds", "laua"))
    assert lookup.district("RG11LZ") == "E06000038"
    assert lookup.district("RG19XX") is None
    assert lookup.district("RG19XY") is None
    assert lookup.district("ZE11AA") is None
    assert lookup.district("IM11AA") == "M83000003"
    assert len(lookup) == len(ROWS)


def test_the_latest_edition_wins_where_a_table_has_several(tmp_path: Path) -> None:
    text = "pcds,lad21cd,lad25cd\nS1 2HH,E08000019,E08000039\n"
    assert packed(tmp_path, text).district("S12HH") == "E08000039"


def test_rows_that_hold_no_postcode_are_counted_not_fatal(tmp_path: Path) -> None:
    source = tmp_path / "d.csv"
    source.write_text("pcds,laua\nRG1 2LU,E06000038\nnonsense,E06000038\n\nRG1\n", encoding="utf-8")
    done = load_directory(source, tmp_path / "p.bin")
    assert (done.rows, done.postcodes, done.skipped) == (4, 1, 3)


def test_a_published_zip_is_read_by_its_whole_table(tmp_path: Path) -> None:
    source = tmp_path / "NSPL_2025.zip"
    with zipfile.ZipFile(source, "w") as archive:
        archive.writestr("Documents/LAD names.csv", "LAD25CD,LAD25NM\nE06000038,Reading\n")
        archive.writestr("Data/multi_csv/NSPL_RG.csv", "pcds,laua\nRG1 2LU,E06000099\n")
        archive.writestr("Data/NSPL_2025_UK.csv", directory("pcds", "laua"))
        archive.writestr("User Guide/guide.pdf", b"%PDF")
    load_directory(source, tmp_path / "p.bin")
    assert PackedPostcodes(tmp_path / "p.bin").district("RG12LU") == "E06000038"


def test_a_zip_of_parts_alone_is_read_whole(tmp_path: Path) -> None:
    source = tmp_path / "ONSPD.zip"
    with zipfile.ZipFile(source, "w") as archive:
        archive.writestr("Data/multi_csv/ONSPD_RG.csv", "pcds,oslaua\nRG1 2LU,E06000038\n")
        archive.writestr("Data/multi_csv/ONSPD_M.csv", "pcds,oslaua\nM1 1AE,E08000003\n")
    load_directory(source, tmp_path / "p.bin")
    lookup = PackedPostcodes(tmp_path / "p.bin")
    assert (lookup.district("RG12LU"), lookup.district("M11AE")) == ("E06000038", "E08000003")


@pytest.mark.parametrize(
    ("name", "content", "code"),
    [
        ("a.csv", b"name,town\nx,y\n", "not-a-directory"),
        ("a.csv", b"", "not-a-directory"),
        ("a.csv", b"pcds,laua\n", "empty"),
        ("a.zip", b"PK\x03\x04 cut short", "not-a-directory"),
    ],
)
def test_a_file_that_is_no_directory_is_refused_and_leaves_nothing(
    tmp_path: Path, name: str, content: bytes, code: str
) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(ReferenceDataError) as refused:
        load_directory(tmp_path / name, tmp_path / "p.bin")
    assert refused.value.code == code
    assert [path.name for path in tmp_path.iterdir()] == [name]


def test_a_missing_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ReferenceDataError, match="can't be opened"):
        load_directory(tmp_path / "none.csv", tmp_path / "p.bin")


@pytest.mark.parametrize(
    "damage", [lambda whole: whole[:-3], lambda whole: whole[:9], lambda whole: b"", lambda whole: b"x" + whole]
)
def test_a_damaged_lookup_is_refused_not_misread(tmp_path: Path, damage: object) -> None:
    packed(tmp_path, directory("pcds", "laua"))
    path = tmp_path / "postcodes.bin"
    path.write_bytes(damage(path.read_bytes()))  # type: ignore[operator]  # a parametrised function
    with pytest.raises(ReferenceDataError):
        PackedPostcodes(path)


@pytest.mark.parametrize(
    ("text", "canonical"),
    [
        ("rg1 2lu", "RG12LU"),
        ("SW1A1AA", "SW1A1AA"),
        ("M1 1AE", "M11AE"),
        ("RG1", None),
        ("", None),
        ("75001", None),
        ("RG1 2LUX", None),
    ],
)
def test_spellings_of_a_postcode(text: str, canonical: str | None) -> None:
    assert canonical_postcode(text) == canonical


def ods_row(code: str, name: str, postcode: str) -> str:
    cells = [
        code,
        name,
        "Y54",
        "QU9",
        "HEADLEY WAY",
        "HEADINGTON",
        "",
        "OXFORD",
        "OXFORDSHIRE",
        postcode,
        "19940401",
        "",
    ]
    return ",".join(f'"{cell}"' for cell in cells + [""] * 15) + "\r\n"


def test_nhs_sites_are_loaded_from_the_official_layout_and_found_by_the_reference(tmp_path: Path) -> None:
    (tmp_path / "etr.csv").write_text(ods_row("RTH", "OXFORD UNIVERSITY HOSPITALS", "OX3 9DU"), encoding="utf-8")
    rows = ods_row("RTH08", "JOHN RADCLIFFE", "OX3 9DU") + ods_row("RTH99", "ELSEWHERE", "OX9 9ZZ")
    (tmp_path / "ets.csv").write_text(rows, encoding="utf-8")
    done = load_ods([tmp_path / "etr.csv", tmp_path / "ets.csv"], tmp_path / "sites.csv", load_reference().district)
    assert (done.sites, done.without_district) == (3, 1)
    reference = load_reference(sites=tmp_path / "sites.csv")
    site = reference.site("RTH08-NICU")
    assert site
    assert (site.lad_code, site.name) == ("E07000178", "JOHN RADCLIFFE")
    assert reference.site("RQ6") is None


def test_a_file_of_another_layout_is_no_site_file(tmp_path: Path) -> None:
    (tmp_path / "x.csv").write_text("code,name\nRTH,Oxford\n", encoding="utf-8")
    with pytest.raises(ReferenceDataError) as refused:
        load_ods([tmp_path / "x.csv"], tmp_path / "sites.csv", lambda postcode: None)
    assert refused.value.code == "not-ods"
    assert not (tmp_path / "sites.csv").exists()
    with pytest.raises(ReferenceDataError):
        load_sites(tmp_path / "x.csv")


def test_the_environment_names_the_lookups(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    packed(tmp_path, directory("pcds", "laua"))
    monkeypatch.setenv("CDR_POSTCODES", str(tmp_path / "postcodes.bin"))
    reference = load_reference()
    assert reference.district("M1 1AE") == "E08000003"
    assert reference.district("L7 8XP") is None
    monkeypatch.setenv("CDR_POSTCODES", str(tmp_path / "none.bin"))
    with pytest.raises(ReferenceDataError):
        load_reference()
