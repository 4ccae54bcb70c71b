#!/bin/sh
# What loaders make of the tap's numbers, by their own code: `make column-types`.
#
# Installs each loader in an environment of its own, in a temporary folder, hands it the
# schemas that the tap discovers with and without `use_singer_decimal`, and prints the
# type of each kind of column. No account is needed. Ends with 1 if a type is not what
# docs/loaders.md says.
set -eu

tap=$1
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
trap 'exit 1' HUP INT TERM

config='{"partner_center": {"auth": {"method": "bearer_token", "token": "none-is-needed"}}'
config="$config"', "use_singer_decimal": %s}'
for decimals in false true; do
  printf "$config" $decimals > "$folder/config.json"
  "$tap" --config "$folder/config.json" --discover > "$folder/$decimals.json" 2>/dev/null
done

cat > "$folder/types_of_snowflake.py" <<'PYTHON'
from snowflake.sqlalchemy.snowdialect import dialect
from target_snowflake.connector import SnowflakeConnector

connector = SnowflakeConnector(
    config={"account": "none", "user": "none", "password": "none", "database": "none"}
)


def column_type(name, part):
    return str(connector.to_sql_type(part).compile(dialect=dialect()))
PYTHON

cat > "$folder/types_of_bigquery.py" <<'PYTHON'
from target_bigquery.core import SchemaTranslator


def column_type(name, part):
    schema = {"type": "object", "properties": {name: part}}
    (field,) = SchemaTranslator(schema=schema, transforms={}).translated_schema
    inner = [f"{each.name} {each.field_type}" for each in field.fields]
    return f"{field.field_type}{inner or ''}"
PYTHON

cat > "$folder/show.py" <<'PYTHON'
import importlib
import json
import sys

loader, folder = sys.argv[1:3]
expected = dict(line.split("=") for line in sys.argv[3:])
sys.path.insert(0, folder)
column_type = importlib.import_module(f"types_of_{loader}").column_type
COLUMNS = {
    "totalPrice": ("orders", ["totalPrice"]),
    "line_count": ("orders", ["line_count"]),
    "price": ("order_line_items", ["pricing", "properties", "price"]),
}
wrong = 0
for decimals in ("false", "true"):
    with open(f"{folder}/{decimals}.json") as file:
        streams = {each["stream"]: each for each in json.load(file)["streams"]}
    for name, (stream, path) in COLUMNS.items():
        part = streams[stream]["schema"]["properties"]
        for key in path:
            part = part[key]
        found = column_type(name, part).upper().replace(" ", "")
        label = f"{name},{decimals}"
        wrong += found != expected[label]
        print(f"{loader:10} use_singer_decimal: {decimals:5} {stream}.{name}: {found}")
sys.exit(1 if wrong else 0)
PYTHON

# Loader, packages, and what is to come of each column.
show() {
  name=$1 packages=$2
  shift 2
  python3 -m venv "$folder/$name"
  # shellcheck disable=SC2086  # several packages
  "$folder/$name/bin/pip" install -qq --disable-pip-version-check $packages
  "$folder/$name/bin/python" -W ignore "$folder/show.py" "$name" "$folder" "$@"
}

show snowflake 'meltanolabs-target-snowflake==0.20.4' \
  totalPrice,false=FLOAT 'totalPrice,true=DECIMAL(38,9)' \
  line_count,false=DECIMAL line_count,true=DECIMAL \
  price,false=FLOAT 'price,true=DECIMAL(38,9)'
show bigquery 'z3-target-bigquery==0.7.2 setuptools<81' \
  totalPrice,false=FLOAT totalPrice,true=STRING \
  line_count,false=INTEGER line_count,true=INTEGER \
  price,false=FLOAT price,true=STRING
