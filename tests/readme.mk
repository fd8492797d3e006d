# ci: readme
# The README's tables: does each line of the verb table write that verb, does every test that is named exist?
readme:
	@/usr/bin/python3 tests/readme.py

.PHONY: readme
