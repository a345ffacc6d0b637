"""Test results in one form: JUnit XML files written by every suite, and the sums over them.

A suite's files lie in build/results/<suite>/: any number of *.xml, and suite.json written by
tools/suite. Nothing counts as passed that did not run: an empty suite is a failure, and a skipped
case is one unless tests/SKIPS names it with a reason.
"""

import json
import os
import xml.etree.ElementTree as ET
from xml.sax.saxutils import escape, quoteattr

TOP = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
RESULTS = os.path.join(TOP, "build", "results")
SKIPS = os.path.join(TOP, "tests", "SKIPS")


def xml_text(text):
    """Keeps what XML 1.0 may hold; test output is arbitrary bytes."""
    return "".join(c if c in "\t\n\r" or 0x20 <= ord(c) <= 0xD7FF or 0xE000 <= ord(c) <= 0xFFFD
                   else "\N{REPLACEMENT CHARACTER}" for c in text)


class Writer:
    """Collects cases and writes one JUnit file."""

    def __init__(self, suite):
        self.suite = suite
        self.cases = []

    def add(self, name, status, seconds=0.0, detail=""):
        assert status in ("passed", "failed", "skipped")
        self.cases.append((name, status, seconds, detail))

    @property
    def failed(self):
        return sum(1 for c in self.cases if c[1] == "failed")

    def write(self, path):
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path + ".tmp", "w", encoding="utf-8") as f:
            f.write(f"<testsuite name={quoteattr(self.suite)} tests=\"{len(self.cases)}\""
                    f" failures=\"{self.failed}\">\n")
            for name, status, seconds, detail in self.cases:
                f.write(f"<testcase classname={quoteattr(self.suite)} name={quoteattr(name)}"
                        f" time=\"{seconds:.3f}\">")
                detail = xml_text(detail)
                if status == "failed":
                    f.write(f"<failure>{escape(detail)}</failure>")
                elif status == "skipped":
                    f.write(f"<skipped message={quoteattr(detail)}/>")
                f.write("</testcase>\n")
            f.write("</testsuite>\n")
        os.replace(path + ".tmp", path)


def read_skips(path=SKIPS):
    """{case id: reason}; a line is `<suite>/<case>  <reason>`, and the reason must be there."""
    skips = {}
    if not os.path.exists(path):
        return skips
    with open(path, encoding="utf-8") as f:
        for number, line in enumerate(f, 1):
            line = line.strip()
            if not line or line.startswith("#"):
                continue
            name, _, reason = line.partition(" ")
            if not reason.strip():
                raise SystemExit(f"{path}:{number}: no reason given for {name}")
            skips[name] = reason.strip()
    return skips


def read_folder(suite, folder, skips):
    """Counts the cases of one suite: (passed, failures, skipped), the last two as lists of names."""
    passed, failures, skipped = 0, [], []
    for base, _, names in sorted(os.walk(folder)):
        for file in sorted(names):
            if not file.endswith(".xml"):
                continue
            path = os.path.join(base, file)
            try:
                root = ET.parse(path).getroot()
            except ET.ParseError as e:
                failures.append(f"{suite}/{file}: unreadable result file: {e}")
                continue
            for case in root.iter("testcase"):
                cls = case.get("classname") or ""
                name = case.get("name") or "?"
                full = f"{suite}/{name}" if cls in ("", suite) else f"{suite}/{cls}.{name}"
                if case.find("failure") is not None or case.find("error") is not None:
                    failures.append(full)
                elif case.find("skipped") is not None:
                    if full in skips:
                        skipped.append(full)
                    else:
                        failures.append(full + " (skipped, and not listed in tests/SKIPS)")
                else:
                    passed += 1
    return passed, failures, skipped


def save(suite, record):
    path = os.path.join(RESULTS, suite, "suite.json")
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "w", encoding="utf-8") as f:
        json.dump(record, f, indent=1)


def load_all():
    records = {}
    if os.path.isdir(RESULTS):
        for suite in sorted(os.listdir(RESULTS)):
            path = os.path.join(RESULTS, suite, "suite.json")
            if os.path.exists(path):
                with open(path, encoding="utf-8") as f:
                    records[suite] = json.load(f)
    return records
