"""What the formats that are fuzzed are made of."""

from tests.fuzz.fhir_reader import NAMES
from tests.fuzz.offices import HEADINGS, MEMBERS

HL7 = (b"MSH|^~\\&|", b"\rPID|", b"\rPV1|", b"\rOBX|", b"\rMRG|", b"BHS|", b"\rBTS|", b"FHS|", b"\rFTS|", b'""')
HL7_VALUES = (
    b"ADT^A03",
    b"ADT^A40",
    b"ACK",
    b"^^^NHS^NH",
    b"20260309",
    b"RESURREC",
    b"\\X0D\\",
    b"GESTATION",
    b"UNICODE UTF-8",
)
JSON = (b'{"', b'": "', b'", "', b'"}', b"[{", b"}]", b"null", b"true", b"\\ud800", b"1e9999", b"NaN")
XML = (
    b"<?xml ",
    b"<!DOCTYPE ",
    b"<!ENTITY ",
    b"<![CDATA[",
    b"<!--",
    b"-->",
    b"/>",
    b"</",
    b"&#65;",
    b"&amp;",
    b' xmlns="',
)
DATES = (b"2026-03-09", b"2026-03-09T04:10:00Z", b"09/03/2026", b"09/03/26", b"2026-02-30", b"46090", b"0000")
FHIR = (*NAMES, b"modifierExtension", b"contained", b"implicitRules", b"document", b"transaction", b"DELETE")
POLICE = tuple(name.encode() for name in MEMBERS)
COLUMNS = tuple(
    name.encode() for name in (*HEADINGS, "Surname", "DOB", "REFERRED", "WITHDRAWN", "CONCLUDED", "neglect")
)
TABLE = (b"\r\n", b",", b";", b"\t", b'"', b'""', b"sep=;", b"\xef\xbb\xbf", b"=1+1", b"#REF!")

INVOLVEMENTS = (b"Deceased", b"DEC", b"Casualty", b"Mother of Deceased", b"Cancelled", b"11 years", b"E23000038")
SHEET = (
    b'<c r="A2" t="s"><v>',
    b'<c t="inlineStr"><is><t>',
    b'<row r="2">',
    b"<mergeCell ref=",
    b"<f>1+1</f>",
    b"<sheetData>",
)
