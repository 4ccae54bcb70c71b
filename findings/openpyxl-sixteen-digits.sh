#!/bin/sh
# openpyxl 3.1.5 and XlsxWriter 3.2.9 write a whole number of 17 digits as another number.
#
# Both write numbers into the file with 16 significant digits, Python integers too, and say
# nothing. A purchase order number of 17 digits that is a number comes back as a different
# one. A 16-digit one survives, though Excel itself shows 15. Written as text, all survive.
# Any reader sees it: openpyxl itself, and python-calamine 0.9.1.
#
# Seen: 12345678901234567 is 1.234567890123457e+16 in the file, and reads as
# 12345678901234570.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/env"
"$folder/env/bin/pip" install -qq --disable-pip-version-check \
  openpyxl==3.1.5 XlsxWriter==3.2.9 python-calamine==0.9.1
cd "$folder"
"$folder/env/bin/python" - <<'PYTHON'
import re
import zipfile

import openpyxl
import python_calamine
import xlsxwriter

NUMBER = 12345678901234567

book = openpyxl.Workbook()
book.active.append([NUMBER])
book.active.append([str(NUMBER)])
book.save("openpyxl.xlsx")
with xlsxwriter.Workbook("xlsxwriter.xlsx") as book:
    sheet = book.add_worksheet()
    sheet.write(0, 0, NUMBER)
    sheet.write(1, 0, str(NUMBER))

for name in ("openpyxl.xlsx", "xlsxwriter.xlsx"):
    with zipfile.ZipFile(name) as package:
        xml = package.read("xl/worksheets/sheet1.xml").decode()
    written = re.search(r"<v>([^<]*)</v>", xml)[1]
    cells = python_calamine.CalamineWorkbook.from_path(name).get_sheet_by_index(0)
    (number,), (text,) = cells.to_python()
    again = openpyxl.load_workbook(name).active["A1"].value
    print(f"{name}: in the file {written}, calamine {number:.0f}, openpyxl {again:.0f}")
    assert float(written) == number == again == 12345678901234570
    assert text == str(NUMBER)
PYTHON
