#!/usr/bin/env bash
# LiteLLM computes the plain price for a call that Fireworks served in a dearer service tier.
#
# Guess:    The cost of a call is that of its service tier, if the price file has one: it does so for OpenAI.
# Version:  litellm 1.110.2 (PyPI), Python 3.11.
# Seen:     The file has input_cost_per_token_priority of 2.75e-07 beside 2.2e-07 for deepseek-v4-flash-0731 at
#           Fireworks. completion_cost(..., service_tier="priority") gives the plain $0.22 for a million
#           tokens. The package's cost_per_token for Fireworks takes no service tier, so it is dropped.
# Matters:  A bill that is compared with such a log is a quarter higher. The catalogue has the tier's price as
#           a rule; docs/CATALOG.md lists the difference.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install -q --disable-pip-version-check litellm==1.110.2
cat >look.py <<'PY'
import os

os.environ["LITELLM_LOCAL_MODEL_COST_MAP"] = "True"
import litellm
from litellm.types.utils import ModelResponse, Usage

NAME = "accounts/fireworks/models/deepseek-v4-flash-0731"
entry = litellm.model_cost["fireworks_ai/" + NAME]
print("file:", entry["input_cost_per_token"], "priority:", entry["input_cost_per_token_priority"])
for tier in (None, "priority"):
    answer = ModelResponse(model=NAME, usage=Usage(
        prompt_tokens=1_000_000, completion_tokens=0, total_tokens=1_000_000))
    cost = litellm.completion_cost(answer, model="fireworks_ai/" + NAME, service_tier=tier,
                                   custom_llm_provider="fireworks_ai")
    print("tier", tier, "costs", round(cost, 6))
PY
venv/bin/python look.py | tee seen
diff - seen <<'SEEN'
file: 2.2e-07 priority: 2.75e-07
tier None costs 0.22
tier priority costs 0.22
SEEN
