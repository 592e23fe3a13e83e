# Every target does its own set-up: a virtual environment in .venv with the versions of requirements-dev.txt.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
JAVASCRIPT := build/javascript/.installed
VSCODE := editors/vscode
NODE_READY := $(VSCODE)/node_modules/.ready
VSIX := build/padwan.vsix

.PHONY: demo test test-pythons fast check bench bench-jobs derive format lock vsix pictures site clean

demo: $(READY) ## The main job on the emulator, seen through a real language client
	$(BIN)/padwan-server demo

test: $(READY) $(JAVASCRIPT) ## All tests
	$(BIN)/python -m pytest -n 2 --dist loadfile --no-loadscope-reorder

test-pythons: $(READY) ## The package on each Python from 3.11 to 3.14 that this machine has
	$(BIN)/python -m pytest tests/pythons.py

fast: $(READY) ## The tests that take less than two minutes together
	$(BIN)/python -m pytest -n 2 --dist loadfile --no-loadscope-reorder -m "not slow"

check: $(READY) $(NODE_READY) ## Style, types, derived files that went stale, and the site
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/python docs/derive.py --check
	$(BIN)/python docs/website.py
	cd $(VSCODE) && npm run --silent check
	$(BIN)/python editors/lua_style.py --check

bench: $(READY) ## Measure against other language servers (needs npm), and write docs/reference/performance.md
	$(BIN)/python -m tests.benchmarks.run

bench-jobs: $(READY) ## Measure what grows with the number of prompts, and write docs/reference/scale.md
	$(BIN)/python -m pip install --quiet orjson
	$(BIN)/python -m tests.benchmarks.jobs

site: $(READY) ## The documents as a site, in build/site
	$(BIN)/python docs/website.py

derive: $(READY) ## Write again what derives from the operations table
	$(BIN)/python docs/derive.py

format: $(READY) $(NODE_READY) ## Let ruff, stylua and biome lay out the code
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .
	$(BIN)/python editors/lua_style.py
	cd $(VSCODE) && npm run --silent format

vsix: $(VSIX) ## The VS Code extension as a file to install

pictures: $(READY) ## Take the pictures of VS Code from its tests (needs Chromium)
	$(BIN)/python -m pytest tests/editors/vscode/test_page.py
	cp build/pictures/journey-results.png $(VSCODE)/media/walkthrough/results.png
	cp build/pictures/journey-running.png $(VSCODE)/media/walkthrough/run.png
	cp $(VSCODE)/media/walkthrough/results.png docs/pictures/vscode-results.png
	cp $(VSCODE)/media/walkthrough/run.png docs/pictures/vscode-run.png

lock: ## Take the newest versions that pyproject.toml allows
	rm -rf build/lock && $(PYTHON) -m venv build/lock
	build/lock/bin/python -m pip install --quiet --upgrade "pip>=25.1"
	build/lock/bin/python -m pip install --quiet . --group dev
	build/lock/bin/python -m pip freeze --exclude padwan-server > requirements-dev.txt

clean:
	rm -rf $(VENV) build dist $(VSCODE)/node_modules $(VSCODE)/dist $(VSCODE)/dist-test

# Not npm ci, which refuses where a mirror lacks the packages of other platforms; the lock file is kept to all the same.
$(NODE_READY): $(VSCODE)/package-lock.json
	cd $(VSCODE) && npm install --no-save --silent
	touch $(NODE_READY)

$(VSIX): $(NODE_READY) docs/reference/prompt-file.schema.json $(shell find $(VSCODE) -type f -not -path '*/node_modules/*' -not -path '*/dist*')
	mkdir -p build
	cd $(VSCODE) && npx --no vsce package --no-dependencies --allow-missing-repository --no-rewrite-relative-links \
	  --out ../../$(VSIX) > /dev/null

$(JAVASCRIPT): tests/javascript/package-lock.json | $(READY)
	$(BIN)/python -m tests.support.javascript

$(READY): pyproject.toml requirements-dev.txt
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements-dev.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --editable .
	touch $(READY)
