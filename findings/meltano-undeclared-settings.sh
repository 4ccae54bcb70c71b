#!/bin/sh
# Meltano 4.4.1 passes no variable on for a setting that meltano.yml does not declare.
#
# A plugin of one's own (with a namespace, outside the Hub) has the settings that its entry
# lists. A value below `config` reaches the plugin whether it is listed or not, but the
# environment variable for the same setting is ignored without a word when it is not.
#
# Seen: with TARGET_X_DECLARED and TARGET_X_UNDECLARED set, `meltano config print` shows the
# first only; an undeclared one below `config` is shown.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv env
env/bin/pip install -qq --disable-pip-version-check meltano==4.4.1
cat > meltano.yml <<'YAML'
project_id: 00000000-0000-4000-8000-000000000001
send_anonymous_usage_stats: false
plugins:
  loaders:
    - name: target-x
      namespace: target_x
      executable: target-x
      settings:
        - {name: declared}
      config:
        undeclared_in_config: from meltano.yml
YAML
TARGET_X_DECLARED=yes TARGET_X_UNDECLARED=yes \
  env/bin/meltano --log-level=error config print target-x > settings.json 2> log.txt || { cat log.txt; exit 1; }
cat settings.json
env/bin/python - <<'PYTHON'
import json

settings = json.load(open("settings.json"))
assert settings == {"declared": "yes", "undeclared_in_config": "from meltano.yml"}, settings
PYTHON
