#!/bin/sh
# DuckDB 2.0.0 and 2.0.1: which ways out of JSON keep the digits of a number.
#
# In both, `->`, `->>` and json_transform to JSON or VARCHAR make a float of a number first,
# and json_transform to DECIMAL reads its digits. In 2.0.0 a DECIMAL anywhere in the
# structure made JSON and VARCHAR beside it exact, too; 2.0.1 no longer does that. And
# read_json with a DECIMAL column goes through a float in 2.0.0 (wrong digits, not only fewer
# of them), and is exact in 2.0.1.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cat > "$folder/ask.py" <<'PYTHON'
import sys
import duckdb

path, version = sys.argv[1:]
assert duckdb.__version__ == version
with open(path, "w") as file:
    file.write('{"n":12345678901234.123456789}\n')
database = duckdb.connect()
row = """(SELECT '{"n":12345678901234.123456789}'::JSON AS j)"""
questions = {
    "j ->> 'n'": f"SELECT j ->> 'n' FROM {row}",
    "json_transform to VARCHAR": f"""SELECT json_transform(j, '{{"n":"VARCHAR"}}').n FROM {row}""",
    "the same beside a DECIMAL": f"""SELECT json_transform(j, '{{"n":"VARCHAR","x":"DECIMAL(9,0)"}}').n FROM {row}""",
    "json_transform to DECIMAL": f"""SELECT json_transform(j, '{{"n":"DECIMAL(38,9)"}}').n FROM {row}""",
    "read_json to DECIMAL": f"SELECT n FROM read_json('{path}', columns = {{n: 'DECIMAL(38,9)'}})",
}
exact, float_ = "12345678901234.123456789", "12345678901234.123"
expected = {
    "2.0.0": [float_, float_, exact, exact, "12345678901234.123145216"],
    "2.0.1": [float_, float_, float_, exact, exact],
}[version]
found = [str(database.execute(query).fetchone()[0]) for query in questions.values()]
for name, value in zip(questions, found):
    print(f"{version}  {name:28} {value}")
sys.exit(found != expected)
PYTHON
for version in 2.0.0 2.0.1; do
  python3 -m venv "$folder/$version"
  "$folder/$version/bin/pip" install --quiet --disable-pip-version-check "duckdb==$version"
  "$folder/$version/bin/python" "$folder/ask.py" "$folder/numbers.jsonl" "$version"
done
